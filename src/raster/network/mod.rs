//! Files that lie on servers: their names, GDAL's settings for networks, and patience where a network fails.
//!
//! `http://…`, `https://…`, `s3://…`, `gs://…` and `az://…` are read in place, through GDAL's virtual file systems
//! (`/vsicurl/`, `/vsis3/`, `/vsigs/`, `/vsiaz/`), whose own names work as well, as does `/vsizip/`. What GDAL is told about
//! networks stands in `settings`; a variable of the environment that sets one of these has the last word.

mod advice;
mod failure;
mod names;
mod patience;
#[cfg(test)]
mod server;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use advice::{advice, is_passing};
pub(crate) use failure::{NetworkFailure, forget};
pub(crate) use names::{gdal_name, is_remote};
pub(crate) use patience::Patience;
pub(crate) use settings::{prepare_for_networks, without_listing};
