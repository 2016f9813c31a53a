//! `[validation]`, the schemes: in which ways the cells are spread over folds.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tesela_datasets::config::Problems;
use tesela_datasets::fold::{BlockSize, FoldCount, Scheme};

use super::RawValidation;

/// Folds where an experiment does not say.
pub(super) const DEFAULT_FOLDS: usize = 10;
/// More repeats than anybody waits for.
const MAX_REPEATS: u16 = 100;
/// The column of a store that says to which region a cell belongs.
const GROUP: &str = "group";
/// What becomes of cells outside all regions: they are trained on in every fold.
const TRAIN: &str = "train";

/// `[validation.blocks]` as written in an experiment file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawBlocks {
    /// Side of a block in metres; the range of a variogram of the label is a good one (`tesela inspect --variogram`).
    pub size_metres: f64,
    /// Cells within so many metres of a held-out one are not trained on; the range of the variogram, or the side of a
    /// patch where patches overlap, is a good one.
    #[serde(default)]
    pub buffer_metres: f64,
}

/// `[validation.regions]` as written in an experiment file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawRegions {
    /// The column of the store that names the region of a cell: `group`. Or else `file` says where regions lie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// A file of polygons: a cell belongs to the one that holds its middle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The layer of the file; the only one where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// The column of the file that names the region of a polygon; polygons of one name are one region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What becomes of cells that lie in no polygon: `train`, they are trained on and never held out. Without it they are an
    /// error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<String>,
    /// Cells within so many metres of a held-out one are not trained on.
    #[serde(default)]
    pub buffer_metres: f64,
}

/// `[validation.held-out]` as written in an experiment file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RawHeldOut {
    /// A CSV file whose column `cell_id` names the cells that are held out.
    pub file: Option<PathBuf>,
    /// The share of each class that is held out, drawn from the seed of the experiment.
    pub share: Option<f64>,
    /// Cells within so many metres of a held-out one are not trained on.
    #[serde(default)]
    pub buffer_metres: f64,
}

/// In which ways the cells are spread over folds.
#[derive(Debug, Clone, PartialEq)]
pub struct Folding {
    folds: FoldCount,
    repeats: u16,
    /// In order of strictness, each at most once.
    schemes: Vec<SchemeSettings>,
}

/// A scheme with all that it needs.
#[derive(Debug, Clone, PartialEq)]
pub enum SchemeSettings {
    /// At random, each class spread evenly.
    Random,
    /// By square blocks of the ground.
    Blocks(BlockSize),
    /// By region.
    Regions {
        /// What says which region a cell belongs to.
        source: RegionSource,
        /// Width of the buffer in metres.
        buffer: f64,
    },
    /// A fixed held-out set.
    HeldOut {
        /// Which cells.
        cells: HeldOutCells,
        /// Width of the buffer in metres.
        buffer: f64,
    },
}

/// What says which region a cell belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegionSource {
    /// The groups of the store.
    Groups,
    /// Polygons.
    Polygons(RegionPolygons),
}

/// Polygons that are regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionPolygons {
    /// The file.
    pub file: PathBuf,
    /// Its layer; the only one where `None`.
    pub layer: Option<String>,
    /// The column that names the region of a polygon.
    pub column: String,
    /// Whether cells that lie in none are trained on in every fold; otherwise there must be none.
    pub trains_outside: bool,
}

/// Which cells a fixed held-out set has.
#[derive(Debug, Clone, PartialEq)]
pub enum HeldOutCells {
    /// Those that a file names.
    File(PathBuf),
    /// So large a share of each class, drawn at random.
    Share(f64),
}

impl Folding {
    /// How many folds each scheme has, but the fixed held-out set, which has one.
    pub fn folds(&self) -> FoldCount {
        self.folds
    }

    /// How often random folds and blocks are drawn.
    pub fn repeats(&self) -> u16 {
        self.repeats
    }

    /// The schemes, from the mildest to the strictest.
    pub fn schemes(&self) -> &[SchemeSettings] {
        &self.schemes
    }
}

impl RawValidation {
    /// The schemes that are named, the mildest first; random folds where none is.
    pub(super) fn named_schemes(&self) -> Vec<Scheme> {
        let mut schemes = self.schemes.clone().unwrap_or_else(|| vec![Scheme::Random]);
        schemes.sort_unstable();
        schemes
    }

    /// Checks everything about folds that are drawn, and notes each problem with its key.
    pub(super) fn check_folding(&self, problems: &mut Problems) -> Option<Folding> {
        let schemes = self.named_schemes();
        if schemes.is_empty() {
            problems.add("validation.schemes", "is empty; expected a scheme such as `random`");
        }
        if let Some([twice, _]) = schemes.array_windows().find(|[one, next]| one == next) {
            let problem = format!("names `{twice}` twice (`repeats` draws folds again)");
            problems.add("validation.schemes", problem);
        }
        self.check_tables(&schemes, problems);
        let wanted = self.folds.unwrap_or(DEFAULT_FOLDS);
        let folds = FoldCount::new(wanted).ok();
        if folds.is_none() {
            problems.add("validation.folds", format!("is {wanted}; expected 2 to 1000"));
        }
        let repeats = self.repeats.unwrap_or(1);
        if !(1..=MAX_REPEATS).contains(&repeats) {
            let problem = format!("is {repeats}; expected 1 to {MAX_REPEATS}");
            problems.add("validation.repeats", problem);
        }
        let settings: Vec<Option<SchemeSettings>> =
            schemes.iter().map(|&scheme| self.check_scheme(scheme, problems)).collect();
        let schemes = settings.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Folding { folds: folds?, repeats, schemes })
    }

    /// Tables of schemes that are not asked for would be overlooked in silence.
    fn check_tables(&self, schemes: &[Scheme], problems: &mut Problems) {
        let tables = [
            (Scheme::Blocks, self.blocks.is_some()),
            (Scheme::Regions, self.regions.is_some()),
            (Scheme::HeldOut, self.held_out.is_some()),
        ];
        for (scheme, is_there) in tables {
            let key = format!("validation.{scheme}");
            match (schemes.contains(&scheme), is_there) {
                (true, false) => problems.add(&key, "is missing; `validation.schemes` names it"),
                (false, true) => {
                    problems.add(&key, "stands there, and `validation.schemes` does not name it");
                }
                _ => {}
            }
        }
    }

    fn check_scheme(&self, scheme: Scheme, problems: &mut Problems) -> Option<SchemeSettings> {
        match scheme {
            Scheme::Random => Some(SchemeSettings::Random),
            Scheme::Blocks => {
                let RawBlocks { size_metres, buffer_metres } = self.blocks.clone()?;
                if !(size_metres.is_finite() && size_metres > 0.0) {
                    let problem = format!("is {size_metres}; expected metres above 0");
                    problems.add("validation.blocks.size-metres", problem);
                }
                let buffer = check_buffer("blocks", buffer_metres, problems);
                Some(SchemeSettings::Blocks(BlockSize { side: size_metres, buffer }))
            }
            Scheme::Regions => {
                let regions = self.regions.clone()?;
                let buffer = check_buffer("regions", regions.buffer_metres, problems);
                Some(SchemeSettings::Regions { source: check_regions(regions, problems)?, buffer })
            }
            Scheme::HeldOut => {
                let RawHeldOut { file, share, buffer_metres } = self.held_out.clone()?;
                let buffer = check_buffer("held-out", buffer_metres, problems);
                let cells = check_cells(file, share, problems)?;
                Some(SchemeSettings::HeldOut { cells, buffer })
            }
        }
    }
}

fn check_buffer(table: &str, metres: f64, problems: &mut Problems) -> f64 {
    if !(metres.is_finite() && metres >= 0.0) {
        let problem = format!("is {metres}; expected 0 metres or more");
        problems.add(&format!("validation.{table}.buffer-metres"), problem);
    }
    metres
}

fn check_regions(raw: RawRegions, problems: &mut Problems) -> Option<RegionSource> {
    let RawRegions { attribute, file, layer, column, outside, .. } = raw;
    match (attribute, file) {
        (Some(attribute), None) => {
            if attribute != GROUP {
                let problem = format!("is `{attribute}`; expected `{GROUP}`");
                problems.add("validation.regions.attribute", problem);
            }
            let of_file = [("layer", &layer), ("column", &column), ("outside", &outside)];
            for (key, _) in of_file.iter().filter(|(_, value)| value.is_some()) {
                let key = format!("validation.regions.{key}");
                problems.add(&key, "stands beside `attribute`; it belongs to `file`");
            }
            Some(RegionSource::Groups)
        }
        (None, Some(file)) => {
            if let Some(found) = outside.as_deref().filter(|own| *own != TRAIN) {
                let problem = format!("is `{found}`; expected `{TRAIN}`, or nothing");
                problems.add("validation.regions.outside", problem);
            }
            if column.is_none() {
                let problem = "is missing; it names the column of `file` that names a region";
                problems.add("validation.regions.column", problem);
            }
            let trains_outside = outside.is_some();
            Some(RegionSource::Polygons(RegionPolygons {
                file,
                layer,
                column: column?,
                trains_outside,
            }))
        }
        _ => {
            problems.add("validation.regions", "needs either `attribute` or `file`");
            None
        }
    }
}

fn check_cells(
    file: Option<PathBuf>,
    share: Option<f64>,
    problems: &mut Problems,
) -> Option<HeldOutCells> {
    match (file, share) {
        (Some(file), None) => Some(HeldOutCells::File(file)),
        (None, Some(share)) if share > 0.0 && share < 1.0 => Some(HeldOutCells::Share(share)),
        (None, Some(share)) => {
            let problem = format!("is {share}; expected a share between 0 and 1");
            problems.add("validation.held-out.share", problem);
            None
        }
        _ => {
            problems.add("validation.held-out", "needs either `file` or `share`");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Folding, String> {
        let raw: RawValidation = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut problems = Problems::new();
        let folding = raw.check_folding(&mut problems);
        problems.finish(folding).map_err(|error| error.to_string())
    }

    #[test]
    fn the_smallest_table_means_ten_random_folds() {
        let folding = check("").unwrap();
        assert_eq!((folding.folds(), folding.repeats()), (FoldCount::TEN, 1));
        assert_eq!(folding.schemes(), [SchemeSettings::Random]);
    }

    #[test]
    fn schemes_are_taken_from_the_mildest_to_the_strictest() {
        let folding = check(
            "schemes = [\"held-out\", \"blocks\", \"random\"]\nfolds = 5\nrepeats = 3\n\
             blocks = { size-metres = 20000, buffer-metres = 2000 }\nheld-out = { share = 0.2 }",
        )
        .unwrap();
        let size = BlockSize { side: 20_000.0, buffer: 2000.0 };
        let held_out = SchemeSettings::HeldOut { cells: HeldOutCells::Share(0.2), buffer: 0.0 };
        let expected = [SchemeSettings::Random, SchemeSettings::Blocks(size), held_out];
        assert_eq!(folding.schemes(), expected);
        assert_eq!((folding.folds().get(), folding.repeats()), (5, 3));
    }

    #[test]
    fn tables_and_schemes_must_go_together() {
        let error = check("schemes = [\"blocks\"]").unwrap_err();
        assert!(error.contains("`validation.blocks`: is missing"), "{error}");
        let error = check("blocks = { size-metres = 5 }").unwrap_err();
        assert!(error.contains("does not name it"), "{error}");
        let error = check("schemes = [\"random\", \"random\"]").unwrap_err();
        assert!(error.contains("names `random` twice"), "{error}");
        let error = check("schemes = []").unwrap_err();
        assert!(error.contains("is empty"), "{error}");
    }

    #[test]
    fn every_bad_number_is_named() {
        let error = check(
            "schemes = [\"blocks\", \"regions\", \"held-out\"]\nfolds = 1\nrepeats = 0\n\
             blocks = { size-metres = 0, buffer-metres = -1 }\n\
             regions = { attribute = \"state\" }\nheld-out = { share = 1.0 }",
        )
        .unwrap_err();
        for part in [
            "`validation.folds`: is 1",
            "`validation.repeats`: is 0",
            "`validation.blocks.size-metres`: is 0",
            "`validation.blocks.buffer-metres`: is -1",
            "`validation.regions.attribute`: is `state`; expected `group`",
            "`validation.held-out.share`: is 1",
        ] {
            assert!(error.contains(part), "no `{part}` in {error}");
        }
        let error = check("schemes = [\"held-out\"]\nheld-out = {}").unwrap_err();
        assert!(error.contains("needs either `file` or `share`"), "{error}");
    }

    #[test]
    fn regions_are_groups_or_polygons() {
        let regions = |table: &str| check(&format!("schemes = [\"regions\"]\nregions = {table}"));
        let found = regions("{ file = \"states.gpkg\", column = \"name\", outside = \"train\" }");
        let polygons = RegionPolygons {
            file: "states.gpkg".into(),
            layer: None,
            column: "name".to_owned(),
            trains_outside: true,
        };
        let source = RegionSource::Polygons(polygons);
        assert_eq!(found.unwrap().schemes(), [SchemeSettings::Regions { source, buffer: 0.0 }]);
        for (table, expected) in [
            ("{}", "`validation.regions`: needs either"),
            ("{ attribute = \"group\", file = \"a\", column = \"b\" }", "needs either"),
            ("{ file = \"a\" }", "`validation.regions.column`: is missing"),
            ("{ attribute = \"group\", column = \"b\" }", "it belongs to `file`"),
            ("{ file = \"a\", column = \"b\", outside = \"drop\" }", "is `drop`; expected `train`"),
            ("{ file = \"a\", colunm = \"b\" }", "colunm"),
        ] {
            let error = regions(table).unwrap_err();
            assert!(error.contains(expected), "no `{expected}` in {error}");
        }
        // What was written before there were polygons is written as it was, so digests stay.
        let raw: RawRegions = toml::from_str("attribute = \"group\"").unwrap();
        let text = toml::to_string(&raw).unwrap();
        assert_eq!(text, "attribute = \"group\"\nbuffer-metres = 0.0\n");
    }

    #[test]
    fn misspelt_keys_are_refused() {
        let error = check("blocks = { size-meters = 5 }").unwrap_err();
        assert!(error.contains("size-meters"), "{error}");
        let error = check("schemes = [\"block\"]").unwrap_err();
        assert!(error.contains("unknown variant `block`"), "{error}");
    }
}
