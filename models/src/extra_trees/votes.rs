//! What is summed over the trees for each row, and what becomes of it.

/// What is summed for a row: some numbers for each class, in double precision.
pub(crate) trait Votes {
    /// How many numbers for each class.
    const SUMS: usize;

    /// A tree is sure of `class`; `sums` are those of the row, `[sum, class]`.
    fn add_pure(sums: &mut [f64], class: usize);

    /// A tree gives each class its share.
    fn add_shares(sums: &mut [f64], shares: &[f32]);
}

/// The probabilities.
pub(crate) struct Means;

impl Votes for Means {
    const SUMS: usize = 1;

    #[inline(always)]
    fn add_pure(sums: &mut [f64], class: usize) {
        sums[class] += 1.0;
    }

    #[inline(always)]
    fn add_shares(sums: &mut [f64], shares: &[f32]) {
        for (sum, &share) in sums.iter_mut().zip(shares) {
            *sum += f64::from(share);
        }
    }
}

/// The probabilities and their squares.
pub(crate) struct Squares;

impl Votes for Squares {
    const SUMS: usize = 2;

    #[inline(always)]
    fn add_pure(sums: &mut [f64], class: usize) {
        let (means, squares) = sums.split_at_mut(sums.len() / 2);
        means[class] += 1.0;
        squares[class] += 1.0;
    }

    #[inline(always)]
    fn add_shares(sums: &mut [f64], shares: &[f32]) {
        let (means, squares) = sums.split_at_mut(shares.len());
        Means::add_shares(means, shares);
        for (sum, &share) in squares.iter_mut().zip(shares) {
            *sum += f64::from(share) * f64::from(share);
        }
    }
}

/// The mean over `trees` of what sums to `sum`.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "probabilities are given in single precision")]
pub(crate) fn mean(sum: f64, trees: usize) -> f32 {
    (sum / trees as f64) as f32
}

/// The standard deviation over `trees` of what sums to `sum`, and its squares to `squares`.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "deviations are given in single precision")]
pub(crate) fn deviation(sum: f64, squares: f64, trees: usize) -> f32 {
    let trees = trees as f64;
    // Rounding may leave something below zero where all trees agree.
    (squares / trees - (sum / trees).powi(2)).max(0.0).sqrt() as f32
}
