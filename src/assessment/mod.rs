//! Assessment: a map held against what is known of its cells.
//!
//! Every cell of the map falls into one kind: scored, trained on, without a class, undefined, or unlabelled
//! ([`CellCounts`]). Figures are those of the scored cells, mixed as all labelled cells of the map are, with intervals over blocks of ground;
//! a second table has the cells that were trained on in it and is marked as contaminated. Figures are told apart by
//! how well cells were seen, by region and by distance from the edge; what was announced is held against what was
//! found; and the area of each class is estimated without the errors of the map.
//!
//! Memory is that of the labels and of the cells of a known class: some 250 bytes for each.
//!
//! [`assess()`] measures, [`write_assessment`] leaves files behind:
//!
//! ```text
//! metrics.json    everything; `kind` is `assessment`, `format` 1, and the rest as `Assessment` is declared
//! strata.csv      one row for each quality, side of the area of applicability, and region
//! edge.csv        one row for each band of distances from the nearest cell of another class
//! areas.csv       mapped and estimated share of each class
//! confusion.csv   known against mapped class, also as confusion.png
//! report.html     the same for reading and printing
//! ```
//!
//! Start with [`assess()`].

mod announced;
mod areas;
mod assess;
mod blocks;
mod counts;
mod edge;
mod error;
mod figures;
mod join;
mod known_cells;
mod labels;
mod lattice;
mod lookup;
mod regions;
mod remarks;
mod sets;
mod strata;
#[cfg(test)]
mod tests;
mod training_cells;
mod write;

pub use announced::{Announced, AnnouncedFigure, Verdict};
pub use areas::{AreaEstimate, ClassArea, Share};
pub use assess::{Assessed, Assessment, AssessmentInput, assess};
pub use blocks::Blocks;
pub use counts::CellCounts;
pub use edge::{EdgeBand, EdgeBands};
pub use error::AssessmentError;
pub use figures::Figures;
pub use known_cells::KnownCells;
pub use lookup::LookupFile;
pub use regions::RegionFile;
pub use remarks::{Remark, Weight};
pub use sets::SetCoverage;
pub use strata::{FEW, Strata, StrataKind, Stratum};
pub use training_cells::TrainingSource;
pub use write::{claim, write_assessment};
