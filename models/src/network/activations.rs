//! Activations: what each layer makes of a few held-back patches, for whoever watches a training.
//!
//! The patches are the same in each epoch, spread evenly over those that validate, so that a change is one of the
//! network. They go the way of burn on every device: trunks on the processor show nothing on their way.

use super::computation::Computation;
use super::layout::Layout;
use super::parameters::Parameters;
use super::pipeline::Pipeline;
use crate::classifier::FitError;
use crate::histogram::Histogram;

/// How many patches are looked at, at most: few enough for the buffers of every device.
const PATCHES: usize = 16;

/// How what each layer makes of some patches of `pipeline` is spread, in the order of the layers; nothing where there
/// are no patches.
pub(crate) fn activations(
    computation: Computation<'_>,
    parameters: &Parameters,
    pipeline: &Pipeline<'_>,
) -> Result<Vec<Histogram>, FitError> {
    let few = Pipeline { layout: Layout::PlanesFirst, batch_size: PATCHES, ..*pipeline };
    let mut found = Vec::new();
    few.run(&spread(few.source.len()), 0, 0, |batch| -> Result<(), FitError> {
        found = computation.activations(parameters, batch);
        Ok(())
    })?;
    let layers = computation.network.layers();
    found.sort_by_key(|own: &Histogram| layers.iter().position(|layer| layer.name == own.name));
    Ok(found)
}

/// At most [`PATCHES`] of `count` positions, evenly spread.
fn spread(count: usize) -> Vec<u32> {
    let taken = count.min(PATCHES);
    (0..taken).filter_map(|index| u32::try_from(index * count / taken).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_spread_over_all_and_none_comes_twice() {
        assert!(spread(0).is_empty());
        assert_eq!(spread(3), [0, 1, 2]);
        assert_eq!(spread(17)[..3], [0, 1, 2]);
        let many = spread(3200);
        assert_eq!((many.len(), many[0], many[1], many[15]), (16, 0, 200, 3000));
    }
}
