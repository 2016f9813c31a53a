//! Simulated countries: imagery, grid and truth from a seed, as hard as the real thing.
//!
//! A country is land, settlement, roads and fields, mixed inside each pixel from a small library of spectra
//! and seen through air and optics. What the [`Census`] knows about its cells is less than the truth. Any window can be drawn by
//! itself, so a nation takes no more memory than a village.
//!
//! Start with [`RawCountry`], [`Country`] and [`simulate`].

mod bins;
mod boundary;
mod census;
mod config;
mod country;
mod frame;
mod given_towns;
mod land;
mod noise;
mod overview;
mod parcels;
mod roads;
mod scene;
mod sensor;
mod spectra;
mod tables;
mod towns;
mod write;

pub use census::{Census, Surveyed};
pub use config::{CountryConfig, RawCountry};
pub use country::{Country, Drawn};
pub use given_towns::GivenTownsError;
pub use tables::TableError;
pub use write::{SimulateError, Simulated, simulate};
