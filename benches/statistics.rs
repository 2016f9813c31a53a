//! Seconds and memory to measure two million cells: all scores, then a thousand draws of them.
//!
//! One run is long enough to be timed once, so this is a plain program: `cargo bench --bench statistics`.

use std::io::Write;
use std::time::Instant;

use tesela::metrics::{Outcomes, Prevalence, Scores, StratumShares};
use tesela::statistics::{Bootstrap, Decided, IntervalMethod, Level, Resampled};
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::random::{generator, unit};

const CELLS: usize = 2_000_000;
const REPLICATES: usize = 1000;
const STRATA: u16 = 32;

/// Two classes, the second of them rare, with probabilities that overlap.
fn outcomes() -> Outcomes {
    let mut generator = generator(1, &[]);
    let mut outcomes = Outcomes::new(2);
    for _ in 0..CELLS {
        let urban = unit(&mut generator) < 0.02;
        let score = unit(&mut generator).powi(if urban { 1 } else { 6 });
        #[expect(clippy::cast_possible_truncation, reason = "probabilities are 32 bits wide")]
        let score = score as f32;
        outcomes.push(ClassId::new(usize::from(urban)), &[1.0 - score, score]);
    }
    outcomes
}

/// The same cells in strata of a country, each a little more urban than the one before.
fn in_strata(outcomes: &Outcomes) -> (Outcomes, Prevalence) {
    let mut placed = Outcomes::of_strata(2, STRATA.into());
    for (number, (truth, row)) in (0..STRATA).cycle().zip(outcomes.iter()) {
        placed.push_in(number, truth, row);
    }
    let stratum = |number: u16| {
        let urban = 0.04 * f64::from(number + 1) / f64::from(STRATA);
        let (stratum, share) = (number.to_string(), 1.0 / f64::from(STRATA));
        StratumShares { stratum, share, prevalence: vec![1.0 - urban, urban] }
    };
    let country = Prevalence::by_stratum((0..STRATA).map(stratum).collect());
    (placed, country.expect("strata that make a whole"))
}

/// The most memory that the process has held so far, where the system says so.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}

/// Seconds of all threads together, which other programs on the machine do not stretch; from the kernel's ticks.
fn processor_seconds() -> f64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = status.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn say(what: &str, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    let processor = processor_seconds();
    let text =
        format!("{what:<42} {seconds:8.2} s, processor so far {processor:8.2} s, peak {}", peak());
    writeln!(std::io::stdout(), "{text}").expect("a terminal takes a line");
}

fn main() {
    let outcomes = outcomes();
    let classes = ClassMap::new(["non-urban", "urban"]).expect("two names");
    let target = Prevalence::new(vec![0.9789, 0.0211]).expect("a whole");
    let start = Instant::now();
    for mixture in [None, Some(&target)] {
        Scores::of(&outcomes, &classes, mixture).expect("cells of both classes");
    }
    say("scores at the sample and at the target", start);
    let (placed, country) = in_strata(&outcomes);
    let start = Instant::now();
    Scores::of(&placed, &classes, Some(&country)).expect("cells of both classes");
    say("scores at the target by 32 strata", start);
    let cells = Decided::most_probable(outcomes);
    let names: Vec<usize> = (0..CELLS).map(|cell| cell / 400).collect();
    let blocks = cells.clone().with_blocks(&names);
    let strata = Decided::most_probable(placed).with_blocks(&names);
    for (what, decided, target) in [
        ("1,000 draws of 5,000 blocks", &blocks, &target),
        ("1,000 draws of single cells", &cells, &target),
        ("1,000 draws of 5,000 blocks by 32 strata", &strata, &country),
    ] {
        let start = Instant::now();
        let bootstrap = Bootstrap { replicates: REPLICATES, seed: 1 };
        let resampled = Resampled::of(decided, &classes, Some(target), bootstrap);
        let resampled = resampled.expect("cells of both classes");
        let intervals = resampled.sample().intervals(Level::NINETY_FIVE, IntervalMethod::Bca);
        assert!(intervals.iter().all(|one| one.interval.is_some()));
        say(what, start);
    }
}
