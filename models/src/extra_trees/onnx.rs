//! A forest as the operator `TreeEnsembleClassifier` of `ai.onnx.ml`.

use super::forest::Forest;
use super::group::Group;
use crate::onnx::{Attribute, CLASSICAL, Graph, Value};

/// The attributes of the operator: one entry for each node, and one for each class of each leaf.
#[derive(Debug, Default)]
struct Tables {
    trees: Vec<i64>,
    nodes: Vec<i64>,
    features: Vec<i64>,
    thresholds: Vec<f32>,
    modes: Vec<String>,
    left: Vec<i64>,
    right: Vec<i64>,
    missing_left: Vec<i64>,
    class_trees: Vec<i64>,
    class_nodes: Vec<i64>,
    classes: Vec<i64>,
    weights: Vec<f32>,
}

impl Forest {
    /// The probabilities of rows, `[batch, class]`.
    ///
    /// # Shapes
    /// - `features`: `[batch, column]`
    pub(crate) fn write_onnx(&self, graph: &mut Graph, features: &Value) -> Value {
        let mut tables = Tables::default();
        let mut tree = 0;
        for group in self.groups() {
            for own in 0..group.trees() {
                tables.add(self, group, own, tree);
                tree += 1;
            }
        }
        let labels = (0..).take(self.classes()).collect();
        let attributes = tables.attributes(labels);
        // The classes of the operator are taken from the probabilities, as those of every model are.
        let [_class, probabilities] =
            graph.nodes(CLASSICAL, "TreeEnsembleClassifier", &[features], &attributes);
        probabilities
    }
}

impl Tables {
    /// Adds tree number `own` of `group`, which is number `tree` of the forest. Its nodes are numbered in the order in which
    /// they are met, from the root on.
    fn add(&mut self, forest: &Forest, group: &Group, own: usize, tree: i64) {
        let (layout, classes) = (forest.layout(), forest.classes());
        let mut waiting = vec![group.root(own)];
        let mut next = 0;
        while next < waiting.len() {
            let node = group.node(waiting[next]);
            let id = number(next);
            self.trees.push(tree);
            self.nodes.push(id);
            if let Some(code) = node.leaf_code() {
                self.split("LEAF", 0, 0.0, [0, 0], false);
                let shares = group.shares_of(code, classes);
                for (class, share) in shares.into_iter().enumerate() {
                    // With two classes both are named, or the operator takes the forest for one of a single class.
                    if share > 0.0 || classes == 2 {
                        self.class_trees.push(tree);
                        self.class_nodes.push(id);
                        self.classes.push(number(class));
                        self.weights.push(share / forest.trees() as f32);
                    }
                }
            } else {
                let children = [number(waiting.len()), number(waiting.len() + 1)];
                let column = number(layout.column(node));
                let missing_left = layout.missing_left(node);
                self.split("BRANCH_LEQ", column, node.threshold(), children, missing_left);
                let child = layout.child(node);
                waiting.extend([child, child + 1]);
            }
            next += 1;
        }
    }

    fn split(
        &mut self,
        mode: &str,
        column: i64,
        threshold: f32,
        [left, right]: [i64; 2],
        missing_left: bool,
    ) {
        self.modes.push(mode.to_owned());
        self.features.push(column);
        self.thresholds.push(threshold);
        self.left.push(left);
        self.right.push(right);
        self.missing_left.push(i64::from(missing_left));
    }

    fn attributes(self, labels: Vec<i64>) -> Vec<(&'static str, Attribute)> {
        vec![
            ("nodes_treeids", Attribute::Ints(self.trees)),
            ("nodes_nodeids", Attribute::Ints(self.nodes)),
            ("nodes_featureids", Attribute::Ints(self.features)),
            ("nodes_values", Attribute::Floats(self.thresholds)),
            ("nodes_modes", Attribute::Texts(self.modes)),
            ("nodes_truenodeids", Attribute::Ints(self.left)),
            ("nodes_falsenodeids", Attribute::Ints(self.right)),
            ("nodes_missing_value_tracks_true", Attribute::Ints(self.missing_left)),
            ("class_treeids", Attribute::Ints(self.class_trees)),
            ("class_nodeids", Attribute::Ints(self.class_nodes)),
            ("class_ids", Attribute::Ints(self.classes)),
            ("class_weights", Attribute::Floats(self.weights)),
            ("classlabels_int64s", Attribute::Ints(labels)),
            ("post_transform", Attribute::Text("NONE")),
        ]
    }
}

fn number(position: usize) -> i64 {
    i64::try_from(position).expect("nodes are numbered by u32")
}
