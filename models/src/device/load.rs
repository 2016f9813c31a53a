//! The load: how many patches of a batch are on the device at a time.
//!
//! A step of the optimiser sees its whole batch either way; where a device takes it in parts, their gradients are
//! added up before the step, which agrees but for rounding. Only a batch norm tells the difference, for it norms what it
//! sees at a time. How much fits is a matter of the device, so it is no part of an experiment.

use std::fmt;
use std::str::FromStr;

use super::{DeviceChoice, DeviceError};

/// The most turns that lavapipe's kernels take in all loops together: Mesa's llvmpipe leaves a loop after so many, without a
/// word (`LP_MAX_TGSI_LOOP_ITERATIONS`, `src/gallium/auxiliary/gallivm/lp_bld_limits.h`). Sums over the pixels of a batch,
/// which gradients and batch norms are made of, would miss what comes after.
const MOST_TURNS: usize = 65_535;

/// How many patches of a batch are on the device at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceLoad {
    /// The whole batch.
    #[default]
    Whole,
    /// So many at most, one at least.
    AtMost(usize),
    /// As many as fit: the whole batch, or a half of it, or a third, and so on.
    Auto,
}

impl FromStr for DeviceLoad {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(count @ 1..)) => Ok(Self::AtMost(count)),
            _ => Err(DeviceError::Load { found: text.to_owned() }),
        }
    }
}

impl fmt::Display for DeviceLoad {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => formatter.write_str("whole"),
            Self::AtMost(count) => count.fmt(formatter),
            Self::Auto => formatter.write_str("auto"),
        }
    }
}

impl DeviceChoice {
    /// The most patches of `pixels` pixels that can be trained on at a time, where the kind of device sets a limit, whatever
    /// its memory.
    pub fn most_patches(self, pixels: usize) -> Option<usize> {
        (self == Self::WgpuSoftware).then(|| (MOST_TURNS / pixels.max(1)).max(1))
    }
}

/// The sizes of the parts to try for a batch of `batch` patches, of which at most `most` can be taken at a time, the largest
/// first: the batch in one part, in two, in three, and from there on in twice as many.
pub(crate) fn sizes_to_try(batch: usize, most: usize) -> impl Iterator<Item = usize> {
    let counts = [1, 2, 3].into_iter().chain((2..).map_while(|power| 1_usize.checked_shl(power)));
    let sizes = counts.map(move |count| batch.div_ceil(count)).filter(move |&size| size <= most);
    // A single patch is the last to try; a limit below one cannot be.
    let mut ended = false;
    sizes.take_while(move |&size| !std::mem::replace(&mut ended, size <= 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_a_number_or_auto() {
        assert_eq!("auto".parse::<DeviceLoad>().unwrap(), DeviceLoad::Auto);
        assert_eq!("64".parse::<DeviceLoad>().unwrap(), DeviceLoad::AtMost(64));
        for wrong in ["0", "-1", "all", "", "1.5"] {
            let error = wrong.parse::<DeviceLoad>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{wrong}`")) && error.contains("`auto`"), "{error}");
        }
    }

    #[test]
    fn parts_become_smaller_down_to_a_single_patch() {
        let sizes = |batch, most| sizes_to_try(batch, most).collect::<Vec<_>>();
        assert_eq!(sizes(100, 100), [100, 50, 34, 25, 13, 7, 4, 2, 1]);
        assert_eq!(sizes(128, 60), [43, 32, 16, 8, 4, 2, 1]);
        assert_eq!(sizes(1, 60), [1]);
    }

    #[test]
    fn software_renderers_alone_have_a_limit() {
        assert_eq!(DeviceChoice::WgpuSoftware.most_patches(33 * 33), Some(60));
        assert_eq!(DeviceChoice::WgpuSoftware.most_patches(1 << 20), Some(1));
        assert_eq!(DeviceChoice::Wgpu(None).most_patches(33 * 33), None);
        assert_eq!(DeviceChoice::Flex.most_patches(33 * 33), None);
    }
}
