//! The API as callers meet it, over a gateway that is made up.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod conversations;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod grading;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod login;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod stats;
