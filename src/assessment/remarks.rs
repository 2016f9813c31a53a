//! Remarks: what a reader must know before any figure, in plain words.

use serde::Serialize;

use super::{Assessment, TrainingSource, Verdict};

/// Fewer blocks than this make rough intervals.
const FEW_BLOCKS: u32 = 30;
/// A share of a class is another one where it is this many times as large or small.
const OTHER_MIXTURE: f64 = 1.25;

/// How much a remark matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The figures are not what they seem, or the map is not what it should be.
    Severe,
    /// The figures may be off.
    Caution,
    /// Worth knowing.
    Note,
}

/// Something that a reader must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// A name that stays the same.
    pub code: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// What is the case, in one line.
    pub title: String,
    /// What it means.
    pub meaning: String,
    /// What to do about it.
    pub advice: String,
}

impl Remark {
    fn new(code: &'static str, weight: Weight, title: String, meaning: &str, advice: &str) -> Self {
        let (meaning, advice) = (meaning.to_owned(), advice.to_owned());
        Self { code, weight, title, meaning, advice }
    }
}

/// All remarks, the weightiest first.
pub(super) fn remarks(assessment: &Assessment) -> Vec<Remark> {
    let rules = [
        training_cells,
        announced,
        constant,
        mixture,
        strangers,
        few_cells,
        blocks,
        settled,
        vanishing,
        census,
        edge,
        areas,
    ];
    let mut all: Vec<Remark> = rules.iter().filter_map(|rule| rule(assessment)).collect();
    all.sort_by_key(|remark| remark.weight);
    all
}

fn training_cells(assessment: &Assessment) -> Option<Remark> {
    (assessment.training == TrainingSource::Nobody).then(|| {
        Remark::new(
            "training-cells",
            Weight::Severe,
            "Training cells could not be left out".to_owned(),
            "Nothing says which cells the model was trained on, so the figures may hold cells that it knows by heart and are \
             then too good.",
            "Name the run (`--run`) or a file with the ids of its training cells (`--trained-on`).",
        )
    })
}

fn announced(assessment: &Assessment) -> Option<Remark> {
    let figure = assessment.announced.as_ref()?.decisive();
    let name = &figure.name;
    match figure.verdict() {
        Verdict::Below => Some(Remark::new(
            "worse-than-announced",
            Weight::Severe,
            format!("The map is worse than was announced: {name} lies below its interval"),
            "Of a hundred maps as good as announced, about three lie lower. Likelier causes: another mixture of classes \
             than was declared, cells unlike those evaluated, another year, or labels made in another way.",
            "Compare the shares of the classes and the figures inside and outside the area of applicability; then declare \
             the share that was found and train again.",
        )),
        Verdict::Above => Some(Remark::new(
            "better-than-announced",
            Weight::Note,
            format!("The map is better than was announced: {name} lies above its interval"),
            "The run was evaluated on harder cells than the map has, or the labels leave out the hard ones.",
            "Look at what the labels leave out before the figure is quoted.",
        )),
        _ => None,
    }
}

fn constant(assessment: &Assessment) -> Option<Remark> {
    let scores = &assessment.headline.scores;
    let common = scores.classes.iter().max_by(|a, b| a.prevalence.total_cmp(&b.prevalence))?;
    (scores.accuracy < common.prevalence).then(|| {
        Remark::new(
            "constant",
            Weight::Severe,
            format!("A map that says `{}` everywhere is right more often", common.class),
            "The share of right cells lies below the share of the commonest class.",
            "Where the rare class is what counts, look at its precision and recall; otherwise raise the threshold.",
        )
    })
}

fn mixture(assessment: &Assessment) -> Option<Remark> {
    let expected = assessment.announced.as_ref()?.prevalence.as_ref()?;
    let classes = expected.iter().zip(&assessment.headline.scores.classes);
    let differs = |(expected, own): &(&f64, &crate::metrics::ClassScores)| {
        let ratio = own.prevalence / **expected;
        **expected > 0.0 && !(1.0 / OTHER_MIXTURE..=OTHER_MIXTURE).contains(&ratio)
    };
    let mut differing = classes.filter(differs);
    let (expected, own) = differing.next()?;
    Some(Remark::new(
        "mixture",
        Weight::Caution,
        format!(
            "`{}` is {:.1} % of the labelled cells; {:.1} % were expected",
            own.class,
            100.0 * own.prevalence,
            100.0 * expected
        ),
        "Precision and F1 depend on the mixture, so part of the difference to what was announced comes from it.",
        "Declare the share that was found as target prevalence, or make the sample as mixed as the country.",
    ))
}

fn strangers(assessment: &Assessment) -> Option<Remark> {
    let strangers = assessment.counts.not_on_map;
    (strangers > 0).then(|| {
        Remark::new(
            "not-on-map",
            Weight::Caution,
            format!("{strangers} cells of the labels are not on the map"),
            "They are counted and not scored. Labels of another grid, or of a larger country, have such cells.",
            "Check that both speak of the same grid.",
        )
    })
}

fn few_cells(assessment: &Assessment) -> Option<Remark> {
    let few = assessment.headline.scores.classes.iter().find(|class| class.support < 30)?;
    Some(Remark::new(
        "few-cells",
        Weight::Caution,
        format!("Only {} scored cells are `{}`", few.support, few.class),
        "Its figures rest on so few cells that one of them moves them visibly.",
        "Quote the interval, not the figure; label more cells of the class.",
    ))
}

fn blocks(assessment: &Assessment) -> Option<Remark> {
    let blocks = &assessment.blocks;
    if let Some(reason) = &blocks.missing {
        return Some(Remark::new(
            "no-blocks",
            Weight::Caution,
            format!("Intervals take every cell for itself: {reason}"),
            "Neighbours are alike and err together, so the intervals are too narrow.",
            "Make the map of a grid whose cells have a place in a known coordinate reference system.",
        ));
    }
    (blocks.number < FEW_BLOCKS).then(|| {
        Remark::new(
            "few-blocks",
            Weight::Caution,
            format!("Intervals rest on {} blocks", blocks.number),
            "With so few blocks an interval of 95 % holds the truth less often than it says.",
            "Take smaller blocks (`--block-metres`) where errors are not alike over such distances.",
        )
    })
}

fn settled(assessment: &Assessment) -> Option<Remark> {
    let settled: Vec<String> =
        assessment.settled.iter().map(|one| one.words(&assessment.classes)).collect();
    (!settled.is_empty()).then(|| {
        Remark::new(
            "estimated-prevalence",
            Weight::Note,
            format!("The map was decided at an estimated prevalence: {}", settled.join("; ")),
            "What the run announced rests on a stand-in: the prevalence that it declares as target, or that of its sample. \
             The estimate holds where cells of a class look as they did in the sample.",
            "Where the labels are a sample drawn at random, hold the estimate against their shares.",
        )
    })
}

fn vanishing(assessment: &Assessment) -> Option<Remark> {
    let mut warnings = assessment.settled.iter().filter_map(|one| one.warning(&assessment.classes));
    warnings.next().map(|warning| {
        Remark::new(
            "vanishing-prevalence",
            Weight::Caution,
            "The map was decided at an estimated prevalence of next to nothing".to_owned(),
            &format!("Of the map it is known that {warning}."),
            "Hold the figures of that class against the known cells of the map before it is used.",
        )
    })
}

fn census(assessment: &Assessment) -> Option<Remark> {
    let counts = &assessment.counts;
    (!counts.is_census()).then(|| {
        Remark::new(
            "sample",
            Weight::Note,
            format!(
                "The class of {:.1} % of the mapped cells is known",
                100.0 * counts.known_share()
            ),
            "The figures are those of the known cells. They hold for the whole map where known cells were drawn at random.",
            "Find out why the others are unknown: places that are hard to label are hard to map, too.",
        )
    })
}

fn edge(assessment: &Assessment) -> Option<Remark> {
    let reason = assessment.edge_missing.as_ref()?;
    Some(Remark::new(
        "no-edge",
        Weight::Note,
        "There are no figures by distance from the edge".to_owned(),
        &format!("Distances are counted on the lattice of the grid: {reason}."),
        "None is needed for the other figures.",
    ))
}

fn areas(assessment: &Assessment) -> Option<Remark> {
    let reason = assessment.areas_missing.as_ref()?;
    Some(Remark::new(
        "no-areas",
        Weight::Note,
        "The area of the classes could not be estimated".to_owned(),
        &format!("Every mapped class is a stratum: {reason}."),
        "Label some cells of that mapped class, drawn at random.",
    ))
}
