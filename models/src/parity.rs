//! Parity: whether a device computes what the processor computes.
//!
//! Each network sees the same patches with the same weights on both, and its logits, its loss and the gradient of every
//! tensor are compared; so are the input planes, which graphics processors make themselves. A deviation is the
//! largest difference of a quantity, as a share of its largest number on the processor. The gradient of a tensor that
//! hardly matters (a bias before a norm has none at all) is measured against a thousandth of the largest gradient.
//!
//! A handful of patches finds wrong kernels. Sums over many patches go wrong in other ways (a kernel that is cut off, say), so
//! a batch of the usual size is compared as well: the same patches again and again, whose mean loss and gradients are those of
//! the handful.
//!
//! Where one of a network's million maxima and rectified units is decided by rounding, gradients move by more than any limit.
//! So a deviation beyond it is looked at again with other patches and other weights: chance goes away, a wrong kernel stays.

use tesela_datasets::config::Problems;

use crate::config::{ModelConfig, RawModelConfig};
use crate::device::{DeviceChoice, DeviceError, guarded};
use crate::lenet::RawLenet;
use crate::network::ShapeError;
use crate::network::parity::{
    PATCHES, Quantities, Seen, deviation, largest, lesson_on, planes_on, planes_on_host,
};
use crate::resnet::RawResnet;

/// The largest deviation that counts as the same.
///
/// Sums over thousands of products in single precision, in another order, differ by some 1e-6 to 1e-5 of their largest
/// number; a wrong kernel by 1e-2 and more.
pub const PARITY_LIMIT: f64 = 1e-3;

/// What the name of a network with dropout says. Each patch of a batch loses other units, so it is compared in the small batch.
const DROPOUT: &str = "dropout";
/// The share of the largest gradient below which a gradient hardly matters.
const NEGLIGIBLE: f64 = 1e-3;

/// About how many patches the large batch has: what experiments use by default.
const LARGE: usize = 128;
/// The origins of what is drawn, one after the other.
const SEEDS: [u64; 3] = [20, 21, 22];
/// Rows times columns of a patch.
const PIXELS: usize = 33 * 33;

/// How far a device is from the processor for one network.
#[derive(Debug, Clone, PartialEq)]
pub struct Parity {
    /// Patches of the batch.
    pub patches: usize,
    /// The network.
    pub network: String,
    /// Deviation of each quantity: the input planes, the logits, the loss, and the gradients by name of tensor.
    pub deviations: Vec<Deviation>,
}

/// How far one quantity is from that of the processor.
#[derive(Debug, Clone, PartialEq)]
pub struct Deviation {
    /// The quantity.
    pub quantity: String,
    /// The largest difference, as a share of the largest number.
    pub largest: f64,
}

impl Parity {
    /// Whether no deviation is beyond [`PARITY_LIMIT`].
    pub fn is_kept(&self) -> bool {
        self.deviations.iter().all(Deviation::is_kept)
    }

    /// The deviation of `quantity`, where it was compared.
    pub fn of(&self, quantity: &str) -> Option<&Deviation> {
        self.deviations.iter().find(|deviation| deviation.quantity == quantity)
    }

    /// The largest deviation of all.
    pub fn worst(&self) -> Option<&Deviation> {
        worst(self.deviations.iter())
    }

    /// The largest deviation of the gradients.
    pub fn worst_gradient(&self) -> Option<&Deviation> {
        worst(self.deviations.iter().filter(|deviation| is_gradient(&deviation.quantity)))
    }
}

impl Deviation {
    fn is_kept(&self) -> bool {
        self.largest <= PARITY_LIMIT
    }
}

fn worst<'a>(deviations: impl Iterator<Item = &'a Deviation>) -> Option<&'a Deviation> {
    deviations.max_by(|a, b| a.largest.total_cmp(&b.largest))
}

/// Compares `device` with the processor, network by network; `done` hears of each.
///
/// On `flex` itself, burn's own kernels are compared with the faster way that networks have there.
///
/// # Errors
/// If the device cannot be used, or fails.
pub fn check_device(
    device: DeviceChoice,
    done: &mut dyn FnMut(),
) -> Result<Vec<Parity>, DeviceError> {
    let opened = device.open()?;
    let processor = DeviceChoice::Flex.open()?;
    let failed = |reason| DeviceError::Unusable { device, reason };
    let large = device.most_patches(PIXELS).unwrap_or(LARGE).min(LARGE) / PATCHES;
    let mut all = Vec::new();
    for (network, config) in networks() {
        let has_dropout = network.contains(DROPOUT);
        let config = config.network().expect("networks are listed");
        for times in [1, large].into_iter().filter(|&times| times == 1 || !has_dropout) {
            let look = |seed| {
                let seen = Seen { seed, times };
                let compute =
                    || Ok((planes_on(&opened, seed), lesson_on(config, None, &opened, seen)?));
                let found = guarded(device.is_processor(), compute)
                    .map_err(|failure| failed(failure.reason))?
                    .map_err(|error: ShapeError| failed(error.to_string()))?;
                let once = Seen { seed, times: 1 };
                let expected = lesson_on(config, Some(DeviceChoice::Flex), &processor, once)
                    .map_err(|error| failed(error.to_string()))?;
                Ok(compare(found, &(planes_on_host(seed), expected)))
            };
            let (network, patches) = (network.to_owned(), times * PATCHES);
            all.push(Parity { network, patches, deviations: least(look)? });
            done();
        }
    }
    Ok(all)
}

/// The deviations that `look` finds with one seed, or the least of each that it finds with several.
fn least(
    mut look: impl FnMut(u64) -> Result<Vec<Deviation>, DeviceError>,
) -> Result<Vec<Deviation>, DeviceError> {
    let mut all = look(SEEDS[0])?;
    for &seed in &SEEDS[1..] {
        if all.iter().all(Deviation::is_kept) {
            break;
        }
        for (own, other) in all.iter_mut().zip(look(seed)?) {
            own.largest = own.largest.min(other.largest);
        }
    }
    Ok(all)
}

/// The deviations of the planes and of all quantities.
fn compare(found: (Vec<f32>, Quantities), expected: &(Vec<f32>, Quantities)) -> Vec<Deviation> {
    let ((planes, found), (expected_planes, expected)) = (found, expected);
    let gradients = expected.iter().filter(|(quantity, _)| is_gradient(quantity));
    let most = gradients.map(|(_, values)| largest(values)).fold(0.0, f64::max);
    let largest_of_planes = deviation(&planes, expected_planes, 0.0);
    let mut deviations =
        vec![Deviation { quantity: "planes".to_owned(), largest: largest_of_planes }];
    for ((quantity, found), (_, expected)) in found.into_iter().zip(expected) {
        let floor = if is_gradient(&quantity) { NEGLIGIBLE * most } else { 0.0 };
        deviations.push(Deviation { largest: deviation(&found, expected, floor), quantity });
    }
    deviations
}

/// Whether `quantity` is the gradient of a tensor: their names have a layer and a part.
fn is_gradient(quantity: &str) -> bool {
    quantity.contains('.')
}

/// The networks that are compared, with the options that bring other layers in.
fn networks() -> Vec<(&'static str, ModelConfig)> {
    let lenet = RawLenet::default();
    let normed = RawLenet { batch_norm: true, dropout: 0.5, ..RawLenet::default() };
    let raw = [
        ("lenet", RawModelConfig::Lenet(lenet)),
        ("lenet, batch norm, dropout", RawModelConfig::Lenet(normed)),
        ("resnet", RawModelConfig::Resnet(RawResnet::default())),
    ];
    let check = |(name, raw): (&'static str, RawModelConfig)| {
        raw.check(&mut Problems::new()).map(|config| (name, config))
    };
    raw.into_iter().filter_map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_network_is_compared_on_the_processor() {
        let all = check_device(DeviceChoice::Flex, &mut || ()).unwrap();
        assert_eq!(all.len(), 5);
        assert!(all.iter().any(|parity| parity.patches > 100));
        for parity in &all {
            assert!(parity.is_kept(), "{parity:?}");
            assert!(parity.of("logits").is_some() && parity.of("loss").is_some());
            assert!(parity.worst_gradient().is_some());
        }
        assert!(all[0].of("conv1.weight").is_some());
    }

    #[test]
    fn a_deviation_beyond_the_limit_is_found() {
        let deviation =
            |quantity: &str, largest| Deviation { quantity: quantity.to_owned(), largest };
        let deviations = vec![deviation("logits", 1e-6), deviation("dense.weight", 2e-3)];
        let parity = Parity { network: "x".to_owned(), patches: 6, deviations };
        assert!(!parity.is_kept());
        assert_eq!(parity.worst_gradient().unwrap().quantity, "dense.weight");
    }
}
