//! Devices: what a network computes on.
//!
//! A [`DeviceChoice`] is what a user writes (`flex`, `wgpu:1`, `cuda:0`); `DeviceChoice::open` turns it
//! into burn's device and tells apart a device that this build lacks (the error names the cargo feature)
//! from one that this machine lacks. No device is ever chosen by burn's default, which prefers whatever
//! the build happens to contain.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// What a network computes on, as the user names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The processor, through burn's `flex` backend: in every build.
    #[default]
    Flex,
    /// The processor, through burn's older `ndarray` backend.
    NdArray,
    /// A graphics processor through WGSL; the best one, or the n-th discrete one.
    Wgpu(Option<usize>),
    /// A software renderer through WGSL, such as lavapipe: for tests without a graphics processor.
    WgpuSoftware,
    /// A graphics processor through SPIR-V; the best one, or the n-th discrete one.
    Vulkan(Option<usize>),
    /// The n-th NVIDIA card through CUDA.
    Cuda(usize),
}

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The name is none of the known ones.
    #[error("`{found}` is not a device; expected one of {}", NAMES.join(", "))]
    Unknown {
        /// The name.
        found: String,
    },
    /// This build was made without it.
    #[error(
        "device `{device}` is not in this build; build with `--features {feature}` (this build has {})",
        list(&available())
    )]
    NotBuilt {
        /// The device.
        device: DeviceChoice,
        /// The cargo feature that brings it in.
        feature: &'static str,
    },
    /// This machine has no such device, or its driver fails.
    #[error("device `{device}` does not work on this machine: {reason}")]
    Unusable {
        /// The device.
        device: DeviceChoice,
        /// What the driver said.
        reason: String,
    },
}

/// The spellings of a device.
const NAMES: [&str; 6] =
    ["`flex`", "`ndarray`", "`wgpu[:n]`", "`wgpu:software`", "`vulkan[:n]`", "`cuda[:n]`"];

/// The devices that this build can use; whether the machine has them shows when they are opened.
pub fn available() -> Vec<DeviceChoice> {
    let mut all = vec![DeviceChoice::Flex];
    if cfg!(feature = "ndarray") {
        all.push(DeviceChoice::NdArray);
    }
    if cfg!(feature = "wgpu") {
        all.extend([DeviceChoice::Wgpu(None), DeviceChoice::WgpuSoftware]);
    }
    if cfg!(feature = "vulkan") {
        all.push(DeviceChoice::Vulkan(None));
    }
    if cfg!(feature = "cuda") {
        all.push(DeviceChoice::Cuda(0));
    }
    all
}

fn list(devices: &[DeviceChoice]) -> String {
    let names: Vec<String> = devices.iter().map(|device| format!("`{device}`")).collect();
    names.join(", ")
}

impl DeviceChoice {
    /// Whether it computes on the processor.
    pub fn is_processor(self) -> bool {
        matches!(self, Self::Flex | Self::NdArray)
    }

    /// What it is, in a few words.
    pub fn description(self) -> &'static str {
        match self {
            Self::Flex => "processor (burn flex)",
            Self::NdArray => "processor (burn ndarray, deprecated)",
            Self::Wgpu(_) => "graphics processor (WGSL)",
            Self::WgpuSoftware => "software renderer (WGSL)",
            Self::Vulkan(_) => "graphics processor (Vulkan, SPIR-V)",
            Self::Cuda(_) => "NVIDIA graphics processor (CUDA)",
        }
    }

    /// The cargo feature that brings it into a build; `None` for what every build has.
    pub fn feature(self) -> Option<&'static str> {
        match self {
            Self::Flex => None,
            Self::NdArray => Some("ndarray"),
            Self::Wgpu(_) | Self::WgpuSoftware => Some("wgpu"),
            Self::Vulkan(_) => Some("vulkan"),
            Self::Cuda(_) => Some("cuda"),
        }
    }

    /// Checks that this build has it, without touching the hardware.
    ///
    /// # Errors
    /// If the build lacks it.
    pub fn check_built(self) -> Result<(), DeviceError> {
        let built = match self {
            Self::Flex => true,
            Self::NdArray => cfg!(feature = "ndarray"),
            Self::Wgpu(_) | Self::WgpuSoftware => cfg!(feature = "wgpu"),
            Self::Vulkan(_) => cfg!(feature = "vulkan"),
            Self::Cuda(_) => cfg!(feature = "cuda"),
        };
        match self.feature() {
            Some(feature) if !built => Err(DeviceError::NotBuilt { device: self, feature }),
            _ => Ok(()),
        }
    }

    /// Opens it, without automatic differentiation, and sees that it computes.
    ///
    /// # Errors
    /// If the build or the machine lacks it.
    pub(crate) fn open(self) -> Result<Device, DeviceError> {
        self.check_built()?;
        match self {
            Self::Flex => Ok(Device::flex()),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "the older backend is asked for by name")]
            Self::NdArray => Ok(Device::ndarray()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu(index) => self.probe(Device::wgpu(kind(index))),
            #[cfg(feature = "wgpu")]
            Self::WgpuSoftware => self.probe(Device::wgpu(burn::tensor::DeviceKind::Cpu)),
            #[cfg(feature = "vulkan")]
            Self::Vulkan(index) => self.probe(Device::vulkan(kind(index))),
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => self.probe(Device::cuda(index)),
            #[cfg(not(all(
                feature = "ndarray",
                feature = "wgpu",
                feature = "vulkan",
                feature = "cuda"
            )))]
            _ => unreachable!("the build was checked for `{self}`"),
        }
    }

    /// Computes a sum on `device`; drivers fail by panicking at the first use.
    #[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
    fn probe(self, device: Device) -> Result<Device, DeviceError> {
        let unusable = |reason: String| DeviceError::Unusable { device: self, reason };
        let sum = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            burn::tensor::Tensor::<1>::from_floats([1.0, 2.0], &device)
                .sum()
                .try_into_scalar::<f32>()
        }));
        match sum {
            Ok(Ok(3.0)) => Ok(device),
            Ok(Ok(other)) => Err(unusable(format!("it computes 1 + 2 = {other}"))),
            Ok(Err(error)) => Err(unusable(error.to_string())),
            Err(panic) => Err(unusable(
                panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                    .unwrap_or_else(|| "its driver failed".to_owned()),
            )),
        }
    }
}

#[cfg(feature = "wgpu")]
fn kind(index: Option<usize>) -> burn::tensor::DeviceKind {
    index.map_or(burn::tensor::DeviceKind::DefaultDevice, burn::tensor::DeviceKind::DiscreteGpu)
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flex => formatter.write_str("flex"),
            Self::NdArray => formatter.write_str("ndarray"),
            Self::Wgpu(None) => formatter.write_str("wgpu"),
            Self::Wgpu(Some(index)) => write!(formatter, "wgpu:{index}"),
            Self::WgpuSoftware => formatter.write_str("wgpu:software"),
            Self::Vulkan(None) => formatter.write_str("vulkan"),
            Self::Vulkan(Some(index)) => write!(formatter, "vulkan:{index}"),
            Self::Cuda(index) => write!(formatter, "cuda:{index}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || DeviceError::Unknown { found: text.to_owned() };
        let (name, index) = match text.split_once(':') {
            None => (text, None),
            Some(("wgpu", "software")) => return Ok(Self::WgpuSoftware),
            Some((name, index)) => (name, Some(index.parse::<usize>().map_err(|_| unknown())?)),
        };
        match (name, index) {
            ("flex", None) => Ok(Self::Flex),
            ("ndarray", None) => Ok(Self::NdArray),
            ("wgpu", index) => Ok(Self::Wgpu(index)),
            ("vulkan", index) => Ok(Self::Vulkan(index)),
            ("cuda", index) => Ok(Self::Cuda(index.unwrap_or(0))),
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = DeviceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(device: DeviceChoice) -> Self {
        device.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read_back_as_it_is_written() {
        for text in ["flex", "ndarray", "wgpu", "wgpu:2", "wgpu:software", "vulkan:1", "cuda:3"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        for text in ["gpu", "flex:1", "wgpu:x", "cuda:-1", ""] {
            let error = text.parse::<DeviceChoice>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
            assert!(error.contains("`wgpu:software`"), "{error}");
        }
    }

    #[test]
    fn every_build_can_open_the_processor() {
        assert!(DeviceChoice::default().open().is_ok());
        assert!(available().contains(&DeviceChoice::Flex));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_that_the_build_lacks_names_the_feature() {
        let error = DeviceChoice::Cuda(0).open().unwrap_err().to_string();
        assert!(error.contains("--features cuda"), "{error}");
        assert!(error.contains("this build has `flex`"), "{error}");
    }
}
