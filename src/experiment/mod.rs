//! Experiments: one TOML file says what is trained on what, and how it is measured.
//!
//! Everything that changes a result stands in the file: seed, data, folds, model. Flags of the program say
//! where and how much. Paths in the file are relative to the directory in which the program runs, which
//! is the root of a project.
//!
//! ```toml
//! seed = 1
//!
//! [data]
//! store = "stores/eurosat-rgb"
//! make = "tesela prepare eurosat-rgb --out stores/eurosat-rgb"   # how a missing store is made
//! min-used-share = 0.25      # patches with fewer used pixels are not trained on
//!
//! [data.classes]             # regroups the classes of the store; the order here is that of all tables
//! non-urban = "rest"
//! urban = ["Residential", "Industrial"]
//!
//! [data.sample]
//! per-class = 2000           # a random sample with the same number of cells of each class
//!
//! [validation]
//! schemes = ["random", "blocks"]     # also "regions" and "held-out"; `random` alone where nothing is said
//! folds = 10                 # or `plan = "runs/…/folds.parquet"`: cells and folds of another run
//! repeats = 1                # random folds and blocks are drawn so often
//! blocks = { size-metres = 20000, buffer-metres = 2000 }     # cells of a square block are held out together
//! # regions = { attribute = "group" }           # the groups of a table are left out one by one
//! # regions = { file = "states.gpkg", column = "name" }      # or the polygons of a file (`layer`, where it has several);
//! #                          # cells outside all of them are refused, or with `outside = "train"` never held out
//! # held-out = { file = "test-cells.csv" }      # these cells are scored; or `share = 0.2` of each class
//!
//! [validation.target-prevalence]   # scores are reported for this mixture, too
//! urban = 0.021              # one class may be left out; it is the rest. Of two classes the share of the second may
//! #                          # stand alone, in `[validation]`: `target-prevalence = 0.021`; or by stratum:
//! # strata = "group"         # or `{ file = "states.gpkg", column = "name" }`: in which stratum a cell lies
//! # [validation.target-prevalence.by-stratum]      # or `table = "strata.csv"`, with a row for each stratum
//! # north = { share = 0.4, urban = 0.05 }          # its share of all cells, and of its own that of each class but one
//! # south = { share = 0.6, urban = 0.001 }
//!
//! [model.extra-trees]
//! n-trees = 500
//! ```
//!
//! Start with [`Experiment::load`].

mod classes;
mod data;
mod error;
mod file;
mod prevalence;
mod prevalence_entries;
mod schemes;
mod strata;
mod strata_table;
mod validation;

pub use classes::{ClassGroups, Members, Regrouping};
pub use data::{Data, RawData, RawSample};
pub use error::ExperimentError;
pub use file::{Experiment, RawExperiment};
pub use prevalence::{RawPrevalence, TargetPrevalence};
pub use schemes::{
    Folding, HeldOutCells, RawBlocks, RawHeldOut, RawRegions, RegionPolygons, RegionSource,
    SchemeSettings,
};
pub use strata::{RawStrata, RawStrataFile, RawStrataSource};
pub use validation::{FoldSource, RawValidation, Validation};
