//! The way back: the gradients of a batch.
//!
//! As the way forward, unit by unit: a norm has to know what the gradients of a batch sum to before any goes on.

use rayon::prelude::*;

use super::batch::{BlockMade, BlockUnits, Images, Made};
use super::norm::{Descent, Slants};
use super::sweeps::Close;
use super::unit::Unit;

/// How many images share a gradient before gradients are added up: fixed, so that every sum has one order.
const SHARE: usize = 8;

/// A gradient of what units made, and what its pixels sum to for each of their norms.
pub(super) struct Upper {
    pub(super) images: Images,
    pub(super) slants: Vec<Slants>,
}

/// The gradients of a unit's tensors in their order; running statistics have none.
pub(super) type UnitGradients = [Option<Vec<f32>>; super::unit::TENSORS];

/// A unit on the way back.
struct Branch<'a> {
    unit: &'a Unit,
    made: &'a Made,
    descent: Descent,
    /// The gradient of what its norm made.
    upper: &'a [Vec<f32>],
}

/// Units whose norms take part in making an image: what they made of it is needed for the sums of their gradients.
type Makers<'a> = Vec<(&'a Unit, &'a Made)>;

impl<'a> Branch<'a> {
    fn new(unit: &'a Unit, made: &'a Made, slants: &Slants, upper: &'a [Vec<f32>]) -> Self {
        let count = (unit.canvas().pixels() * made.values.len()) as f64;
        let descent = unit.norm.descent(&made.affine, slants, count);
        Self { unit, made, descent, upper }
    }

    fn gradients(&self, slopes: &[f32]) -> UnitGradients {
        let [scale, shift] = self.descent.gradients.clone();
        let weights = self.unit.filters.geometry().gradient(slopes);
        [Some(weights), Some(scale), Some(shift), None, None]
    }
}

/// Where the gradients of some units go.
struct Below<'a> {
    /// What the units took: where it is zero, a rectifier let nothing pass.
    images: &'a [Vec<f32>],
    makers: Makers<'a>,
    /// Gradients that come around the units.
    around: Option<&'a [Vec<f32>]>,
}

/// What a share of the images gives.
struct Share {
    images: Images,
    slopes: Vec<Vec<f32>>,
    slants: Vec<Slants>,
}

/// Sums of the gradients `upper` of an image for the norms of its makers.
fn slants_of(makers: &Makers<'_>, upper: &[f32], image: usize) -> Vec<Slants> {
    let slants =
        |(unit, made): &(&Unit, &Made)| unit.slants(upper, &made.values[image], &made.affine);
    makers.iter().map(slants).collect()
}

/// Adds sums up, one for each norm.
fn join(sums: &mut Vec<Slants>, more: Vec<Slants>) {
    if sums.is_empty() {
        *sums = more;
        return;
    }
    for (sum, more) in sums.iter_mut().zip(&more) {
        sum.join(more);
    }
}

/// The gradient at the end of the network: of the mean of each plane, `means` being `[image, plane]`.
pub(super) fn of_means(
    units: &BlockUnits,
    made: &BlockMade,
    outputs: &[Vec<f32>],
    means: &[f32],
) -> Upper {
    let canvas = units.second.canvas();
    let planes = means.len() / outputs.len();
    let makers = makers(units, made);
    let pixels = canvas.pixels() as f32;
    let each: Vec<(Vec<f32>, Vec<Slants>)> = outputs
        .par_iter()
        .zip(means.par_chunks_exact(planes))
        .enumerate()
        .map(|(image, (output, means))| {
            let mut gradient = canvas.blank();
            for row in canvas.rows() {
                for pixel in gradient[row].chunks_exact_mut(canvas.channels) {
                    for (to, mean) in pixel.iter_mut().zip(means) {
                        *to = mean / pixels;
                    }
                }
            }
            let close = Close { canvas, values: output, gradient: &mut gradient, around: None };
            units.second.arch.dispatch(close);
            let slants = slants_of(&makers, &gradient, image);
            (gradient, slants)
        })
        .collect();
    let mut upper = Upper { images: Vec::with_capacity(each.len()), slants: Vec::new() };
    for (image, slants) in each {
        upper.images.push(image);
        join(&mut upper.slants, slants);
    }
    upper
}

/// The units whose norms make what a block makes.
fn makers<'a>(units: &'a BlockUnits, made: &'a BlockMade) -> Makers<'a> {
    let short = units.short.as_ref().zip(made.short.as_ref());
    [(&units.second, &made.second)].into_iter().chain(short).collect()
}

/// The units whose norms make what block `index` takes.
pub(super) fn makers_below<'a>(
    (stem, stem_made): (&'a Unit, &'a Made),
    blocks: &'a [BlockUnits],
    made: &'a [BlockMade],
    index: usize,
) -> Vec<(&'a Unit, &'a Made)> {
    match index.checked_sub(1) {
        Some(below) => makers(&blocks[below], &made[below]),
        None => vec![(stem, stem_made)],
    }
}

impl BlockUnits {
    /// From the gradient of what the block made to that of what it took, and the gradients of its tensors, unit by
    /// unit; `makers` made what it took.
    pub(super) fn descend(
        &self,
        made: &BlockMade,
        upper: &Upper,
        makers: Vec<(&Unit, &Made)>,
    ) -> (Upper, Vec<UnitGradients>) {
        let second = Branch::new(&self.second, &made.second, &upper.slants[0], &upper.images);
        let between =
            Below { images: &made.between, makers: vec![(&self.first, &made.first)], around: None };
        let (inner, of_second) = descend(&[second], &between);
        let mut branches =
            vec![Branch::new(&self.first, &made.first, &inner.slants[0], &inner.images)];
        let short = self.short.as_ref().zip(made.short.as_ref());
        branches.extend(
            short.map(|(unit, made)| Branch::new(unit, made, &upper.slants[1], &upper.images)),
        );
        let around = short.is_none().then_some(upper.images.as_slice());
        let below = Below { images: &made.input, makers, around };
        let (lower, mut gradients) = descend(&branches, &below);
        gradients.splice(1..1, of_second);
        (lower, gradients)
    }
}

/// The gradients of the first unit, whose input needs none.
pub(super) fn of_stem(
    stem: &Unit,
    made: &Made,
    input: &[Vec<f32>],
    upper: &Upper,
) -> UnitGradients {
    let branch = Branch::new(stem, made, &upper.slants[0], &upper.images);
    let images = input.par_chunks(SHARE).enumerate();
    let shares: Vec<Vec<f32>> = images
        .map(|(share, input)| {
            let mut slopes = vec![0.0; stem.filters.geometry().slopes_len()];
            for (image, input) in (share * SHARE..).zip(input) {
                let lower =
                    stem.descend(&branch.descent, &upper.images[image], &made.values[image]);
                stem.filters.add_slopes(input, &lower, &mut slopes);
            }
            slopes
        })
        .collect();
    branch.gradients(&added(shares))
}

/// Lets gradients through some units that took the same images.
fn descend(branches: &[Branch<'_>], below: &Below<'_>) -> (Upper, Vec<UnitGradients>) {
    let count = below.images.len();
    let shares: Vec<Share> = (0..count.div_ceil(SHARE))
        .into_par_iter()
        .map(|share| {
            let images = share * SHARE..((share + 1) * SHARE).min(count);
            descend_share(branches, below, images)
        })
        .collect();
    let mut upper = Upper { images: Vec::with_capacity(count), slants: Vec::new() };
    let mut slopes: Vec<Vec<Vec<f32>>> = branches.iter().map(|_| Vec::new()).collect();
    for share in shares {
        upper.images.extend(share.images);
        join(&mut upper.slants, share.slants);
        for (slopes, own) in slopes.iter_mut().zip(share.slopes) {
            slopes.push(own);
        }
    }
    let gradients = branches.iter().zip(slopes);
    (upper, gradients.map(|(branch, slopes)| branch.gradients(&added(slopes))).collect())
}

fn descend_share(
    branches: &[Branch<'_>],
    below: &Below<'_>,
    images: std::ops::Range<usize>,
) -> Share {
    let lens = branches.iter().map(|branch| branch.unit.filters.geometry().slopes_len());
    let mut share = Share {
        images: Vec::with_capacity(images.len()),
        slopes: lens.map(|len| vec![0.0; len]).collect(),
        slants: Vec::new(),
    };
    let canvas = branches[0].unit.filters.geometry().from;
    for image in images {
        let input = &below.images[image];
        let mut gradient = canvas.blank();
        for (index, (branch, slopes)) in branches.iter().zip(&mut share.slopes).enumerate() {
            let Branch { unit, made, descent, upper } = branch;
            let lower = unit.descend(descent, &upper[image], &made.values[image]);
            unit.filters.add_slopes(input, &lower, slopes);
            unit.filters.backward(&lower, &mut gradient, index > 0);
        }
        let around = below.around.map(|around| around[image].as_slice());
        let arch = branches[0].unit.arch;
        arch.dispatch(Close { canvas, values: input, gradient: &mut gradient, around });
        join(&mut share.slants, slants_of(&below.makers, &gradient, image));
        share.images.push(gradient);
    }
    share
}

/// The sum of the shares, in their order.
fn added(shares: Vec<Vec<f32>>) -> Vec<f32> {
    let mut shares = shares.into_iter();
    let mut sum = shares.next().unwrap_or_default();
    for share in shares {
        for (sum, own) in sum.iter_mut().zip(share) {
            *sum += own;
        }
    }
    sum
}
