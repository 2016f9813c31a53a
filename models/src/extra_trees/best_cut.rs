//! The rule of random forests: the best cut in each column that is tried.
//!
//! The rows of a node are sorted by their rank in the column, each with a code for its class and amount; one
//! walk along the sorted rows knows what lies left of every cut. Between two classes, by Gini, that walk is two
//! sums and one division a row, many rows at a time.

use super::bag::Rows;
use super::bits;
use super::draw::NodeKey;
use super::grow::Ground;
use super::impurity::is_perfect;
use super::order::sort;
use super::parameters::Criterion;
use super::rank::Rank;
use super::rule::{ColumnDraw, Node, Rule, Split, threshold};
use super::scan::{Totals, best_of_two, first_of_best};

/// Finds a split by trying all cuts.
#[derive(Debug)]
pub(crate) struct BestCut<R: Rank> {
    coding: Coding,
    codes: Vec<u32>,
    keys: Vec<R::Key>,
    spare: Vec<R::Key>,
    totals: Totals,
    /// Amounts of what is missing, of each class.
    missing: Vec<u64>,
    trial: Vec<R>,
    best: Best<R>,
}

/// What the codes beside the ranks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// The class of a row in so many low bits, its amount above.
    Amounts(u32),
    /// The place of a row in the node.
    Places,
}

/// The best cut so far.
#[derive(Debug)]
struct Best<R> {
    /// The ranks of the node's rows in its column.
    values: Vec<R>,
    split: Split,
    score: f64,
    /// The largest rank left of the cut, and the smallest right of it.
    between: [R; 2],
}

impl<R: Rank> Rule for BestCut<R> {
    type Number = R;

    fn new(ground: &Ground<'_, R>) -> Self {
        let (rows, classes) = (ground.table.rows(), ground.table.sample().classes());
        Self {
            coding: Coding::Places,
            codes: Vec::with_capacity(rows),
            keys: Vec::with_capacity(rows),
            spare: Vec::with_capacity(rows),
            totals: Totals::default(),
            missing: vec![0; classes],
            trial: vec![R::LOWEST; rows],
            best: Best {
                values: vec![R::LOWEST; rows],
                split: Split { left: vec![0; classes], ..Split::default() },
                score: 0.0,
                between: [R::LOWEST; 2],
            },
        }
    }

    fn begin(&mut self, rows: &Rows) {
        let most = rows.amounts.iter().copied().max().unwrap_or(1);
        let total = rows.amounts.iter().sum::<u64>().max(rows.ids.len() as u64);
        let class_bits = bits::width(self.missing.len());
        let bits = class_bits + (u64::BITS - most.leading_zeros());
        self.coding = if bits <= R::CODE_BITS && i32::try_from(total).is_ok() {
            Coding::Amounts(class_bits)
        } else {
            Coding::Places
        };
    }

    #[inline(always)]
    fn search(&mut self, node: &Node<'_, R>, columns: &mut ColumnDraw, key: NodeKey) -> bool {
        let mut draws = key.draws();
        self.encode(node);
        self.best.score = f64::NEG_INFINITY;
        columns.begin();
        while let Some(column) = columns.next(node.ground.tries, &mut draws) {
            let (low, high) = self.gather(node, column);
            if low == high {
                columns.remember_constant(column);
                continue;
            }
            columns.remember_varying();
            sort(&mut self.keys, &mut self.spare);
            let present = if high == R::MISSING {
                self.keys.partition_point(|&key| R::of_key(key) < R::MISSING)
            } else {
                self.keys.len()
            };
            self.try_column(node, column, present);
            if self.best.score > f64::NEG_INFINITY && is_perfect(&self.best.split.left, node.counts)
            {
                break;
            }
        }
        columns.end();
        let found = self.best.score > f64::NEG_INFINITY;
        if found {
            self.settle(node);
        }
        found
    }

    #[inline(always)]
    fn found(&self) -> &Split {
        &self.best.split
    }

    #[inline(always)]
    fn sides(&self, rows: usize) -> (&[R], R) {
        (&self.best.values[..rows], self.best.between[0])
    }
}

impl<R: Rank> BestCut<R> {
    /// Makes the codes of the rows of `node`.
    #[inline(always)]
    fn encode(&mut self, node: &Node<'_, R>) {
        self.codes.clear();
        let (classes, amounts) = (node.rows.classes, node.rows.amounts);
        match self.coding {
            Coding::Places => self.codes.extend((0..).take(classes.len())),
            Coding::Amounts(bits) if amounts.is_empty() => {
                self.codes.extend(classes.iter().map(|&class| u32::from(class) | 1 << bits));
            }
            Coding::Amounts(bits) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "`begin` has seen that it fits"
                )]
                let code =
                    |(&class, &amount): (&u16, &u64)| u32::from(class) | (amount as u32) << bits;
                self.codes.extend(classes.iter().zip(amounts).map(code));
            }
        }
    }

    /// Collects the ranks of the node's rows in `column`, and gives the lowest and the highest.
    #[inline(always)]
    fn gather(&mut self, node: &Node<'_, R>, column: u32) -> (R, R) {
        let (mut low, mut high) = (R::MISSING, R::LOWEST);
        let ids = node.rows.ids;
        node.view.gather(column, ids, &mut self.trial);
        self.keys.clear();
        let rows = self.trial[..ids.len()].iter().zip(&self.codes);
        self.keys.extend(rows.map(|(&rank, &code)| {
            low = if rank < low { rank } else { low };
            high = if rank > high { rank } else { high };
            rank.key(code)
        }));
        (low, high)
    }

    /// Tries all cuts in `column`, whose sorted keys are at hand; the first `present` are not missing.
    ///
    /// As in scikit-learn, what is missing goes right first, also on its own; then left.
    #[inline(always)]
    fn try_column(&mut self, node: &Node<'_, R>, column: u32, present: usize) {
        let (rows, least) = (self.keys.len(), node.ground.parameters.min_samples_leaf);
        self.missing.fill(0);
        let cuts = least - 1..present.min(rows.saturating_sub(least));
        self.try_cuts(node, column, cuts, None);
        let missing = rows - present;
        if missing == 0 {
            return;
        }
        for place in present..rows {
            let (class, amount) = self.decode(node, self.keys[place]);
            self.missing[class] += amount;
        }
        let cuts = least.saturating_sub(missing).max(1) - 1..present.saturating_sub(least);
        self.try_cuts(node, column, cuts, Some(missing));
    }

    /// Tries the cuts behind the sorted rows at `cuts`; `missing_left` is how many rows are missing and go
    /// left.
    #[inline(always)]
    fn try_cuts(
        &mut self,
        node: &Node<'_, R>,
        column: u32,
        cuts: std::ops::Range<usize>,
        missing_left: Option<usize>,
    ) {
        if cuts.is_empty() {
            return;
        }
        let Some((cut, score)) = self.best_cut(node, cuts) else { return };
        if score <= self.best.score {
            return;
        }
        self.best.score = score;
        self.best.between = [R::of_key(self.keys[cut]), R::of_key(self.keys[cut + 1])];
        let mut left = std::mem::take(&mut self.best.split.left);
        left.copy_from_slice(&self.missing);
        for &key in &self.keys[..=cut] {
            let (class, amount) = self.decode(node, key);
            left[class] += amount;
        }
        let rows = node.rows.ids.len();
        self.best.values[..rows].copy_from_slice(&self.trial[..rows]);
        let any_missing = self.keys.last().is_some_and(|&key| R::of_key(key) == R::MISSING);
        let missing_left = any_missing.then_some(missing_left.is_some());
        self.best.split = Split { column, threshold: 0.0, left, missing_left };
    }

    /// The first of the best of `cuts`, and its score, where that exceeds the best so far.
    #[inline(always)]
    fn best_cut(
        &mut self,
        node: &Node<'_, R>,
        cuts: std::ops::Range<usize>,
    ) -> Option<(usize, f64)> {
        let criterion = node.ground.parameters.criterion;
        let (keys, base, best) = (&self.keys, &self.missing, self.best.score);
        let is_cut = |place: usize| R::of_key(keys[place]) != R::of_key(keys[place + 1]);
        match (self.coding, criterion, node.counts.len()) {
            (Coding::Amounts(1), Criterion::Gini, 2) => best_of_two::<R>(
                keys,
                cuts,
                base,
                node.counts,
                node.weights,
                best,
                &mut self.totals,
            ),
            (coding, ..) => {
                let decode = |place: usize| decode::<R>(coding, node, keys[place]);
                first_of_best(cuts, best, base, node, &mut self.totals, decode, is_cut)
            }
        }
    }

    /// The class and the amount behind a key.
    #[inline(always)]
    fn decode(&self, node: &Node<'_, R>, key: R::Key) -> (usize, u64) {
        decode::<R>(self.coding, node, key)
    }

    /// Turns the best cut into a threshold halfway between the numbers next to it.
    fn settle(&mut self, node: &Node<'_, R>) {
        let Best { values, split, between: [below, above], .. } = &mut self.best;
        let values = &mut values[..node.rows.ids.len()];
        let numbers = |rank: R| {
            let rows = node.rows.ids.iter().zip(&*values).filter(move |(_, value)| **value == rank);
            rows.map(|(&id, _)| node.ground.table.number(id, split.column))
        };
        split.threshold = if *above == R::MISSING {
            // Everything that is not missing goes left.
            f32::MAX
        } else {
            let low = numbers(*below).fold(f32::MIN, f32::max);
            threshold(low, numbers(*above).fold(f32::MAX, f32::min), 0.5)
        };
        if split.missing_left == Some(true) {
            let missing = values.iter_mut().filter(|value| **value == R::MISSING);
            missing.for_each(|value| *value = R::LOWEST);
        }
    }
}

#[inline(always)]
fn decode<R: Rank>(coding: Coding, node: &Node<'_, R>, key: R::Key) -> (usize, u64) {
    let code = R::code(key);
    match coding {
        Coding::Amounts(bits) => ((code & ((1 << bits) - 1)) as usize, u64::from(code >> bits)),
        Coding::Places => {
            let place = code as usize;
            let amount = node.rows.amounts.get(place).copied().unwrap_or(1);
            (usize::from(node.rows.classes[place]), amount)
        }
    }
}
