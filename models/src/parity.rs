//! Parity: whether a device computes what the processor computes.
//!
//! Each network sees the same patches with the same weights on both, and its logits, its loss and the gradient of every
//! tensor are compared; so are the input planes, which graphics processors make themselves. A deviation is the
//! largest difference of a quantity, as a share of its largest number on the processor. The gradient of a tensor that
//! hardly matters (a bias before a norm has none at all) is measured against a thousandth of the largest gradient.

use tesela_datasets::config::Problems;

use crate::config::{ModelConfig, RawModelConfig};
use crate::device::{DeviceChoice, DeviceError, guarded};
use crate::lenet::RawLenet;
use crate::network::parity::{
    Quantities, deviation, largest, lesson_of_burn, lesson_on, planes_on, planes_on_host,
};
use crate::resnet::RawResnet;

/// The largest deviation that counts as the same.
///
/// Sums over thousands of products in single precision, in another order, differ by some 1e-6 to 1e-5 of their largest
/// number; a wrong kernel by 1e-2 and more.
pub const PARITY_LIMIT: f64 = 1e-3;

/// The share of the largest gradient below which a gradient hardly matters.
const NEGLIGIBLE: f64 = 1e-3;

/// How far a device is from the processor for one network.
#[derive(Debug, Clone, PartialEq)]
pub struct Parity {
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
        self.deviations.iter().all(|deviation| deviation.largest <= PARITY_LIMIT)
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
    let expected_planes = planes_on_host();
    let mut all = Vec::new();
    for (network, config) in networks() {
        let config = config.network().expect("networks are listed");
        let compute = || Ok((planes_on(&opened), lesson_of_burn(config, &opened)?));
        let (planes, found) = guarded(device.is_processor(), compute)
            .map_err(|failure| failed(failure.reason))?
            .map_err(|error: crate::network::ShapeError| failed(error.to_string()))?;
        let expected = lesson_on(config, DeviceChoice::Flex, &processor)
            .map_err(|error| failed(error.to_string()))?;
        let mut deviations = vec![Deviation {
            quantity: "planes".to_owned(),
            largest: deviation(&planes, &expected_planes, 0.0),
        }];
        deviations.extend(compare(found, &expected));
        all.push(Parity { network: network.to_owned(), deviations });
        done();
    }
    Ok(all)
}

/// The deviations of all quantities.
fn compare(found: Quantities, expected: &Quantities) -> Vec<Deviation> {
    let gradients = expected.iter().filter(|(quantity, _)| is_gradient(quantity));
    let most = gradients.map(|(_, values)| largest(values)).fold(0.0, f64::max);
    let mut deviations = Vec::new();
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
        assert_eq!(all.len(), 3);
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
        let parity = Parity { network: "x".to_owned(), deviations };
        assert!(!parity.is_kept());
        assert_eq!(parity.worst_gradient().unwrap().quantity, "dense.weight");
    }
}
