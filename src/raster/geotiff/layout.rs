//! What a GeoTIFF is to be: extent, place, bands.

use tesela_datasets::patch::SampleType;

/// Rows and columns of a block.
pub(super) const BLOCK: usize = 256;

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First column.
    pub column: usize,
    /// First row.
    pub row: usize,
    /// Number of columns.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
}

/// What one band holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BandLayout {
    /// What it is called, such as `nir`.
    pub name: String,
    /// The colour (red, green, blue, opacity) of each value from 0 on; only for one-band `UInt8` and `UInt16`.
    pub colours: Vec<[u8; 4]>,
    /// What each value from 0 on means.
    pub categories: Vec<String>,
}

impl BandLayout {
    /// A band of measurements called `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// Extent, place and meaning of a raster that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct GeoTiffLayout {
    /// Number of columns.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// Type of the numbers.
    pub sample_type: SampleType,
    /// The bands, in the order of the file.
    pub bands: Vec<BandLayout>,
    /// GDAL's six numbers: x of the upper left corner, pixel width, row rotation, y of the upper left
    /// corner, column rotation, negative pixel height.
    pub transform: [f64; 6],
    /// The coordinate reference system in any notation that GDAL reads: `EPSG:6372`, WKT, PROJJSON.
    pub crs: Option<String>,
    /// The number that means "no data".
    pub nodata: Option<f64>,
}

impl GeoTiffLayout {
    /// Rows and columns of a block; windows that begin and end on its multiples are written at once.
    pub const BLOCK: usize = BLOCK;

    /// A raster without place and bands.
    pub fn new(width: usize, height: usize, sample_type: SampleType) -> Self {
        Self {
            width,
            height,
            sample_type,
            bands: Vec::new(),
            transform: [0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
            crs: None,
            nodata: None,
        }
    }

    /// The windows of `blocks` × `blocks` blocks that cover the raster, row by row.
    pub fn windows(&self, blocks: usize) -> impl Iterator<Item = Window> + use<> {
        let (width, height, step) = (self.width, self.height, BLOCK * blocks.max(1));
        (0..height).step_by(step).flat_map(move |row| {
            (0..width).step_by(step).map(move |column| Window {
                column,
                row,
                width: step.min(width - column),
                height: step.min(height - row),
            })
        })
    }

    /// What makes the layout impossible, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        let limit = usize::try_from(i32::MAX).unwrap_or(usize::MAX);
        if self.width == 0 || self.height == 0 || self.width > limit || self.height > limit {
            return Some(format!(
                "it has {} × {} pixels; 1 to {limit} each way are possible",
                self.width, self.height
            ));
        }
        if self.bands.is_empty() || self.bands.len() > usize::from(u16::MAX) {
            return Some(format!("it has {} bands; 1 to 65,535 are possible", self.bands.len()));
        }
        let coloured = self.bands.iter().any(|band| !band.colours.is_empty());
        let integers = matches!(self.sample_type, SampleType::UInt8 | SampleType::UInt16);
        if coloured && (self.bands.len() != 1 || !integers) {
            return Some(
                "colours are given; only one-band rasters of type `uint8` or `uint16` have them"
                    .into(),
            );
        }
        None
    }
}
