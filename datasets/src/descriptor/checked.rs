//! A descriptor that is known to be usable.

use std::collections::BTreeMap;
use std::path::Path;

use super::builtin;
use super::file_bands::FileBands;
use super::pattern::PathPattern;
use super::raw::{RawDescriptor, RawMosaic, RawPatches, RawScale};
use crate::class::ClassMap;
use crate::config::{ConfigError, InvalidConfig, Problems, parse_toml, read_toml};
use crate::pixel::{PixelDefinition, Product, Scaling};

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
}

/// What a data set is.
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor {
    name: String,
    source: String,
    licence: String,
    citation: Option<String>,
    obtain: Option<String>,
    pixel: PixelDefinition,
    file_bands: FileBands,
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

    /// What the imagery is and who made it.
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

    /// What the stored numbers mean.
    pub fn pixel(&self) -> &PixelDefinition {
        &self.pixel
    }

    /// Where a file holds the bands.
    pub fn file_bands(&self) -> &FileBands {
        &self.file_bands
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
        let file_bands = problems.note("bands", FileBands::new(&self.bands));
        let classes = problems.note("classes", ClassMap::new(self.classes));
        let scaling = check_scaling(self.product, self.scale.as_ref(), &mut problems);
        let checksums = check_checksums(self.checksums, &mut problems);
        let kind = check_kind(self.mosaic, self.patches, &mut problems);
        let tasseled_cap = self.tasseled_cap;
        let make = || {
            let file_bands = file_bands?;
            let (scaling, histogram_range) = scaling?;
            let bands = file_bands.bands().clone();
            Some(Descriptor {
                name: name?,
                source: self.source,
                licence: self.licence,
                citation: self.citation,
                obtain: self.obtain,
                pixel: PixelDefinition { bands, scaling, tasseled_cap, histogram_range },
                file_bands,
                classes: classes?,
                checksums,
                kind: kind?,
            })
        };
        let descriptor = make();
        problems.finish(descriptor)
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
    problems: &mut Problems,
) -> Option<DataKind> {
    match (mosaic, patches) {
        (Some(RawMosaic { path, patch_pixels }), None) => {
            let patch_pixels = match patch_pixels {
                Some(pixels) => Some(problems.note("mosaic.patch-pixels", odd_size(pixels))?),
                None => None,
            };
            Some(DataKind::Mosaic { path, patch_pixels })
        }
        (None, Some(RawPatches { path, pattern })) => {
            let pattern = problems.note("patches.pattern", PathPattern::new(&pattern))?;
            Some(DataKind::Patches { path, pattern })
        }
        (mosaic, _) => {
            let found = if mosaic.is_some() { "both are there" } else { "none is there" };
            problems.add("mosaic", format!("one of `[mosaic]` and `[patches]` is needed; {found}"));
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

    #[test]
    fn the_smallest_descriptor_is_enough() {
        let descriptor = read(SMALLEST).unwrap();
        assert_eq!(descriptor.file_bands().numbers(), [3, 1]);
        assert_eq!(descriptor.pixel().bands.iter().next(), Some(Band::Blue));
        assert_eq!(descriptor.pixel().scaling, Product::C2.scaling());
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
    fn uncalibrated_imagery_declares_its_scale_and_gets_a_histogram_range() {
        let scale = "[scale]\nscale = 0.5\nnodata = 255\n[mosaic]";
        let text = SMALLEST.replace("product = \"c2\"", "").replace("[mosaic]", scale);
        let descriptor = read(&text).unwrap();
        assert!(!descriptor.pixel().scaling.is_calibrated());
        assert_eq!(descriptor.pixel().scaling.nodata, Some(255.0));
        assert_eq!(descriptor.pixel().histogram_range, Some([0.0, 1.0]));
    }

    #[test]
    fn product_and_scale_exclude_each_other_and_one_kind_is_needed() {
        let error = read(&SMALLEST.replace("[mosaic]", "[scale]\nscale = 0.0")).unwrap_err();
        assert!(error.contains("not both") && error.contains("none is there"), "{error}");
    }
}
