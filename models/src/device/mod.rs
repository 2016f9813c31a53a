//! Devices: what a network computes on.
//!
//! A [`DeviceChoice`] is what a user writes (`flex`, `wgpu:1`, `cuda:0`). `DeviceChoice::open` turns it into burn's
//! device and tells apart a device that this build lacks (the error names the cargo feature) from one that this
//! machine lacks (the error lists those that it has). No device is ever chosen by burn's default, which prefers
//! whatever the build happens to contain; a software renderer is taken only where it is named.
//!
//! Start with [`found()`] for the devices of this machine.

#[cfg(feature = "wgpu")]
mod adapters;
mod choice;
mod error;
mod found;
mod guard;
mod load;
mod opening;

pub use choice::DeviceChoice;
pub use error::DeviceError;
pub use found::{FoundDevice, found};
pub(crate) use guard::{fail, guarded};
pub use load::DeviceLoad;
pub(crate) use load::sizes_to_try;
pub(crate) use opening::is_processor;
