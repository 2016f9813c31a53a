//! From a name to burn's device.

use burn::tensor::Device;

use super::choice::DeviceChoice;
use super::error::DeviceError;

impl DeviceChoice {
    /// Opens it, without automatic differentiation, and sees that it computes.
    ///
    /// # Errors
    /// If the build or the machine lacks it, or its driver fails.
    pub(crate) fn open(self) -> Result<Device, DeviceError> {
        self.check_built()?;
        match self {
            Self::Flex => Ok(Device::flex()),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "the older backend is asked for by name")]
            Self::NdArray => Ok(Device::ndarray()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu(_) | Self::WgpuSoftware => self.probe(|| Ok(Device::wgpu(self.kind()?))),
            #[cfg(feature = "vulkan")]
            Self::Vulkan(_) => self.probe(|| Ok(Device::vulkan(self.kind()?))),
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => self.probe(|| Ok(Device::cuda(index))),
            #[cfg(not(all(
                feature = "ndarray",
                feature = "wgpu",
                feature = "vulkan",
                feature = "cuda"
            )))]
            _ => unreachable!("the build was checked for `{self}`"),
        }
    }

    /// What burn calls the adapter.
    #[cfg(feature = "wgpu")]
    fn kind(self) -> Result<burn::tensor::DeviceKind, DeviceError> {
        super::adapters::kind_of(self)
            .ok_or_else(|| DeviceError::Missing { device: self, found: super::found() })
    }

    /// Computes a sum on the device: drivers fail at the first use.
    #[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
    fn probe(
        self,
        open: impl FnOnce() -> Result<Device, DeviceError>,
    ) -> Result<Device, DeviceError> {
        let unusable = |reason: String| DeviceError::Unusable { device: self, reason };
        let probed = super::guarded(false, || {
            let device = open()?;
            let numbers = burn::tensor::Tensor::<1>::from_floats([1.0, 2.0], &device);
            match numbers.sum().try_into_scalar::<f32>() {
                Ok(3.0) => Ok(device),
                Ok(other) => Err(unusable(format!("it computes 1 + 2 = {other}"))),
                Err(error) => Err(unusable(error.to_string())),
            }
        });
        probed.unwrap_or_else(|failure| Err(unusable(failure.reason)))
    }
}

/// Whether `device` is the processor.
pub(crate) fn is_processor(device: &Device) -> bool {
    #[cfg(feature = "ndarray")]
    #[expect(deprecated, reason = "the older backend is asked for by name")]
    if *device == Device::ndarray() {
        return true;
    }
    *device == Device::flex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_build_can_open_the_processor() {
        assert!(is_processor(&DeviceChoice::default().open().unwrap()));
    }

    #[cfg(feature = "wgpu")]
    #[test]
    fn a_graphics_processor_that_is_not_there_is_answered_with_what_is() {
        let error = DeviceChoice::Wgpu(Some(99)).open().unwrap_err().to_string();
        assert!(error.contains("no device `wgpu:99`") && error.contains("`flex`"), "{error}");
    }
}
