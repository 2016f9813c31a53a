//! `tesela simulate`: makes a country from a seed.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context;
use tesela_datasets::config::{ConfigError, read_toml};

use super::{Console, ExitStatus};
use crate::simulate::{Country, RawCountry, simulate};

/// Make a country from a seed: imagery, grid and truth
#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    /// Directory to create
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Size in cells of 1 km: one number for a square, or `160x100`
    #[arg(long, value_name = "CELLS")]
    size: Option<Size>,

    /// Seed of everything that is drawn
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// What the country is like; seed and size on the command line come before those in the file
    #[arg(long, value_name = "TOML")]
    country: Option<PathBuf>,
}

/// Cells from left to right and from top to bottom.
#[derive(Debug, Clone, Copy)]
struct Size([u32; 2]);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let edge = |text: &str| {
            text.parse::<u32>().map_err(|_| {
                format!("`{text}` is not a number of cells, such as `300` or `160x100`")
            })
        };
        match text.split_once('x') {
            Some((width, height)) => Ok(Self([edge(width)?, edge(height)?])),
            None => edge(text).map(|edge| Self([edge, edge])),
        }
    }
}

pub(crate) fn run(args: &SimulateArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let mut raw: RawCountry = match &args.country {
        Some(path) => read_toml(path)?,
        None => RawCountry::default(),
    };
    raw.size = args.size.map(|size| size.0).or(raw.size);
    raw.seed = args.seed.or(raw.seed);
    raw.fit_to_towns().context("the towns of the country cannot be used")?;
    let config = match &args.country {
        Some(path) => raw.check().map_err(|problems| ConfigError::invalid(path, problems))?,
        None => raw.check().context("the country cannot be simulated")?,
    };
    let country = Country::new(config).context("the towns of the country cannot be used")?;
    let made = simulate(&country, &args.out, console)?;
    console.note(format!(
        "{} × {} pixels, {} cells: {} urban, {} non-urban, {} undefined",
        made.pixels[0],
        made.pixels[1],
        made.cells,
        made.urban,
        made.non_urban,
        made.undefined()
    ));
    console.data(args.out.display())?;
    Ok(ExitStatus::Success)
}
