//! Grows one tree: depth first, on row numbers that are partitioned once per node.
//!
//! The nodes near the root read whole columns of a column-major copy of the table. Nodes of at most
//! [`FEW_ROWS`] rows read a row-major copy: their rows come into cache with the first columns that are tried
//! and stay there until the whole subtree is grown. What is drawn and what is compared is the same on either
//! path, so the tree does not depend on [`FEW_ROWS`].

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::amounts::real;
use super::bag::{Bagging, Rows};
use super::draw::NodeKey;
use super::impurity::{decrease, weight_and_impurity};
use super::parameters::Parameters;
use super::partition::{partition, partition_rows};
use super::rule::{ColumnDraw, Node, Number, Rule};
use super::table::Table;
use super::tree::{Layout, Tree};
use super::vectors::Vectors;

/// Nodes of at most so many rows read them row by row.
pub(crate) const FEW_ROWS: usize = 4096;
/// The parts into which a leaf is divided where its rows cannot be counted.
const PARTS: f64 = 16_777_216.0;

/// What every tree of a forest shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground<'a, N: Number> {
    pub(crate) table: &'a Table<'a, N>,
    pub(crate) parameters: &'a Parameters,
    /// Columns to try at each node.
    pub(crate) tries: usize,
    pub(crate) bagging: &'a Bagging,
    pub(crate) layout: Layout,
    pub(crate) seed: u64,
    /// Nodes of at most so many rows read them row by row.
    pub(crate) few_rows: usize,
    /// Whether the columns are to be told by how much they lower the impurity.
    pub(crate) with_importances: bool,
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

/// A tree, and by how much each column lowered the impurity in it where that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Grown {
    pub(crate) tree: Tree,
    pub(crate) decreases: Vec<f64>,
}

/// The working memory in which one tree after the other is grown.
#[derive(Debug)]
pub(crate) struct Grower<'a, R: Rule> {
    ground: Ground<'a, R::Number>,
    rule: R,
    grown: Grown,
    /// Nodes still to be grown, the next one last, and the amounts of each class in each of them.
    tasks: Vec<Task>,
    counts: Vec<u64>,
    /// Amounts in the node at hand, of each class.
    node: Vec<u64>,
    /// The factors of the classes, and the weight of the whole tree.
    weights: Vec<f64>,
    whole_weight: f64,
    /// Whether leaves are told by numbers of rows.
    counted: bool,
    columns: ColumnDraw,
    whole: Rows,
    spare: Rows,
    vectors: Vectors,
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

/// The growth of one tree, to be compiled for each width of vectors. A closure would not do: it is not
/// inlined into the dispatch.
struct GrowWhole<'w, 'a, R: Rule> {
    grower: &'w mut Grower<'a, R>,
    rows: &'w mut Rows,
}

impl<R: Rule> pulp::WithSimd for GrowWhole<'_, '_, R> {
    type Output = Result<(), Unfinished>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> Self::Output {
        self.grower.grow_whole(self.rows)
    }
}

impl<'a, R: Rule> Grower<'a, R> {
    /// Working memory for trees on `ground`.
    pub(crate) fn new(ground: Ground<'a, R::Number>) -> Self {
        let (rows, classes) = (ground.table.rows(), ground.table.sample().classes());
        let amounts = if ground.bagging.is_plain() { 0 } else { rows };
        Self {
            ground,
            rule: R::new(&ground),
            grown: Grown::default(),
            tasks: Vec::new(),
            counts: Vec::new(),
            node: vec![0; classes],
            weights: Vec::new(),
            whole_weight: 0.0,
            counted: ground.bagging.is_counted(),
            columns: ColumnDraw::new(ground.table.columns()),
            whole: Rows::default(),
            spare: Rows { ids: vec![0; rows], classes: vec![0; rows], amounts: vec![0; amounts] },
            vectors: Vectors::detect(),
        }
    }

    /// Grows tree number `tree`.
    ///
    /// # Errors
    /// If growing is to end early, or the tree is too large to be numbered.
    pub(crate) fn grow(&mut self, tree: usize) -> Result<Grown, Unfinished> {
        let mut whole = std::mem::take(&mut self.whole);
        self.start(tree, &mut whole);
        // One dispatch a tree: everything below is inlined and compiled for the widest vectors at hand.
        let work = GrowWhole { grower: self, rows: &mut whole };
        let result = pulp::Arch::new().dispatch(work);
        self.whole = whole;
        self.columns.forget_constants(0);
        result.map(|()| std::mem::take(&mut self.grown))
    }

    /// Chooses the rows of tree number `tree` and makes its root the only task.
    fn start(&mut self, tree: usize, whole: &mut Rows) {
        let Ground { table, bagging, seed, layout, .. } = self.ground;
        bagging.fill(seed, tree, table.sample().labels(), whole, &mut self.weights);
        self.rule.begin(whole);
        self.grown = Grown::default();
        self.grown.tree.nodes.push(layout.leaf(0, 0));
        if self.ground.with_importances {
            self.grown.decreases.resize(table.columns(), 0.0);
        }
        self.counts.clear();
        self.counts.resize(self.node.len(), 0);
        for (index, &class) in whole.classes.iter().enumerate() {
            self.counts[usize::from(class)] += whole.amount(index);
        }
        let criterion = self.ground.parameters.criterion;
        let counts = self.counts.iter().copied();
        self.whole_weight = weight_and_impurity(criterion, counts, &self.weights).0;
        let key = NodeKey::root(seed, tree);
        let root = Task { rows: 0..whole.ids.len(), depth: 0, slot: 0, key, constants: 0 };
        self.tasks.clear();
        self.tasks.push(root);
    }

    /// Takes the next task that is not a leaf, and the rows of each class in it; leaves are made at once.
    /// `None` when no task is left.
    #[inline(always)]
    fn next_task(&mut self) -> Option<Task> {
        while let Some(task) = self.tasks.pop() {
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
    fn grow_whole(&mut self, rows: &mut Rows) -> Result<(), Unfinished> {
        while let Some(task) = self.next_task() {
            if self.ground.stop.load(Ordering::Relaxed) {
                return Err(Unfinished::Stopped);
            }
            self.grow_node(rows, &task)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn is_leaf(&self, task: &Task) -> bool {
        let (rows, parameters) = (task.rows.len(), self.ground.parameters);
        rows < parameters.min_samples_split
            || rows / 2 < parameters.min_samples_leaf
            || self.node.iter().filter(|&&count| count > 0).count() == 1
            || parameters.max_depth.is_some_and(|depth| task.depth >= depth)
    }

    /// Turns the node at `slot` into a leaf of the classes in `self.node`.
    fn make_leaf(&mut self, slot: u32) {
        let classes = self.node.len();
        let mut present = self.node.iter().enumerate().filter(|(_, count)| **count > 0);
        let code = if let (Some((class, _)), None) = (present.next(), present.next()) {
            class
        } else {
            let mixed = &mut self.grown.tree.mixed;
            if self.counted {
                let counts = self.node.iter().map(|&count| u32::try_from(count));
                mixed.extend(counts.map(|count| count.expect("the sum of all amounts fits")));
            } else {
                mixed.extend(parts(&self.node, &self.weights));
            }
            classes + mixed.len() / classes - 1
        };
        let code = u32::try_from(code).expect("a tree has fewer leaves than nodes");
        self.grown.tree.nodes[slot as usize] = self.ground.layout.leaf(slot, code);
    }

    /// Splits the node of `task`, or makes it a leaf where no column can split it.
    #[inline(always)]
    fn grow_node(&mut self, rows: &mut Rows, task: &Task) -> Result<(), Unfinished> {
        let table = self.ground.table;
        let few = task.rows.len() <= self.ground.few_rows;
        let view = if few { table.by_row() } else { table.by_column() };
        let node = Node {
            ground: self.ground,
            view,
            rows: rows.of(task.rows.clone()),
            counts: &self.node,
            weights: &self.weights,
        };
        let found = self.rule.search(&node, &mut self.columns, task.key);
        if !found || !self.is_worth_it() {
            self.make_leaf(task.slot);
            return Ok(());
        }
        let range = task.rows.clone();
        let (values, last) = self.rule.sides(range.len());
        let spare = &mut self.spare;
        let ids = [&mut rows.ids[range.clone()], &mut spare.ids];
        let classes = [&mut rows.classes[range.clone()], &mut spare.classes];
        let middle = partition_rows(self.vectors, values, last, ids, classes);
        if !rows.amounts.is_empty() {
            partition(values, last, &mut rows.amounts[range], &mut spare.amounts);
        }
        self.push_children(task, task.rows.start + middle)
    }

    /// Whether the split at hand lowers the impurity enough; what it lowers it by is put to its column.
    #[inline(always)]
    fn is_worth_it(&mut self) -> bool {
        let parameters = self.ground.parameters;
        if parameters.min_impurity_decrease == 0.0 && !self.ground.with_importances {
            return true;
        }
        let split = self.rule.found();
        let decrease = decrease(parameters.criterion, &split.left, &self.node, &self.weights);
        let relative = decrease / self.whole_weight;
        if relative + f64::EPSILON < parameters.min_impurity_decrease {
            return false;
        }
        if let Some(sum) = self.grown.decreases.get_mut(split.column as usize) {
            *sum += relative;
        }
        true
    }

    /// Turns the node of `task` into the best split and makes its children tasks, the left one next.
    #[inline(always)]
    fn push_children(&mut self, task: &Task, middle: usize) -> Result<(), Unfinished> {
        let split = self.rule.found();
        let nodes = &mut self.grown.tree.nodes;
        let child = nodes.len();
        if child + 2 > self.ground.layout.capacity() {
            return Err(Unfinished::TooLarge);
        }
        let child = u32::try_from(child).expect("the capacity is below 2³²");
        // As in scikit-learn, what is missing later and was not here goes with the majority.
        let majority = middle - task.rows.start > task.rows.end - middle;
        let missing_left = split.missing_left.unwrap_or(majority);
        let layout = self.ground.layout;
        let node = layout.split(split.column, split.threshold, missing_left, child);
        nodes[task.slot as usize] = node;
        nodes.extend([node; 2]);
        let [left, right] = task.key.children();
        let (depth, constants) = (task.depth + 1, self.columns.constants());
        let side = |rows, slot, key| Task { rows, depth, slot, key, constants };
        self.tasks.push(side(middle..task.rows.end, child + 1, right));
        self.counts.extend(self.node.iter().zip(&split.left).map(|(&node, &left)| node - left));
        self.tasks.push(side(task.rows.start..middle, child, left));
        self.counts.extend_from_slice(&split.left);
        Ok(())
    }
}

/// The shares of the classes in a leaf, in parts.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is at least zero and at most one"
)]
fn parts<'n>(counts: &'n [u64], weights: &'n [f64]) -> impl Iterator<Item = u32> + 'n {
    let weighed = move || counts.iter().zip(weights).map(|(&count, weight)| real(count) * weight);
    let total: f64 = weighed().sum();
    weighed().map(move |value| (value / total * PARTS).round() as u32)
}
