//! Why a device cannot be used.

use super::choice::DeviceChoice;
use super::found::FoundDevice;

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The name is none of the known ones.
    #[error("`{found}` is not a device; expected one of {}", DeviceChoice::SPELLINGS.join(", "))]
    Unknown {
        /// The name.
        found: String,
    },
    /// This build was made without it.
    #[error(
        "device `{device}` is not in this build; build with `--features {feature}` (this build has \
         `flex`{})",
        .built.iter().map(|feature| format!(", `{feature}`")).collect::<String>()
    )]
    NotBuilt {
        /// The device.
        device: DeviceChoice,
        /// The cargo feature that brings it in.
        feature: &'static str,
        /// The cargo features that this build has.
        built: Vec<&'static str>,
    },
    /// This machine has no such device.
    #[error("there is no device `{device}` on this machine; it has {}", list(.found))]
    Missing {
        /// The device.
        device: DeviceChoice,
        /// The devices that are there.
        found: Vec<FoundDevice>,
    },
    /// The load of a device is no number of patches.
    #[error("`{found}` is not a number of patches; expected 1 or more, or `auto`")]
    Load {
        /// What was given.
        found: String,
    },
    /// The device is there, and its driver fails.
    #[error("device `{device}` does not work on this machine: {reason}")]
    Unusable {
        /// The device.
        device: DeviceChoice,
        /// What the driver said.
        reason: String,
    },
}

fn list(found: &[FoundDevice]) -> String {
    let names = found.iter().map(|device| format!("`{}` ({})", device.choice, device.name));
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_device_is_answered_with_those_that_are_there() {
        let found = vec![FoundDevice {
            choice: DeviceChoice::Flex,
            name: "2 threads".to_owned(),
            through: "burn flex".to_owned(),
            largest_buffer: None,
        }];
        let device = DeviceChoice::Wgpu(Some(3));
        let error = DeviceError::Missing { device, found }.to_string();
        assert_eq!(error, "there is no device `wgpu:3` on this machine; it has `flex` (2 threads)");
    }
}
