//! The names of devices, as users write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::DeviceError;

/// What a network computes on, as the user names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The processor, through burn's `flex` backend: in every build.
    #[default]
    Flex,
    /// The processor, through burn's older `ndarray` backend.
    NdArray,
    /// A graphics processor through WGSL (through SPIR-V in a build that has `vulkan`); the best one, or the n-th.
    Wgpu(Option<usize>),
    /// A software renderer through WGSL, such as lavapipe: for tests without a graphics processor.
    WgpuSoftware,
    /// A graphics processor through SPIR-V; the best one, or the n-th.
    Vulkan(Option<usize>),
    /// The n-th NVIDIA card through CUDA.
    Cuda(usize),
}

impl DeviceChoice {
    /// The spellings of all devices.
    pub(super) const SPELLINGS: [&'static str; 6] =
        ["`flex`", "`ndarray`", "`wgpu[:n]`", "`wgpu:software`", "`vulkan[:n]`", "`cuda[:n]`"];

    /// Whether it computes on the processor.
    pub fn is_processor(self) -> bool {
        matches!(self, Self::Flex | Self::NdArray)
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
        match self.feature() {
            Some(feature) if !built().contains(&feature) => {
                Err(DeviceError::NotBuilt { device: self, feature, built: built() })
            }
            _ => Ok(()),
        }
    }
}

/// The cargo features of this build that bring devices in.
fn built() -> Vec<&'static str> {
    let features = [
        ("ndarray", cfg!(feature = "ndarray")),
        ("wgpu", cfg!(feature = "wgpu")),
        ("vulkan", cfg!(feature = "vulkan")),
        ("cuda", cfg!(feature = "cuda")),
    ];
    features.into_iter().filter(|(_, built)| *built).map(|(name, _)| name).collect()
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

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_that_the_build_lacks_names_the_feature() {
        let error = DeviceChoice::Cuda(0).check_built().unwrap_err().to_string();
        assert!(error.contains("--features cuda"), "{error}");
        assert!(error.contains("this build has `flex`"), "{error}");
    }
}
