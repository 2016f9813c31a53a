//! From stored numbers to the input planes of a network, as nodes of a graph.
//!
//! The formulas are those of the host (`tesela_datasets::channels`), operation by operation and in its order, so that
//! what comes out differs by rounding alone. Stored numbers are clamped to 0.0001..1 first, so no denominator is zero.

use tesela_datasets::channels::{Channel, ChannelSet, EVI_DENOMINATOR_MIN, RED_BLUE_MIN};
use tesela_datasets::normalisation::{ChannelScale, Normalisation};
use tesela_datasets::patch::{PatchDefinition, SampleType};
use tesela_datasets::pixel::{Band, REFLECTANCE_MAX, REFLECTANCE_MIN};

use super::attribute::Attribute;
use super::graph::{Element, Graph, Value};

/// The channels of patches.
#[derive(Debug, Clone)]
pub(crate) struct Channels {
    /// `[batch, channel, row, column]`, after the logarithms of those that have one; any number where a pixel is not used.
    values: Value,
    /// `[batch, 1, row, column]`, whether a pixel is used.
    used: Value,
}

/// Writes channels down.
struct Formulas<'a> {
    graph: &'a mut Graph,
    /// `[batch, 1, row, column]` each, by [`Band::index`].
    bands: [Option<Value>; 6],
    /// Numbers that have been used already.
    numbers: Vec<(f32, Value)>,
    rotation: [[f64; 6]; 6],
}

impl Element {
    /// The type of stored numbers.
    pub(crate) fn of_samples(samples: SampleType) -> Self {
        match samples {
            SampleType::UInt8 => Self::UInt8,
            SampleType::UInt16 => Self::UInt16,
            SampleType::Int16 => Self::Int16,
            SampleType::Float32 => Self::Float,
        }
    }
}

impl Channels {
    /// All channels that the bands of `input` allow.
    ///
    /// # Shapes
    /// - `stored`: `[batch, band, row, column]`, numbers as stored
    /// - `used`: `[batch, row, column]`
    pub(super) fn new(
        graph: &mut Graph,
        input: &PatchDefinition,
        stored: &Value,
        used: &Value,
    ) -> Self {
        let bands: Vec<Band> = input.pixel.bands.iter().collect();
        let rotation = input.pixel.tasseled_cap.rotation();
        let mut formulas =
            Formulas { graph, bands: [const { None }; 6], numbers: Vec::new(), rotation };
        let scaled = formulas.scaled(input, stored);
        let split = match bands.len() {
            1 => vec![scaled],
            count => {
                let attributes = [("axis", Attribute::Int(1)), ("num_outputs", count.into())];
                formulas.graph.several("", "Split", &[&scaled], &attributes, count)
            }
        };
        for (band, value) in bands.into_iter().zip(split) {
            formulas.bands[band.index()] = Some(value);
        }
        let set = ChannelSet::of(&input.pixel);
        let values: Vec<Value> =
            set.channels().iter().map(|&channel| formulas.channel(channel)).collect();
        let values = graph.concat(&values.iter().collect::<Vec<_>>(), 1);
        let axis = graph.ints("used_axis", &[1]);
        let used = graph.of_two("Unsqueeze", used, &axis);
        Self { values, used }
    }

    /// The planes that a network sees: clipped, normalised, 0 where a pixel is not used, and as the last plane 1 where one is.
    ///
    /// # Shapes
    /// - output: `[batch, channel + 1, row, column]`
    pub(crate) fn planes(&self, graph: &mut Graph, normalisation: &Normalisation) -> Value {
        let scales = normalisation.scales();
        let mut column = |name: &str, number: fn(&ChannelScale) -> f64| {
            let numbers: Vec<f32> = scales.iter().map(|scale| single(number(scale))).collect();
            graph.floats(name, &[1, scales.len(), 1, 1], &numbers)
        };
        let (low, high) = (column("low", |scale| scale.low), column("high", |scale| scale.high));
        let mean = column("mean", |scale| scale.mean);
        let factor = column("factor", |scale| 1.0 / scale.deviation);
        let raised = graph.of_two("Max", &self.values, &low);
        let clipped = graph.of_two("Min", &raised, &high);
        let centred = graph.of_two("Sub", &clipped, &mean);
        let normalised = graph.of_two("Mul", &centred, &factor);
        let zero = graph.number("unused", 0.0);
        let masked = graph.node("Where", &[&self.used, &normalised, &zero], &[]);
        let mask = graph.cast(&self.used, Element::Float);
        graph.concat(&[&masked, &mask], 1)
    }
}

impl Formulas<'_> {
    /// The number `value`, which is one constant however often it is used.
    fn number(&mut self, value: f32) -> Value {
        if let Some((_, known)) = self.numbers.iter().find(|(own, _)| *own == value) {
            return known.clone();
        }
        let constant = self.graph.number(&format!("number_{}", self.numbers.len()), value);
        self.numbers.push((value, constant.clone()));
        constant
    }

    fn with(&mut self, operator: &str, value: &Value, number: f32) -> Value {
        let number = self.number(number);
        self.graph.of_two(operator, value, &number)
    }

    /// `number` as the left side.
    fn times(&mut self, number: f32, value: &Value) -> Value {
        self.with("Mul", value, number)
    }

    fn of(&mut self, operator: &str, left: &Value, right: &Value) -> Value {
        self.graph.of_two(operator, left, right)
    }

    /// All bands, scaled and clamped: `[batch, band, row, column]`. What is not a number becomes the lowest value.
    fn scaled(&mut self, input: &PatchDefinition, stored: &Value) -> Value {
        let scaling = input.pixel.scaling;
        let mut value = self.graph.cast(stored, Element::Float);
        for (operator, number, neutral) in [
            ("Mul", scaling.multiply, 1.0),
            ("Add", scaling.add, 0.0),
            ("Div", scaling.divide, 1.0),
        ] {
            if number != neutral {
                value = self.with(operator, &value, single(number));
            }
        }
        let lowest = self.number(REFLECTANCE_MIN);
        let is_above = self.of("Greater", &value, &lowest);
        let raised = self.graph.node("Where", &[&is_above, &value, &lowest], &[]);
        self.with("Min", &raised, REFLECTANCE_MAX)
    }

    fn band(&self, band: Band) -> Value {
        self.bands[band.index()].clone().expect("a channel is made of bands that are there")
    }

    /// `(left − right) / (left + right)`
    fn difference(&mut self, left: &Value, right: &Value) -> Value {
        let (above, below) = (self.of("Sub", left, right), self.of("Add", left, right));
        self.of("Div", &above, &below)
    }

    /// One channel as it is normalised: within its bounds, and its logarithm where that is taken.
    fn channel(&mut self, channel: Channel) -> Value {
        let mut value = self.formula(channel);
        if let Some([low, high]) = channel.clip() {
            value = self.with("Max", &value, low);
            value = self.with("Min", &value, high);
        }
        match Normalisation::logarithm(channel) {
            None => value,
            Some(offset) => {
                if offset != 0.0 {
                    value = self.with("Add", &value, offset);
                }
                self.graph.of_one("Log", &value)
            }
        }
    }

    fn formula(&mut self, channel: Channel) -> Value {
        use Band::{Blue, Green, Nir, Red, Swir1, Swir2};
        match channel {
            Channel::Blue => self.band(Blue),
            Channel::Green => self.band(Green),
            Channel::Red => self.band(Red),
            Channel::Nir => self.band(Nir),
            Channel::Swir1 => self.band(Swir1),
            Channel::Swir2 => self.band(Swir2),
            Channel::Evi => self.evi(),
            Channel::Bu => {
                let built_up = self.between(Swir1, Nir);
                let vegetation = self.between(Nir, Red);
                self.of("Sub", &built_up, &vegetation)
            }
            Channel::Sr => self.ratio(Nir, Red),
            Channel::Arvi => self.arvi(),
            Channel::Ui => self.between(Swir2, Nir),
            Channel::Ndbi => self.between(Swir1, Nir),
            Channel::Ibi => self.ibi(),
            Channel::Ndvi => self.between(Nir, Red),
            Channel::Ndwi => self.between(Green, Nir),
            Channel::Mndwi => self.between(Green, Swir1),
            Channel::Nbi => {
                let (red, swir1, nir) = (self.band(Red), self.band(Swir1), self.band(Nir));
                let product = self.of("Mul", &red, &swir1);
                self.of("Div", &product, &nir)
            }
            Channel::Brba => self.ratio(Red, Swir1),
            Channel::Nbai => {
                let ratio = self.ratio(Swir1, Green);
                let swir2 = self.band(Swir2);
                self.difference(&swir2, &ratio)
            }
            Channel::Baei => {
                let (red, green, swir1) = (self.band(Red), self.band(Green), self.band(Swir1));
                let above = self.with("Add", &red, 0.3);
                let below = self.of("Add", &green, &swir1);
                self.of("Div", &above, &below)
            }
            Channel::Bi => {
                let (swir1, red) = (self.band(Swir1), self.band(Red));
                let (nir, blue) = (self.band(Nir), self.band(Blue));
                let (soil, green) = (self.of("Add", &swir1, &red), self.of("Add", &nir, &blue));
                self.difference(&soil, &green)
            }
            Channel::Tcb
            | Channel::Tcg
            | Channel::Tcw
            | Channel::Tc4
            | Channel::Tc5
            | Channel::Tc6 => self.component(channel.index() - Channel::Tcb.index()),
        }
    }

    fn between(&mut self, left: Band, right: Band) -> Value {
        let (left, right) = (self.band(left), self.band(right));
        self.difference(&left, &right)
    }

    fn ratio(&mut self, above: Band, below: Band) -> Value {
        let (above, below) = (self.band(above), self.band(below));
        self.of("Div", &above, &below)
    }

    /// `2.5 · (n − r) / max(n + 6 r − 7.5 b + 1, 0.1)`
    fn evi(&mut self) -> Value {
        let (blue, red, nir) = (self.band(Band::Blue), self.band(Band::Red), self.band(Band::Nir));
        let rise = self.of("Sub", &nir, &red);
        let above = self.times(2.5, &rise);
        let (red, blue) = (self.times(6.0, &red), self.times(7.5, &blue));
        let sum = self.of("Add", &nir, &red);
        let difference = self.of("Sub", &sum, &blue);
        let below = self.with("Add", &difference, 1.0);
        let below = self.with("Max", &below, EVI_DENOMINATOR_MIN);
        self.of("Div", &above, &below)
    }

    /// `nd(n, max(2 r − b, 0.0001))`
    fn arvi(&mut self) -> Value {
        let (blue, red, nir) = (self.band(Band::Blue), self.band(Band::Red), self.band(Band::Nir));
        let twice = self.times(2.0, &red);
        let red_blue = self.of("Sub", &twice, &blue);
        let red_blue = self.with("Max", &red_blue, RED_BLUE_MIN);
        self.difference(&nir, &red_blue)
    }

    /// `nd(2 s1 / (s1 + n), n / (n + r) + g / (g + s1))`
    fn ibi(&mut self) -> Value {
        let (green, red) = (self.band(Band::Green), self.band(Band::Red));
        let (nir, swir1) = (self.band(Band::Nir), self.band(Band::Swir1));
        let (above, below) = (self.times(2.0, &swir1), self.of("Add", &swir1, &nir));
        let built_up = self.of("Div", &above, &below);
        let below = self.of("Add", &nir, &red);
        let vegetation = self.of("Div", &nir, &below);
        let below = self.of("Add", &green, &swir1);
        let water = self.of("Div", &green, &below);
        let others = self.of("Add", &vegetation, &water);
        self.difference(&built_up, &others)
    }

    /// One component of the tasseled cap, summed from the first band to the last.
    fn component(&mut self, component: usize) -> Value {
        let weights = self.rotation[component].map(single);
        let terms = Band::ALL.into_iter().zip(weights).map(|(band, weight)| {
            let band = self.band(band);
            self.times(weight, &band)
        });
        let terms: Vec<Value> = terms.collect();
        let (first, rest) = terms.split_first().expect("there are six bands");
        rest.iter().fold(first.clone(), |sum, term| self.of("Add", &sum, term))
    }
}

/// To single precision, which is what is computed in.
#[expect(clippy::cast_possible_truncation, reason = "constants are rounded to single precision")]
fn single(value: f64) -> f32 {
    value as f32
}
