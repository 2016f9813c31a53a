//! Grows one tree: depth first, on row numbers that are partitioned once per node.
//!
//! The nodes near the root read whole columns of a column-major copy of the table. A node of at most
//! [`PACK`] rows copies them into a column-major block of its own, which stays in cache until its whole
//! subtree is grown: without that each number below it would cost a cache line. What is drawn and what is
//! compared is the same on either path, so the tree does not depend on [`PACK`].

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::draw::{Draws, NodeKey};
use super::impurity::{is_perfect, proxy};
use super::kernels::{count_many, count_two, gather_extremes, partition, transpose};
use super::pages::Pages;
use super::parameters::Parameters;
use super::table::Table;
use super::tree::{Layout, Tree};

/// Nodes of at most so many rows get a block of their own.
pub(crate) const PACK: usize = 2048;
/// Nodes of fewer rows are not worth it: their subtrees end after a few levels.
const UNPACKED: usize = 16;
/// A column whose numbers differ by no more in a node is constant there, as in scikit-learn.
pub(crate) const CONSTANT: f32 = 1e-7;

/// What every tree of a forest shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) table: &'a Table<'a>,
    pub(crate) parameters: &'a Parameters,
    /// Columns to try at each node.
    pub(crate) tries: usize,
    pub(crate) class_weights: &'a [f64],
    pub(crate) layout: Layout,
    pub(crate) seed: u64,
    /// Nodes of at most so many rows get a block of their own.
    pub(crate) pack: usize,
    /// Set when growing is to end early; the tree is then incomplete.
    pub(crate) stop: &'a AtomicBool,
}

/// Why a tree was not grown to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfinished {
    /// [`Ground::stop`] was set.
    Stopped,
    /// The tree has more nodes than the layout can number.
    TooLarge,
}

/// The working memory in which one tree after the other is grown.
#[derive(Debug)]
pub(crate) struct Grower<'a> {
    ground: Ground<'a>,
    tree: Tree,
    /// Nodes still to be grown, the next one last, and the rows of each class in each of them.
    tasks: Vec<Task>,
    counts: Vec<u32>,
    /// Rows of the node at hand, of each class.
    node: Vec<u32>,
    columns: ColumnDraw,
    trial: Trial,
    best: Trial,
    whole: Rows,
    packed: Rows,
    spare: Rows,
    block: Pages,
}

/// A node that is still to be grown.
#[derive(Debug, Clone)]
struct Task {
    rows: Range<usize>,
    depth: usize,
    slot: u32,
    key: NodeKey,
    /// How many columns are known to be constant in the parent, and so here.
    constants: usize,
}

/// Row numbers and their classes, permuted together.
#[derive(Debug, Default)]
struct Rows {
    ids: Vec<u32>,
    classes: Vec<u16>,
}

/// A split that is being tried, with the numbers of the node's rows in its column.
#[derive(Debug, Default)]
struct Trial {
    values: Vec<f32>,
    left: Vec<u32>,
    column: u32,
    threshold: f32,
    proxy: f64,
}

/// The columns in the order of drawing, and those that are known to be constant.
#[derive(Debug)]
struct ColumnDraw {
    order: Vec<u32>,
    swaps: Vec<u32>,
    is_constant: Vec<bool>,
    constants: Vec<u32>,
}

/// The numbers of a table or of a block of it, column by column.
#[derive(Debug, Clone, Copy)]
struct View<'a> {
    values: &'a [f32],
    rows: usize,
}

impl<'a> View<'a> {
    #[inline(always)]
    fn column(self, column: u32) -> &'a [f32] {
        &self.values[column as usize * self.rows..][..self.rows]
    }
}

/// The growth of one tree, to be compiled for each width of vectors. A closure would not do: it is not
/// inlined into the dispatch.
struct GrowWhole<'w, 'a> {
    grower: &'w mut Grower<'a>,
    view: View<'w>,
    rows: &'w mut Rows,
}

impl pulp::WithSimd for GrowWhole<'_, '_> {
    type Output = Result<(), Unfinished>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> Self::Output {
        self.grower.grow_whole(self.view, self.rows)
    }
}

impl<'a> Grower<'a> {
    /// Working memory for trees on `ground`.
    pub(crate) fn new(ground: Ground<'a>) -> Self {
        let (columns, classes) = (ground.table.columns(), ground.class_weights.len());
        let trial = || Trial {
            values: vec![0.0; ground.table.rows()],
            left: vec![0; classes],
            ..Trial::default()
        };
        Self {
            ground,
            tree: Tree::default(),
            tasks: Vec::new(),
            counts: Vec::new(),
            node: vec![0; classes],
            columns: ColumnDraw::new(columns),
            trial: trial(),
            best: trial(),
            whole: Rows::default(),
            packed: Rows::default(),
            spare: Rows {
                ids: vec![0; ground.table.rows()],
                classes: vec![0; ground.table.rows()],
            },
            block: Pages::default(),
        }
    }

    /// Grows tree number `tree`.
    ///
    /// # Errors
    /// If growing is to end early, or the tree is too large to be numbered.
    pub(crate) fn grow(&mut self, tree: usize) -> Result<Tree, Unfinished> {
        self.start(tree);
        let mut whole = std::mem::take(&mut self.whole);
        let table = self.ground.table;
        let view = View { values: table.by_column(), rows: table.rows() };
        // One dispatch a tree: everything below is inlined and compiled for the widest vectors at hand.
        let work = GrowWhole { grower: self, view, rows: &mut whole };
        let result = pulp::Arch::new().dispatch(work);
        self.whole = whole;
        self.columns.forget_constants(0);
        result.map(|()| std::mem::take(&mut self.tree))
    }

    /// Chooses the rows of tree number `tree` and makes its root the only task.
    fn start(&mut self, tree: usize) {
        let table = self.ground.table;
        let ids = &mut self.whole.ids;
        ids.clear();
        if self.ground.parameters.bootstrap {
            let bound = u32::try_from(table.rows()).expect("a table has less than 2³² rows");
            let mut draws = Draws::bootstrap(self.ground.seed, tree);
            ids.extend((0..table.rows()).map(|_| draws.below(bound)));
            ids.sort_unstable();
        } else {
            ids.extend((0..).take(table.rows()));
        }
        self.whole.classes.clear();
        self.whole.classes.extend(ids.iter().map(|&id| table.classes()[id as usize]));
        self.tree = Tree::default();
        self.tree.nodes.push(self.ground.layout.leaf(0, 0));
        self.counts.clear();
        self.counts.resize(self.node.len(), 0);
        for &class in &self.whole.classes {
            self.counts[usize::from(class)] += 1;
        }
        let key = NodeKey::root(self.ground.seed, tree);
        let root = Task { rows: 0..table.rows(), depth: 0, slot: 0, key, constants: 0 };
        self.tasks.clear();
        self.tasks.push(root);
    }

    /// Takes the next task that is not a leaf, and the rows of each class in it; leaves are made at once.
    /// `None` when no more than `keep` tasks are left.
    #[inline(always)]
    fn next_task(&mut self, keep: usize) -> Option<Task> {
        while self.tasks.len() > keep {
            let task = self.tasks.pop()?;
            let kept = self.counts.len() - self.node.len();
            self.node.copy_from_slice(&self.counts[kept..]);
            self.counts.truncate(kept);
            if !self.is_leaf(&task) {
                self.columns.forget_constants(task.constants);
                return Some(task);
            }
            self.make_leaf(task.slot);
        }
        None
    }

    #[inline(always)]
    fn grow_whole(&mut self, view: View<'_>, rows: &mut Rows) -> Result<(), Unfinished> {
        while let Some(task) = self.next_task(0) {
            if self.ground.stop.load(Ordering::Relaxed) {
                return Err(Unfinished::Stopped);
            }
            if (UNPACKED..=self.ground.pack).contains(&task.rows.len()) {
                self.grow_block(&task, rows)?;
            } else {
                self.grow_node(view, rows, &task)?;
            }
        }
        Ok(())
    }

    /// Grows the subtree of `task` on a copy of its rows.
    #[inline(always)]
    fn grow_block(&mut self, task: &Task, rows: &Rows) -> Result<(), Unfinished> {
        let (count, columns) = (task.rows.len(), self.ground.table.columns());
        let mut packed = std::mem::take(&mut self.packed);
        packed.ids.clear();
        packed.ids.extend((0..).take(count));
        packed.classes.clear();
        packed.classes.extend_from_slice(&rows.classes[task.rows.clone()]);
        let mut block = std::mem::take(&mut self.block);
        let size = count * columns;
        if block.as_slice().len() < size {
            block = Pages::zeros(columns * self.ground.pack.min(self.ground.table.rows()));
        }
        let ids = &rows.ids[task.rows.clone()];
        transpose(self.ground.table.by_row(), columns, ids, &mut block.as_mut_slice()[..size]);
        let view = View { values: &block.as_slice()[..size], rows: count };
        let keep = self.tasks.len();
        let mut next = Some(Task { rows: 0..count, ..task.clone() });
        let mut result = Ok(());
        while let (Some(task), Ok(())) = (next.take(), result) {
            result = self.grow_node(view, &mut packed, &task);
            next = self.next_task(keep);
        }
        self.block = block;
        self.packed = packed;
        result
    }

    #[inline(always)]
    fn is_leaf(&self, task: &Task) -> bool {
        let (rows, parameters) = (task.rows.len(), self.ground.parameters);
        rows < parameters.min_samples_split
            || rows / 2 < parameters.min_samples_leaf
            || self.node.iter().any(|&count| count as usize == rows)
            || parameters.max_depth.is_some_and(|depth| task.depth >= depth)
    }

    /// Turns the node at `slot` into a leaf of the classes in `self.node`.
    fn make_leaf(&mut self, slot: u32) {
        let classes = self.node.len();
        let mut present = self.node.iter().enumerate().filter(|(_, count)| **count > 0);
        let code = if let (Some((class, _)), None) = (present.next(), present.next()) {
            class
        } else {
            self.tree.mixed.extend_from_slice(&self.node);
            classes + self.tree.mixed.len() / classes - 1
        };
        let code = u32::try_from(code).expect("a tree has fewer leaves than nodes");
        self.tree.nodes[slot as usize] = self.ground.layout.leaf(slot, code);
    }

    /// Splits the node of `task`, or makes it a leaf where no column can split it.
    #[inline(always)]
    fn grow_node(
        &mut self,
        view: View<'_>,
        rows: &mut Rows,
        task: &Task,
    ) -> Result<(), Unfinished> {
        let (ids, classes) =
            (&mut rows.ids[task.rows.clone()], &mut rows.classes[task.rows.clone()]);
        if !self.search(view, ids, classes, task.key) {
            self.make_leaf(task.slot);
            return Ok(());
        }
        let values = &self.best.values[..ids.len()];
        let middle = partition(values, self.best.threshold, ids, &mut self.spare.ids);
        partition(values, self.best.threshold, classes, &mut self.spare.classes);
        self.push_children(task, task.rows.start + middle)
    }

    /// Turns the node of `task` into the best split and makes its children tasks, the left one next.
    #[inline(always)]
    fn push_children(&mut self, task: &Task, middle: usize) -> Result<(), Unfinished> {
        let child = self.tree.nodes.len();
        if child + 2 > self.ground.layout.capacity() {
            return Err(Unfinished::TooLarge);
        }
        let child = u32::try_from(child).expect("the capacity is below 2³²");
        // No number is missing while trees grow: as in scikit-learn, one that is later goes with the majority.
        let missing_left = middle - task.rows.start > task.rows.end - middle;
        let layout = self.ground.layout;
        let split = layout.split(self.best.column, self.best.threshold, missing_left, child);
        self.tree.nodes[task.slot as usize] = split;
        self.tree.nodes.extend([split; 2]);
        let [left, right] = task.key.children();
        let (depth, constants) = (task.depth + 1, self.columns.constants.len());
        let side = |rows, slot, key| Task { rows, depth, slot, key, constants };
        self.tasks.push(side(middle..task.rows.end, child + 1, right));
        self.counts.extend(self.node.iter().zip(&self.best.left).map(|(&node, &left)| node - left));
        self.tasks.push(side(task.rows.start..middle, child, left));
        self.counts.extend_from_slice(&self.best.left);
        Ok(())
    }

    /// Tries random splits and leaves the first of the best ones in `self.best`; `false` where none is
    /// possible.
    #[inline(always)]
    fn search(&mut self, view: View<'_>, ids: &[u32], classes: &[u16], key: NodeKey) -> bool {
        let count = self.columns.order.len();
        let mut draws = key.draws();
        let mut varying = count - self.columns.constants.len();
        let (mut visited, mut has_varying, mut has_best) = (0, false, false);
        while varying > 0 && (visited < self.ground.tries || !has_varying) {
            let column = self.columns.draw(visited, &mut draws);
            visited += 1;
            if self.columns.is_constant[column as usize] {
                continue;
            }
            varying -= 1;
            let values = &mut self.trial.values[..ids.len()];
            let (low, high) = gather_extremes(view.column(column), ids, values);
            if high <= low + CONSTANT {
                self.columns.remember_constant(column);
                continue;
            }
            has_varying = true;
            self.trial.column = column;
            self.trial.threshold = threshold(low, high, draws.unit());
            if self.weigh(classes) && (!has_best || self.trial.proxy > self.best.proxy) {
                std::mem::swap(&mut self.trial, &mut self.best);
                has_best = true;
                if is_perfect(&self.best.left, &self.node) {
                    break;
                }
            }
        }
        self.columns.put_back(visited);
        has_best
    }

    /// Counts the classes left of the trial's threshold and weighs the split; `false` where a side has too
    /// few rows.
    #[inline(always)]
    fn weigh(&mut self, classes: &[u16]) -> bool {
        let Trial { values, left, threshold, .. } = &mut self.trial;
        let values = &values[..classes.len()];
        if left.len() == 2 {
            count_two(values, classes, *threshold, left);
        } else {
            count_many(values, classes, *threshold, left);
        }
        let rows = left.iter().sum::<u32>() as usize;
        let least = self.ground.parameters.min_samples_leaf;
        if rows < least || classes.len() - rows < least {
            return false;
        }
        let criterion = self.ground.parameters.criterion;
        self.trial.proxy =
            proxy(criterion, &self.trial.left, &self.node, self.ground.class_weights);
        true
    }
}

impl ColumnDraw {
    fn new(columns: usize) -> Self {
        Self {
            order: (0..).take(columns).collect(),
            swaps: Vec::with_capacity(columns),
            is_constant: vec![false; columns],
            constants: Vec::new(),
        }
    }

    /// Draws one of the columns that have not been drawn since the last [`Self::put_back`], of which there
    /// are all but `visited`.
    #[inline(always)]
    fn draw(&mut self, visited: usize, draws: &mut Draws) -> u32 {
        let left = u32::try_from(self.order.len() - visited).expect("columns are numbered by u32");
        let pick = draws.below(left);
        self.swaps.push(pick);
        self.order.swap(visited, visited + pick as usize);
        self.order[visited]
    }

    /// Undoes the swaps of `visited` draws, so that the next node begins with the same order.
    #[inline(always)]
    fn put_back(&mut self, visited: usize) {
        for place in (0..visited).rev() {
            self.order.swap(place, place + self.swaps[place] as usize);
        }
        self.swaps.clear();
    }

    /// Notes that `column` is constant in the node at hand and in all nodes below it.
    #[inline(always)]
    fn remember_constant(&mut self, column: u32) {
        self.is_constant[column as usize] = true;
        self.constants.push(column);
    }

    /// Forgets all constants but the first `keep`.
    #[inline(always)]
    fn forget_constants(&mut self, keep: usize) {
        for column in self.constants.drain(keep..) {
            self.is_constant[column as usize] = false;
        }
    }
}

/// The largest `f32` not above the point at share `unit` of the way from `low` to `high`; below `high`.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what is lost is put right after it")]
pub(crate) fn threshold(low: f32, high: f32, unit: f64) -> f32 {
    let exact = f64::from(low) + (f64::from(high) - f64::from(low)) * unit;
    let nearest = exact as f32;
    let below = if f64::from(nearest) > exact { nearest.next_down() } else { nearest };
    if below < high { below } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_threshold_separates_the_extremes(
            a in any::<f32>(), b in any::<f32>(), unit in 0.0..1.0_f64,
        ) {
            prop_assume!(a.is_finite() && b.is_finite() && a != b);
            let (low, high) = (a.min(b), a.max(b));
            let threshold = threshold(low, high, unit);
            prop_assert!(low <= threshold && threshold < high);
        }

        #[test]
        fn rounding_a_threshold_moves_no_row(a in -1e3_f32..1e3, step in 1_u8..9, unit in 0.0..1.0_f64) {
            // Neighbouring floats: the double threshold lies between two of them.
            let high = (0..step).fold(a, |value, _| value.next_up());
            let exact = f64::from(a) + (f64::from(high) - f64::from(a)) * unit;
            let rounded = threshold(a, high, unit);
            let mut value = a;
            while value < high {
                prop_assert_eq!(value <= rounded, f64::from(value) <= exact);
                value = value.next_up();
            }
        }
    }

    #[test]
    fn the_widest_range_does_not_overflow() {
        assert_eq!(threshold(f32::MIN, f32::MAX, 0.5), 0.0);
    }
}
