//! Contact sheets: some patches of each class, side by side, in natural and in false colour.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{ImageFormat, Rgb, RgbImage};
use tesela_datasets::class::ClassId;
use tesela_datasets::patch::{PatchDefinition, PatchShape};
use tesela_datasets::pixel::Band;
use tesela_datasets::random::{generator, shuffle};
use tesela_datasets::store::{StoreError, StoreReader};
use tesela_datasets::whole_file::write_whole;

use super::stretch::Stretch;

/// Patches in a row, and rows of a sheet.
const SIDE: usize = 8;
/// Pixels between two patches.
const GAP: usize = 3;
/// Patches are enlarged to about this many pixels a side.
const PATCH_SIDE: usize = 96;
/// The colour of pixels that are not used, and of gaps.
const UNUSED: Rgb<u8> = Rgb([40, 44, 52]);
/// The place of this draw below the seed.
const DRAW: u64 = 0x5EE7;

/// Why pictures could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectionError {
    /// The store cannot be read.
    #[error("cannot read the store")]
    Store(#[from] StoreError),
    /// There are no pixels to show.
    #[error("store `{}` holds {found}, of which there are no pictures; expected patches", .path.display())]
    NoPixels {
        /// The store.
        path: PathBuf,
        /// What it holds.
        found: String,
    },
    /// The operating system refused.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A picture cannot be encoded.
    #[error("cannot encode the picture `{}`", .path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        source: image::ImageError,
    },
}

/// A sheet that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetSummary {
    /// Where it lies.
    pub path: PathBuf,
    /// How many patches it shows.
    pub patches: usize,
}

/// Makes contact sheets of a store.
pub struct ContactSheets<'a> {
    store: &'a StoreReader,
    patches: &'a PatchDefinition,
}

impl<'a> ContactSheets<'a> {
    /// For `store`.
    ///
    /// # Errors
    /// If it holds no patches.
    pub fn new(store: &'a StoreReader) -> Result<Self, InspectionError> {
        let input = &store.definition().input;
        let patches = input.patches().ok_or_else(|| InspectionError::NoPixels {
            path: store.path().to_owned(),
            found: input.words(),
        })?;
        Ok(Self { store, patches })
    }

    /// Writes one sheet per class and colouring into `folder`; the same store gives the same pictures.
    ///
    /// # Errors
    /// If the store cannot be read or a picture cannot be written.
    pub fn write(&self, folder: &Path) -> Result<Vec<SheetSummary>, InspectionError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| InspectionError::Write { path: folder.to_owned(), source })?;
        let classes = &self.store.definition().classes;
        let mut sheets = Vec::new();
        let groups = classes.ids().map(Some).chain([None]);
        for class in groups {
            let name = class.map_or("undefined", |class| classes.name(class));
            let rows = self.rows_of(class);
            if rows.is_empty() {
                continue;
            }
            for (colouring, bands) in self.colourings() {
                let path = folder.join(format!("{}-{colouring}.png", file_name(name)));
                let sheet = self.draw(&rows, bands)?;
                save(&sheet, &path)?;
                sheets.push(SheetSummary { path, patches: rows.len() });
            }
        }
        Ok(sheets)
    }

    /// A sheet of `rows` in their order, in natural colour where the bands allow it.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn sheet(&self, rows: &[u32]) -> Result<RgbImage, InspectionError> {
        let bands = self.colourings().first().map_or([0; 3], |(_, bands)| *bands);
        Ok(self.draw(rows, bands)?)
    }

    /// A picture of each of `rows`, in their order and in natural colour where the bands allow it; all with the same
    /// stretch of brightness.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn pictures(&self, rows: &[u32]) -> Result<Vec<RgbImage>, InspectionError> {
        let sheet = self.sheet(rows)?;
        let (width, height) = self.enlarged();
        let picture = |index: usize| {
            let left = GAP + index % SIDE * (width + GAP);
            let top = GAP + index / SIDE * (height + GAP);
            let corner = (pixels(left), pixels(top));
            let size = (pixels(width), pixels(height));
            image::imageops::crop_imm(&sheet, corner.0, corner.1, size.0, size.1).to_image()
        };
        Ok((0..rows.len()).map(picture).collect())
    }

    /// Width and height of a patch on a sheet.
    fn enlarged(&self) -> (usize, usize) {
        let shape = self.patches.shape;
        let factor = (PATCH_SIDE / shape.width.max(shape.height).max(1)).max(1);
        (shape.width * factor, shape.height * factor)
    }

    /// What can be shown: the places of three bands for red, green and blue.
    fn colourings(&self) -> Vec<(&'static str, [usize; 3])> {
        let bands = &self.patches.pixel.bands;
        let places = |wanted: [Band; 3]| -> Option<[usize; 3]> {
            let [red, green, blue] = wanted.map(|band| bands.position(band));
            Some([red?, green?, blue?])
        };
        let mut found = Vec::new();
        if let Some(places) = places([Band::Red, Band::Green, Band::Blue]) {
            found.push(("natural", places));
        }
        let infrared = places([Band::Swir1, Band::Nir, Band::Red])
            .or_else(|| places([Band::Nir, Band::Red, Band::Green]));
        if let Some(places) = infrared {
            found.push(("false-colour", places));
        }
        if found.is_empty() {
            found.push(("grey", [0; 3]));
        }
        found
    }

    /// Some rows of `class` (`None`: undefined) that have used pixels.
    fn rows_of(&self, class: Option<ClassId>) -> Vec<u32> {
        let cells = (0_u32..).zip(self.store.cells());
        let mut rows: Vec<u32> = cells
            .filter(|(_, cell)| cell.cell.label.class() == class && !cell.content.is_empty())
            .map(|(row, _)| row)
            .collect();
        let place = class.map_or(u64::MAX, |class| class.index() as u64);
        shuffle(&mut generator(DRAW, &[place]), &mut rows);
        rows.truncate(SIDE * SIDE);
        rows.sort_unstable();
        rows
    }

    fn draw(&self, rows: &[u32], bands: [usize; 3]) -> Result<RgbImage, StoreError> {
        let shape = self.patches.shape;
        let (samples, used) = self.store.read(rows)?;
        let mut values = vec![0.0; samples.len()];
        samples.copy_to_f32(0, &mut values);
        let patches = Patches { shape, values, used };
        let stretches = bands.map(|band| Stretch::of(&mut patches.used_values(band)));
        let factor = (PATCH_SIDE / shape.width.max(shape.height).max(1)).max(1);
        let (width, height) = (shape.width * factor + GAP, shape.height * factor + GAP);
        let across = rows.len().min(SIDE);
        let down = rows.len().div_ceil(SIDE);
        let mut sheet =
            RgbImage::from_pixel(pixels(across * width + GAP), pixels(down * height + GAP), UNUSED);
        for index in 0..rows.len() {
            let corner = (GAP + index % SIDE * width, GAP + index / SIDE * height);
            for (y, x) in (0..shape.height * factor)
                .flat_map(|y| (0..shape.width * factor).map(move |x| (y, x)))
            {
                let place = y / factor * shape.width + x / factor;
                if let Some(values) = patches.pixel(index, place, bands) {
                    let mut levels = [0; 3];
                    for ((level, value), stretch) in levels.iter_mut().zip(values).zip(&stretches) {
                        *level = stretch.level(value);
                    }
                    sheet.put_pixel(pixels(corner.0 + x), pixels(corner.1 + y), Rgb(levels));
                }
            }
        }
        Ok(sheet)
    }
}

/// The numbers of the patches of a sheet.
struct Patches {
    shape: PatchShape,
    /// `[patch, band, row, column]`
    values: Vec<f32>,
    /// `[patch, row, column]`
    used: Vec<bool>,
}

impl Patches {
    fn used_values(&self, band: usize) -> Vec<f32> {
        let (samples, pixels) = (self.shape.samples(), self.shape.pixels());
        let patches = self.values.chunks_exact(samples).zip(self.used.chunks_exact(pixels));
        patches
            .flat_map(|(values, used)| {
                let plane = &values[band * pixels..(band + 1) * pixels];
                plane.iter().zip(used).filter(|(_, used)| **used).map(|(&value, _)| value)
            })
            .collect()
    }

    /// The three values of a used pixel.
    fn pixel(&self, patch: usize, place: usize, bands: [usize; 3]) -> Option<[f32; 3]> {
        let (samples, pixels) = (self.shape.samples(), self.shape.pixels());
        let used = self.used[patch * pixels + place];
        used.then(|| bands.map(|band| self.values[patch * samples + band * pixels + place]))
    }
}

fn pixels(value: usize) -> u32 {
    u32::try_from(value).expect("a sheet has few pixels")
}

/// The name of a class as a part of a file name.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    name.chars().map(plain).collect()
}

fn save(sheet: &RgbImage, path: &Path) -> Result<(), InspectionError> {
    let mut bytes = Cursor::new(Vec::new());
    sheet
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|source| InspectionError::Encode { path: path.to_owned(), source })?;
    write_whole(path, &bytes.into_inner())
        .map_err(|source| InspectionError::Write { path: path.to_owned(), source })
}
