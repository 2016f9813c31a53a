//! The devices that this machine has and this build can use.

#[cfg(feature = "wgpu")]
use super::adapters::found as graphics;
use super::choice::DeviceChoice;

/// A device that this machine has and this build can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDevice {
    /// How to name it.
    pub choice: DeviceChoice,
    /// What it calls itself.
    pub name: String,
    /// What lies between the network and it: library, interface, driver.
    pub through: String,
    /// The largest buffer in bytes, where there is a limit below that of memory.
    pub largest_buffer: Option<u64>,
}

/// The devices that this machine has and this build can use, in the order of their names; the processor first.
///
/// Graphics processors are asked for their names and limits; nothing is computed.
pub fn found() -> Vec<FoundDevice> {
    [processors(), graphics(), cards()].concat()
}

fn processors() -> Vec<FoundDevice> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = |choice, through: &str| FoundDevice {
        choice,
        name: format!("processor, {threads} threads"),
        through: through.to_owned(),
        largest_buffer: None,
    };
    let mut found = vec![processor(DeviceChoice::Flex, "burn flex")];
    if cfg!(feature = "ndarray") {
        found.push(processor(DeviceChoice::NdArray, "burn ndarray, deprecated"));
    }
    found
}

#[cfg(not(feature = "wgpu"))]
fn graphics() -> Vec<FoundDevice> {
    Vec::new()
}

#[cfg(not(feature = "cuda"))]
fn cards() -> Vec<FoundDevice> {
    Vec::new()
}

#[cfg(feature = "cuda")]
fn cards() -> Vec<FoundDevice> {
    let devices = burn::tensor::Device::enumerate(burn::tensor::DeviceType::Cuda);
    let card = |(index, device): (usize, burn::tensor::Device)| FoundDevice {
        choice: DeviceChoice::Cuda(index),
        name: device.identity().map_or_else(|| "NVIDIA card".to_owned(), |card| card.name),
        through: "CUDA".to_owned(),
        largest_buffer: None,
    };
    devices.into_iter().enumerate().map(card).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there_and_comes_first() {
        let found = found();
        assert_eq!(found[0].choice, DeviceChoice::Flex);
        assert!(found[0].name.contains("threads"));
        assert!(found.iter().all(|device| device.choice.check_built().is_ok()));
    }
}
