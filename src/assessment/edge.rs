//! The edge: how figures change with the distance to the nearest cell of another class.
//!
//! Cells at the edge of a town are half town, and their label is half luck: errors that lie there weigh less than
//! those far from any edge, which no label explains. Distances are between labels, not between classes of the map.

use serde::{Deserialize, Serialize};
use tesela_datasets::cell::Point;
use tesela_datasets::class::{ClassId, ClassMap};

use super::join::Joined;
use super::lattice::{FAR, Lattice, Pitch};
use super::{Strata, StrataKind, Stratum};

/// The bands: the first distance of each in cells, and its name.
const BANDS: [(u8, &str); 5] =
    [(0, "1 cell"), (2, "2 cells"), (3, "3 to 5 cells"), (6, "6 to 10 cells"), (FAR, "more")];

/// Figures by distance from the edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeBands {
    /// The side of a cell in metres, where cells are squares in metres.
    pub cell_metres: Option<f64>,
    /// The scored cells by distance, the nearest first.
    pub bands: Vec<EdgeBand>,
    /// Scored cells without a place.
    pub elsewhere: u64,
}

/// The scored cells in one band of distances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeBand {
    /// The least distance to a cell of another class, in cells.
    pub from_cells: u8,
    /// The greatest whole distance in cells; `None` in the last band.
    pub to_cells: Option<u8>,
    /// Their figures.
    #[serde(flatten)]
    pub stratum: Stratum,
}

impl EdgeBands {
    /// The bands of the scored cells of `joined`; why there are none, in words.
    pub(super) fn of(joined: &Joined, classes: &ClassMap, metres: bool) -> Result<Self, String> {
        let pitch = joined.pitch.ok_or("cells have no outline")?;
        let lattice = Lattice::of(known(joined), pitch)?;
        let fresh = &joined.fresh;
        let truths = fresh.outcomes.truths().iter().copied();
        let cells: Vec<(ClassId, Option<Point>)> =
            truths.zip(fresh.places.iter().copied()).collect();
        let distances = lattice.to_other_class(&cells, classes.len());
        let names: Vec<String> = BANDS.iter().map(|(_, name)| (*name).to_owned()).collect();
        let band = |cell: usize| {
            let distance = distances[cell]?;
            BANDS.iter().rposition(|(from, _)| *from <= distance)
        };
        let Strata { parts, elsewhere, .. } = Strata::of(
            (StrataKind::Distance, "distance from the edge"),
            &names,
            fresh,
            classes,
            band,
        );
        let cell_metres = (metres && is_square(pitch)).then_some(pitch.x);
        Ok(Self { cell_metres, bands: parts.into_iter().map(EdgeBand::of).collect(), elsewhere })
    }
}

impl EdgeBand {
    fn of(stratum: Stratum) -> Self {
        let place = BANDS.iter().position(|(_, name)| *name == stratum.name);
        let place = place.expect("a band has its name from the list");
        let to_cells = BANDS.get(place + 1).map(|(next, _)| next - 1);
        Self { from_cells: BANDS[place].0.max(1), to_cells, stratum }
    }
}

fn is_square(pitch: Pitch) -> bool {
    (pitch.x - pitch.y).abs() < 1e-6 * pitch.x
}

/// All cells of a known class that have a place, also those that are not scored.
fn known(joined: &Joined) -> impl Iterator<Item = (ClassId, Point)> + Clone + '_ {
    let sets = [&joined.fresh, &joined.trained].into_iter();
    let placed = sets.flat_map(|set| set.outcomes.truths().iter().zip(&set.places));
    placed
        .filter_map(|(&class, place)| Some((class, (*place)?)))
        .chain(joined.blank.iter().copied())
}
