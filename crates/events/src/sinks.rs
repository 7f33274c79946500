//! The services that events go to, a file for each.
