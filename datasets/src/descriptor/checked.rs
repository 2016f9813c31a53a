//! A descriptor that is known to be usable.

use std::collections::BTreeMap;
use std::path::Path;

use super::builtin;
use super::file_bands::FileBands;
use super::pattern::PathPattern;
use super::raw::{RawDescriptor, RawMosaic, RawPatches, RawScale, RawTable};
use super::table::TableSource;
use crate::class::ClassMap;
use crate::config::{ConfigError, InvalidConfig, Problems, parse_toml, read_toml};
use crate::pixel::{PixelDefinition, Product, Scaling, TasseledCap};

/// The largest patch: the side of a window that still fits memory many times.
const MAX_PATCH_PIXELS: usize = 511;

/// How the data of a data set lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataKind {
    /// One raster, cut by a grid.
    Mosaic {
        /// Where it lies, unless the user says otherwise.
        path: Option<String>,
        /// Rows and columns of a patch; `None`: what the cells of the grid measure.
        patch_pixels: Option<usize>,
    },
    /// Ready-made patches in a folder or zip archive.
    Patches {
        /// Where it lies, unless the user says otherwise.
        path: Option<String>,
        /// How a path tells class and name.
        pattern: PathPattern,
    },
    /// The rows of a table.
    Table(TableSource),
}

impl DataKind {
    /// What it is, in a word or two.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Mosaic { .. } => "a mosaic",
            Self::Patches { .. } => "patches",
            Self::Table(_) => "a table",
        }
    }
}

/// What the pixels of a data set are.
#[derive(Debug, Clone, PartialEq)]
pub struct Imagery {
    /// What the stored numbers mean.
    pub pixel: PixelDefinition,
    /// Where a file holds the bands.
    pub file_bands: FileBands,
}

/// What a data set is.
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor {
    name: String,
    source: String,
    licence: String,
    citation: Option<String>,
    obtain: Option<String>,
    imagery: Option<Imagery>,
    classes: ClassMap,
    checksums: BTreeMap<String, String>,
    kind: DataKind,
}

impl Descriptor {
    /// Reads the descriptor at `path`; a path that is just the name of a built-in one, with or without
    /// `.toml`, means that one where no such file exists.
    ///
    /// # Errors
    /// If the file cannot be read, is not the expected TOML, or says something that cannot be.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let raw: RawDescriptor = match builtin::text_of(path) {
            Some(text) if !path.exists() => parse_toml(text, path)?,
            _ => read_toml(path)?,
        };
        raw.check().map_err(|source| ConfigError::invalid(path, source))
    }

    /// The names of the built-in descriptors.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        builtin::names()
    }

    /// The short name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the data are and who made them.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Licence of the data.
    pub fn licence(&self) -> &str {
        &self.licence
    }

    /// How to cite it.
    pub fn citation(&self) -> Option<&str> {
        self.citation.as_deref()
    }

    /// Where a person gets the original.
    pub fn obtain(&self) -> Option<&str> {
        self.obtain.as_deref()
    }

    /// What the pixels are; `None` for a table.
    pub fn imagery(&self) -> Option<&Imagery> {
        self.imagery.as_ref()
    }

    /// The classes.
    pub fn classes(&self) -> &ClassMap {
        &self.classes
    }

    /// The SHA-256 that the file called `name` must have, in lower-case hexadecimal digits.
    pub fn checksum(&self, name: &str) -> Option<&str> {
        self.checksums.get(name).map(String::as_str)
    }

    /// How the data lie.
    pub fn kind(&self) -> &DataKind {
        &self.kind
    }
}

impl RawDescriptor {
    /// Checks every key.
    ///
    /// # Errors
    /// If any is unusable; all problems are told at once.
    pub fn check(self) -> Result<Descriptor, InvalidConfig> {
        let mut problems = Problems::new();
        let name = problems.note("name", checked_name(&self.name));
        let classes = problems.note("classes", ClassMap::new(self.classes));
        if let Some(Err(error)) = classes.as_ref().map(ClassMap::check_names) {
            problems.add("classes", error.to_string());
        }
        let pixels = RawPixels {
            product: self.product,
            scale: self.scale,
            tasseled_cap: self.tasseled_cap,
            bands: self.bands,
        };
        let is_table = self.table.is_some() && self.mosaic.is_none() && self.patches.is_none();
        let imagery = if is_table {
            pixels.refuse(&mut problems);
            Some(None)
        } else {
            pixels.check(&mut problems).map(Some)
        };
        let checksums = check_checksums(self.checksums, &mut problems);
        let kind = check_kind(self.mosaic, self.patches, self.table, &mut problems);
        let make = || {
            Some(Descriptor {
                name: name?,
                source: self.source,
                licence: self.licence,
                citation: self.citation,
                obtain: self.obtain,
                imagery: imagery?,
                classes: classes?,
                checksums,
                kind: kind?,
            })
        };
        let descriptor = make();
        problems.finish(descriptor)
    }
}

/// The keys that speak of pixels.
struct RawPixels {
    product: Option<Product>,
    scale: Option<RawScale>,
    tasseled_cap: Option<TasseledCap>,
    bands: Option<Vec<String>>,
}

impl RawPixels {
    fn check(self, problems: &mut Problems) -> Option<Imagery> {
        let file_bands = match &self.bands {
            Some(bands) => problems.note("bands", FileBands::new(bands)),
            None => {
                problems.add("bands", "is missing; name the bands in the order of the file");
                None
            }
        };
        let scaling = check_scaling(self.product, self.scale.as_ref(), problems);
        let (file_bands, (scaling, histogram_range)) = (file_bands?, scaling?);
        let bands = file_bands.bands().clone();
        let tasseled_cap = self.tasseled_cap.unwrap_or_default();
        let pixel = PixelDefinition { bands, scaling, tasseled_cap, histogram_range };
        Some(Imagery { pixel, file_bands })
    }

    /// Answers each key that is there: a table has no pixels.
    fn refuse(&self, problems: &mut Problems) {
        let keys = [
            ("product", self.product.is_some()),
            ("scale", self.scale.is_some()),
            ("tasseled-cap", self.tasseled_cap.is_some()),
            ("bands", self.bands.is_some()),
        ];
        for (key, _) in keys.into_iter().filter(|(_, is_there)| *is_there) {
            problems.add(key, "speaks of pixels, which a `[table]` does not have");
        }
    }
}

fn checked_name(name: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.is_empty() && name.len() <= 100 && name.chars().all(fits) {
        return Ok(name.to_owned());
    }
    Err(format!("`{name}` is not 1 to 100 small letters, digits and hyphens"))
}

type ScalingAndRange = (Scaling, Option<[f64; 2]>);

fn check_scaling(
    product: Option<Product>,
    scale: Option<&RawScale>,
    problems: &mut Problems,
) -> Option<ScalingAndRange> {
    match (product, scale) {
        (Some(product), None) => Some((product.scaling(), None)),
        (None, Some(scale)) => check_scale(scale, problems),
        (Some(_), Some(_)) => {
            problems.add("product", "stands beside `[scale]`; one of them is needed, not both");
            None
        }
        (None, None) => {
            let message = "is missing; name one of c1, c2, s2, s2-0400, or declare `[scale]` for imagery that is not calibrated";
            problems.add("product", message);
            None
        }
    }
}

fn check_scale(scale: &RawScale, problems: &mut Problems) -> Option<ScalingAndRange> {
    let mut right = true;
    let mut demand = |holds: bool, key: &str, problem: String| {
        if !holds {
            problems.add(key, problem);
            right = false;
        }
    };
    let factor = scale.scale;
    demand(
        factor.is_finite() && factor != 0.0,
        "scale.scale",
        format!("{factor} is not a finite number other than 0"),
    );
    demand(
        scale.offset.is_finite(),
        "scale.offset",
        format!("{} is not a finite number", scale.offset),
    );
    // The default holds every value after clamping.
    let [low, high] = scale.histogram_range.unwrap_or([0.0, 1.0]);
    demand(
        low.is_finite() && high.is_finite() && low < high,
        "scale.histogram-range",
        format!("[{low}, {high}] is not an interval; expected the lower end first"),
    );
    let scaling = Scaling::declared(scale.scale, scale.offset, scale.nodata);
    right.then_some((scaling, Some([low, high])))
}

fn check_checksums(
    checksums: BTreeMap<String, String>,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    for (file, digest) in &checksums {
        let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if digest.len() != 64 || !digest.chars().all(hexadecimal) {
            let problem =
                format!("`{digest}` is not a SHA-256 in 64 lower-case hexadecimal digits");
            problems.add(&format!("checksums.{file}"), problem);
        }
    }
    checksums
}

fn check_kind(
    mosaic: Option<RawMosaic>,
    patches: Option<RawPatches>,
    table: Option<RawTable>,
    problems: &mut Problems,
) -> Option<DataKind> {
    match (mosaic, patches, table) {
        (Some(RawMosaic { path, patch_pixels }), None, None) => {
            let patch_pixels = match patch_pixels {
                Some(pixels) => Some(problems.note("mosaic.patch-pixels", odd_size(pixels))?),
                None => None,
            };
            Some(DataKind::Mosaic { path, patch_pixels })
        }
        (None, Some(RawPatches { path, pattern }), None) => {
            let pattern = problems.note("patches.pattern", PathPattern::new(&pattern))?;
            Some(DataKind::Patches { path, pattern })
        }
        (None, None, Some(table)) => Some(DataKind::Table(table.check(problems))),
        (mosaic, patches, _) => {
            let several = mosaic.is_some() || patches.is_some();
            let found = if several { "several are there" } else { "none is there" };
            let wanted = "one of `[mosaic]`, `[patches]` and `[table]` is needed";
            problems.add("mosaic", format!("{wanted}; {found}"));
            None
        }
    }
}

fn odd_size(pixels: usize) -> Result<usize, String> {
    if pixels % 2 == 1 && pixels <= MAX_PATCH_PIXELS {
        return Ok(pixels);
    }
    Err(format!("{pixels} is not an odd number from 1 to {MAX_PATCH_PIXELS}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel::Band;
    use crate::table::TableKeys;
    use crate::table_file::ColumnChoice;

    const SMALLEST: &str = r#"
        name = "small"
        source = "nobody"
        licence = "MIT"
        product = "c2"
        bands = ["red", "-", "blue"]
        classes = ["a", "b"]
        [mosaic]
    "#;

    fn read(text: &str) -> Result<Descriptor, String> {
        let path = Path::new("x.toml");
        let raw: RawDescriptor = parse_toml(text, path).map_err(|error| error.to_string())?;
        raw.check().map_err(|error| error.to_string())
    }

    fn imagery(descriptor: &Descriptor) -> &Imagery {
        descriptor.imagery().unwrap()
    }

    const TABLE: &str = r#"
        name = "small"
        source = "nobody"
        licence = "MIT"
        classes = ["a", "b"]
        [table]
        id = "plot"
    "#;

    #[test]
    fn the_smallest_table_takes_all_columns_of_numbers() {
        let descriptor = read(TABLE).unwrap();
        assert_eq!(descriptor.imagery(), None);
        let DataKind::Table(table) = descriptor.kind() else { panic!("it is a table") };
        assert_eq!(table.keys, TableKeys::id("plot"));
        assert_eq!(table.columns, ColumnChoice::AllBut(Vec::new()));
    }

    #[test]
    fn a_table_has_no_pixels_and_each_column_one_meaning() {
        let pixels = "product = \"c1\"\nbands = [\"red\"]\nclasses";
        let more =
            "id = \"plot\"\nlabel = \"plot\"\nx = \"east\"\ncolumns = [\"plot\"]\nignore = []";
        let text = TABLE.replace("classes", pixels).replace("id = \"plot\"", more);
        let error = read(&text).unwrap_err();
        for problem in [
            "`product`: speaks of pixels",
            "`bands`: speaks of pixels",
            "`table`: column `plot` has two meanings",
            "`table.x`: and `table.y` are needed together",
            "`table.ignore`: stands beside `table.columns`",
            "`table.columns`: column `plot` is the id",
        ] {
            assert!(error.contains(problem), "{problem} in {error}");
        }
        let error = read(&TABLE.replace("id =", "lable = \"kind\"\nid =")).unwrap_err();
        assert!(error.contains("did you mean `label`?"), "{error}");
        let error =
            read(&SMALLEST.replace("[mosaic]", "[mosaic]\n[table]\nid = \"a\"")).unwrap_err();
        assert!(error.contains("several are there"), "{error}");
        let error = read(&SMALLEST.replace("bands = [\"red\", \"-\", \"blue\"]", "")).unwrap_err();
        assert!(error.contains("`bands`: is missing"), "{error}");
    }

    #[test]
    fn the_smallest_descriptor_is_enough() {
        let descriptor = read(SMALLEST).unwrap();
        assert_eq!(imagery(&descriptor).file_bands.numbers(), [3, 1]);
        assert_eq!(imagery(&descriptor).pixel.bands.iter().next(), Some(Band::Blue));
        assert_eq!(imagery(&descriptor).pixel.scaling, Product::C2.scaling());
        let mosaic = DataKind::Mosaic { path: None, patch_pixels: None };
        assert_eq!(descriptor.kind(), &mosaic);
    }

    #[test]
    fn a_misspelt_key_is_answered_with_the_nearest_right_one() {
        let error = read(&SMALLEST.replace("licence", "license")).unwrap_err();
        assert!(error.contains("did you mean `licence`?"), "{error}");
        let error = read(&SMALLEST.replace("\"c2\"", "\"c3\"")).unwrap_err();
        assert!(error.contains("unknown variant `c3`"), "{error}");
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let text = SMALLEST
            .replace("\"small\"", "\"Small one\"")
            .replace("product = \"c2\"", "")
            .replace("\"blue\"", "\"bleu\"")
            .replace("\"b\"", "\"a\"")
            .replace("[mosaic]", "[checksums]\n\"a.tif\" = \"12\"\n[mosaic]\npatch-pixels = 32");
        let error = read(&text).unwrap_err();
        for key in ["name", "product", "bands", "classes", "checksums.a.tif", "mosaic.patch-pixels"]
        {
            assert!(error.contains(&format!("`{key}`")), "{key} in {error}");
        }
    }

    #[test]
    fn classes_that_some_form_of_a_map_cannot_hold_are_refused() {
        for (name, problem) in [("A", "differ by small"), ("b;c", "has a `;`"), ("b ", "space")] {
            let error = read(&SMALLEST.replace("\"b\"", &format!("\"{name}\""))).unwrap_err();
            assert!(error.contains("`classes`") && error.contains(problem), "{error}");
        }
    }

    #[test]
    fn uncalibrated_imagery_declares_its_scale_and_gets_a_histogram_range() {
        let scale = "[scale]\nscale = 0.5\nnodata = 255\n[mosaic]";
        let text = SMALLEST.replace("product = \"c2\"", "").replace("[mosaic]", scale);
        let descriptor = read(&text).unwrap();
        assert!(!imagery(&descriptor).pixel.scaling.is_calibrated());
        assert_eq!(imagery(&descriptor).pixel.scaling.nodata, Some(255.0));
        assert_eq!(imagery(&descriptor).pixel.histogram_range, Some([0.0, 1.0]));
    }

    #[test]
    fn product_and_scale_exclude_each_other_and_one_kind_is_needed() {
        let error = read(&SMALLEST.replace("[mosaic]", "[scale]\nscale = 0.0")).unwrap_err();
        assert!(error.contains("not both") && error.contains("none is there"), "{error}");
    }
}
