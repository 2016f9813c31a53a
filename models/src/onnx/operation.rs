//! An operating point as nodes of a graph, in double precision as everywhere.

use super::attribute::Attribute;
use super::graph::{Element, Graph, Value};
use crate::operating_point::{Calibration, Decision, EDGE, Isotonic, OperatingPoint, Sigmoid};

/// What an operating point says of cells.
#[derive(Debug, Clone)]
pub(super) struct Operated {
    /// `[batch, class]`
    pub(super) probabilities: Value,
    /// `[batch]`, the number of the class.
    pub(super) class: Value,
}

/// Writes an operating point down.
struct Writer<'a> {
    graph: &'a mut Graph,
    /// Counts constants.
    count: usize,
}

/// What `point` makes of raw probabilities, `[batch, class]`.
pub(super) fn operate(graph: &mut Graph, point: &OperatingPoint, raw: &Value) -> Operated {
    let raw = graph.cast(raw, Element::Double);
    let mut writer = Writer { graph, count: 0 };
    let inside = writer.inside(&raw);
    let classes = point.classes().len();
    let calibrated = match point.calibration() {
        Calibration::None => inside,
        Calibration::Temperature(temperature) => {
            let logarithms = writer.graph.of_one("Log", &inside);
            let scaled = writer.with("Mul", &logarithms, temperature.inverse);
            writer.graph.node("Softmax", &[&scaled], &[("axis", Attribute::Int(1))])
        }
        Calibration::Platt(curves) => writer.by_curve(&inside, classes, curves, Writer::sigmoid),
        Calibration::Isotonic(curves) => writer.by_curve(&inside, classes, curves, Writer::steps),
    };
    let kept = writer.inside(&calibrated);
    let mut probabilities = writer.normalised(&kept);
    if let Some(prior) = point.prior() {
        let shares = prior.to_shares().iter().zip(prior.from_shares());
        let factors: Vec<f64> = shares.map(|(to, from)| to / from).collect();
        let factors = writer.row(&factors);
        let moved = writer.graph.of_two("Mul", &probabilities, &factors);
        probabilities = writer.normalised(&moved);
    }
    let class = writer.decide(&probabilities, point.decision(), classes);
    Operated { probabilities: writer.graph.cast(&probabilities, Element::Float), class }
}

impl Writer<'_> {
    /// One row of numbers: `[1, number]`.
    fn row(&mut self, values: &[f64]) -> Value {
        self.count += 1;
        self.graph.doubles(&format!("operation_{}", self.count), &[1, values.len()], values)
    }

    fn with(&mut self, operator: &str, value: &Value, number: f64) -> Value {
        let number = self.row(&[number]);
        self.graph.of_two(operator, value, &number)
    }

    /// Kept away from 0 and 1.
    fn inside(&mut self, value: &Value) -> Value {
        let raised = self.with("Max", value, EDGE);
        self.with("Min", &raised, 1.0 - EDGE)
    }

    fn sum(&mut self, value: &Value) -> Value {
        self.count += 1;
        let axes = self.graph.ints(&format!("operation_{}", self.count), &[1]);
        self.graph.of_two("ReduceSum", value, &axes)
    }

    fn normalised(&mut self, value: &Value) -> Value {
        let sum = self.sum(value);
        self.graph.of_two("Div", value, &sum)
    }

    fn column(&mut self, value: &Value, column: usize) -> Value {
        self.count += 1;
        let index = i64::try_from(column).expect("classes are numbered by u16");
        let index = self.graph.ints(&format!("operation_{}", self.count), &[index]);
        self.graph.node("Gather", &[value, &index], &[("axis", Attribute::Int(1))])
    }

    /// One curve for the second of two classes, which leaves the rest to the first, or one for each class.
    fn by_curve<C>(
        &mut self,
        inside: &Value,
        classes: usize,
        curves: &[C],
        write: impl Fn(&mut Self, &Value, &C) -> Value,
    ) -> Value {
        if let ([curve], 2) = (curves, classes) {
            let raw = self.column(inside, 1);
            let second = write(self, &raw, curve);
            let one = self.row(&[1.0]);
            let first = self.graph.of_two("Sub", &one, &second);
            return self.graph.concat(&[&first, &second], 1);
        }
        let columns = curves.iter().enumerate().map(|(class, curve)| {
            let raw = self.column(inside, class);
            write(self, &raw, curve)
        });
        let columns: Vec<Value> = columns.collect();
        self.graph.concat(&columns.iter().collect::<Vec<_>>(), 1)
    }

    /// `1 / (1 + exp(−(slope · log-odds + offset)))`
    fn sigmoid(&mut self, raw: &Value, curve: &Sigmoid) -> Value {
        let one = self.row(&[1.0]);
        let rest = self.graph.of_two("Sub", &one, raw);
        let (above, below) = (self.graph.of_one("Log", raw), self.graph.of_one("Log", &rest));
        let odds = self.graph.of_two("Sub", &above, &below);
        let scaled = self.with("Mul", &odds, curve.slope);
        let moved = self.with("Add", &scaled, curve.offset);
        self.graph.of_one("Sigmoid", &moved)
    }

    /// Straight between corners, flat outside: the first value and, for each piece, as much of its rise as lies below.
    fn steps(&mut self, raw: &Value, curve: &Isotonic) -> Value {
        let (scores, values) = (curve.scores(), curve.values());
        let pairs = |of: &[f64]| of.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
        let zero = self.with("Mul", raw, 0.0);
        let first = self.with("Add", &zero, values[0]);
        if scores.len() < 2 {
            return first;
        }
        let starts = self.row(&scores[..scores.len() - 1]);
        let widths = self.row(&pairs(scores));
        let rises = self.row(&pairs(values));
        let beyond = self.graph.of_two("Sub", raw, &starts); // [batch, piece]
        let share = self.graph.of_two("Div", &beyond, &widths);
        let raised = self.with("Max", &share, 0.0);
        let kept = self.with("Min", &raised, 1.0);
        let parts = self.graph.of_two("Mul", &kept, &rises);
        let rise = self.sum(&parts);
        self.graph.of_two("Add", &first, &rise)
    }

    /// `[batch]`
    fn decide(&mut self, probabilities: &Value, decision: Decision, classes: usize) -> Value {
        let attributes = [("axis", Attribute::Int(1)), ("keepdims", Attribute::Int(0))];
        let (class, at_least) = match decision {
            Decision::Argmax => return self.graph.node("ArgMax", &[probabilities], &attributes),
            Decision::Threshold { class, at_least } => (class.index(), at_least),
        };
        // The class of the threshold counts more than any probability where it is reached, and less where it is not.
        let own = self.column(probabilities, class);
        let limit = self.row(&[at_least]);
        let reached = self.graph.of_two("GreaterOrEqual", &own, &limit); // [batch, 1]
        let (high, low) = (self.row(&[2.0]), self.row(&[-1.0]));
        let weight = self.graph.node("Where", &[&reached, &high, &low], &[]);
        let flags: Vec<f64> = (0..classes).map(|own| f64::from(u8::from(own == class))).collect();
        let (flags, rest) =
            (self.row(&flags), flags.iter().map(|flag| 1.0 - flag).collect::<Vec<_>>());
        let rest = self.row(&rest);
        let others = self.graph.of_two("Mul", probabilities, &rest);
        let own = self.graph.of_two("Mul", &weight, &flags);
        let marked = self.graph.of_two("Add", &others, &own);
        self.graph.node("ArgMax", &[&marked], &attributes)
    }
}
