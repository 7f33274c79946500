//! The recorder and the reader over real files.

#[cfg(test)]
mod basics;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod captures;
#[cfg(test)]
mod control;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod families;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod find;
#[cfg(test)]
mod grades;
#[cfg(test)]
mod growth;
#[cfg(test)]
mod money;
#[cfg(test)]
mod names;
#[cfg(test)]
mod quotas;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod removal;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod shared;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod support;
#[cfg(test)]
mod words;
