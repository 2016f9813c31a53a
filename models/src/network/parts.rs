//! Parts: a batch that a device takes a piece at a time.
//!
//! How large the pieces are is settled before the training begins, and written into its checkpoints, because sums that are
//! split elsewhere round elsewhere.

use tesela_datasets::class::ClassId;

use super::computation::Computation;
use super::parameters::{Parameters, host};
use super::pass::Draws;
use super::pipeline::HostBatch;
use crate::device::{DeviceChoice, DeviceLoad, guarded, sizes_to_try};

/// How many patches of a batch of `batch` go to the device at a time.
///
/// # Errors
/// If the device cannot take as many as `load` says, or not a single one; the reason says what would do.
pub(crate) fn part_size(
    load: DeviceLoad,
    batch: usize,
    choice: DeviceChoice,
    computation: Computation<'_>,
    parameters: &Parameters,
) -> Result<usize, String> {
    let [height, width] = computation.network.input().side();
    let most = choice.most_patches(height * width).unwrap_or(usize::MAX);
    let size = match load {
        DeviceLoad::Whole => batch,
        DeviceLoad::AtMost(count) => even(batch, count),
        DeviceLoad::Auto => {
            let fits = |&size: &usize| fits(computation, parameters, size, choice);
            return sizes_to_try(batch, most).find(fits).ok_or_else(|| {
                format!("it has no room for a single patch of {height} × {width} pixels")
            });
        }
    };
    if size > most {
        return Err(format!(
            "its sums are right for at most {most} patches of {height} × {width} pixels at a time, and the batch \
             has {size} (`--batch auto` takes it in parts)"
        ));
    }
    Ok(size)
}

/// The size of the parts, none larger than `most`, into which a batch falls evenly.
fn even(batch: usize, most: usize) -> usize {
    batch.div_ceil(batch.div_ceil(most.max(1)).max(1))
}

/// Whether the gradients of `count` patches can be computed.
fn fits(
    computation: Computation<'_>,
    parameters: &Parameters,
    count: usize,
    choice: DeviceChoice,
) -> bool {
    let attempt = || {
        let input = computation.network.input();
        let batch = HostBatch {
            planes: vec![0.0; count * computation.layout.len(input)],
            packed: None,
            labels: vec![ClassId::new(0); count],
        };
        let targets = vec![0.0; count * input.classes()];
        let draws = Draws { seed: 0, step: 0, part: 0 };
        let lesson = computation.lesson(parameters, batch, targets, draws);
        // Reading waits until everything is computed.
        host(lesson.loss);
        lesson.gradients.into_iter().flatten().last().map(host)
    };
    guarded(choice.is_processor(), attempt).is_ok()
}

impl HostBatch {
    /// The batch in parts of `size` patches, the last of which may be smaller.
    pub(crate) fn parts(self, size: usize) -> Vec<Self> {
        let count = self.labels.len();
        if count <= size {
            return vec![self];
        }
        let numbers = self.planes.len() / count;
        let part = |start: usize| {
            let range = start..(start + size).min(count);
            Self {
                planes: self.planes[range.start * numbers..range.end * numbers].to_vec(),
                packed: self.packed.as_ref().map(|packed| packed.part(range.clone())),
                labels: self.labels[range].to_vec(),
            }
        };
        (0..count).step_by(size.max(1)).map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(count: u16) -> HostBatch {
        let labels = (0..usize::from(count)).map(ClassId::new).collect();
        HostBatch { planes: (0..3 * count).map(f32::from).collect(), packed: None, labels }
    }

    #[test]
    fn parts_follow_each_other_and_are_even() {
        assert_eq!(even(128, 60), 43);
        assert_eq!(even(128, 128), 128);
        assert_eq!(even(128, 1000), 128);
        let whole = batch(7);
        let parts = whole.clone().parts(3);
        assert_eq!(parts.iter().map(|part| part.labels.len()).collect::<Vec<_>>(), [3, 3, 1]);
        let joined: Vec<f32> = parts.iter().flat_map(|part| part.planes.clone()).collect();
        assert_eq!(joined, whole.planes);
        assert_eq!(whole.clone().parts(7), [whole]);
    }
}
