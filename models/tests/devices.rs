//! Networks on a software renderer, as they run on any graphics processor: built with the feature `wgpu` alone.
//!
//! `cargo test --workspace --features wgpu --test devices`; on Debian `mesa-vulkan-drivers` and `libvulkan1` bring the
//! renderer (lavapipe) in.

// `cfg(test)` always holds here; it tells clippy that helper functions are part of tests, too.
#[cfg(test)]
mod on_lavapipe {
    use tesela_datasets::class::{ClassId, ClassMap, Label};
    use tesela_datasets::config::Problems;
    use tesela_datasets::memory::MemorySource;
    use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
    use tesela_datasets::pixel::{PixelDefinition, Product};
    use tesela_datasets::random::{below, generator};
    use tesela_models::classifier::Unobserved;
    use tesela_models::config::{FitSettings, RawModelConfig};
    use tesela_models::device::{DeviceChoice, DeviceLoad, found};
    use tesela_models::lenet::RawLenet;
    use tesela_models::parity::{PARITY_LIMIT, check_device};
    use tesela_models::{Classifier, Fit, FitError, Probabilities};

    /// Patches of six bands, 33 × 33 pixels; those of class 1 are brighter in a corner.
    fn patches(count: usize, seed: u64) -> MemorySource {
        let shape = PatchShape { bands: 6, height: 33, width: 33 };
        let mut draws = generator(seed, &[]);
        let mut samples = Vec::new();
        for index in 0..count {
            for sample in 0..shape.samples() {
                let pixel = sample % shape.pixels();
                let corner = pixel / 33 < 16 && pixel % 33 < 16 && index % 2 == 1;
                let value = 1000 + below(&mut draws, 500) + if corner { 1500 } else { 0 };
                samples.push(i16::try_from(value).unwrap());
            }
        }
        let batch = PatchBatch {
            shape,
            samples: Samples::Int16(samples),
            used: (0..count * shape.pixels()).map(|pixel| pixel % 41 != 3).collect(),
            labels: (0..count).map(|index| Label::Class(ClassId::new(index % 2))).collect(),
            positions: (0..).take(count).collect(),
        };
        let pixel = PixelDefinition::of_product(Product::C1);
        let input = PatchDefinition { shape, sample_type: SampleType::Int16, pixel };
        MemorySource::new(input, ClassMap::new(["dark", "bright"]).unwrap(), batch).unwrap()
    }

    fn fit(device: &str, count: usize, batch_size: u64) -> Result<Box<dyn Classifier>, FitError> {
        recipe(device, batch_size, 3).fit(&patches(count, 1), &patches(0, 2), &mut Unobserved)
    }

    fn recipe(device: &str, batch_size: u64, epochs: u64) -> Box<dyn Fit> {
        recipe_of(device, batch_size, epochs, DeviceLoad::Whole)
    }

    fn recipe_of(device: &str, batch_size: u64, epochs: u64, load: DeviceLoad) -> Box<dyn Fit> {
        let raw = RawLenet { epochs, batch_size, validation_share: 0.0, ..RawLenet::default() };
        let mut problems = Problems::new();
        let checked = RawModelConfig::Lenet(raw).check(&mut problems);
        let settings = FitSettings {
            threads: Some(2),
            device: device.to_owned(),
            load,
            ..FitSettings::new(1)
        };
        problems.finish(checked).unwrap().recipe(&settings)
    }

    fn predict(model: &dyn Classifier) -> Probabilities {
        model.predict_source(&patches(20, 3), &mut |_| true).unwrap()
    }

    #[test]
    fn the_renderer_is_found_with_its_limits() {
        let all = found();
        let software = all.iter().find(|device| device.choice == DeviceChoice::WgpuSoftware);
        let software = software.expect("mesa-vulkan-drivers is installed");
        assert!(software.name.contains("llvmpipe"), "{software:?}");
        assert!(software.through.contains("Vulkan, WGSL"), "{software:?}");
        assert!(software.largest_buffer.unwrap() >= 128 << 20, "{software:?}");
    }

    #[test]
    fn every_network_computes_what_the_processor_computes() {
        for parity in check_device(DeviceChoice::WgpuSoftware, &mut || ()).unwrap() {
            let worst = parity.worst().unwrap();
            let (network, patches) = (parity.network.as_str(), parity.patches);
            assert!(parity.is_kept(), "{network}, {patches}: {worst:?}, allowed {PARITY_LIMIT}");
        }
    }

    #[test]
    fn a_network_trained_there_is_the_one_trained_on_the_processor() {
        let (there, here) = (fit("wgpu:software", 32, 16).unwrap(), fit("flex", 32, 16).unwrap());
        let (there, here) = (predict(&*there), predict(&*here));
        for (index, (there, here)) in there.rows().zip(here.rows()).enumerate() {
            assert!((there[1] - here[1]).abs() < 1e-3, "{index}: {there:?} {here:?}");
            assert_eq!(here[1] > 0.5, index % 2 == 1, "{index}: {here:?}");
        }
    }

    #[test]
    fn a_batch_that_is_too_large_is_named() {
        let settings = "wgpu:software";
        let failed = fit(settings, 61, 61).err().expect("lavapipe ends loops");
        let text = failed.to_string();
        assert!(text.contains("right for at most 60 patches of 33 × 33 pixels"), "{text}");
        assert!(text.contains("the batch has 61 (`--batch auto`"), "{text}");
        assert!(text.contains("`wgpu:software`"), "{text}");
        // The device lives on.
        assert!(fit(settings, 8, 8).is_ok());
    }

    #[test]
    fn a_batch_in_parts_teaches_what_the_whole_does() {
        let fit = |device, load| {
            let source = patches(130, 1);
            recipe_of(device, 130, 1, load).fit(&source, &patches(0, 2), &mut Unobserved).unwrap()
        };
        let here = predict(&*fit("flex", DeviceLoad::Whole));
        for (device, load) in [
            ("flex", DeviceLoad::AtMost(17)),
            ("wgpu:software", DeviceLoad::AtMost(50)),
            ("wgpu:software", DeviceLoad::Auto),
        ] {
            let there = predict(&*fit(device, load));
            for (there, here) in there.rows().zip(here.rows()) {
                assert!((there[1] - here[1]).abs() < 1e-3, "{load}: {there:?} {here:?}");
            }
        }
    }

    #[test]
    fn a_graphics_processor_that_is_not_there_is_answered_with_what_is() {
        let text = fit("wgpu:9", 8, 8).err().unwrap().to_string();
        assert!(text.contains("there is no device `wgpu:9` on this machine"), "{text}");
        assert!(text.contains("`flex`") && text.contains("`wgpu:software`"), "{text}");
    }
}
