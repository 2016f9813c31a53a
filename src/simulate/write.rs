//! Writes a simulated country into a directory that appears whole.
//!
//! Windows are drawn by all threads, some at a time, and written in order by one more; memory stays at those
//! windows and some bytes per cell. Everything grows in `<directory>.partial`, which gets its final name at
//! the end, so an interruption leaves nothing that looks finished.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};

use rayon::prelude::*;
use tesela_datasets::patch::SampleType;
use tesela_datasets::whole_file::partial_path;

use super::census::Census;
use super::country::{Country, Drawn};
use super::frame::PIXEL_METRES;
use super::overview::Overview;
use super::sensor::NODATA;
use super::tables::{TableError, grid_of, write_tables};
use crate::progress::Progress;
use crate::raster::{BandLayout, GeoTiffLayout, GeoTiffWriter, RasterError, Window};

/// Blocks along the edge of a window that is drawn at once.
const BLOCKS: usize = 2;
/// What a finished country consists of.
const FILES: [&str; 5] =
    ["mosaic.tif", "grid.parquet", "truth.parquet", "overview.png", "country.toml"];

/// Why a country could not be simulated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// Something is in the way.
    #[error("`{}` exists already; an absent or empty directory is expected", .path.display())]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The picture could not be written.
    #[error("cannot write `{}`", .path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: image::ImageError,
    },
    /// The mosaic could not be written.
    #[error(transparent)]
    Raster(#[from] RasterError),
    /// A table could not be written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The user stopped the work.
    #[error("stopped; nothing was kept of `{}`", .path.display())]
    Stopped {
        /// The directory that was to appear.
        path: PathBuf,
    },
}

/// What a simulated country turned out to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simulated {
    /// Columns and rows of the mosaic.
    pub pixels: [usize; 2],
    /// Number of cells.
    pub cells: usize,
    /// Cells that the census calls urban.
    pub urban: usize,
    /// Cells that the census calls non-urban.
    pub non_urban: usize,
    /// Cells that are urban in truth.
    pub truly_urban: usize,
}

impl Simulated {
    /// Cells about which the census says nothing.
    pub fn undefined(&self) -> usize {
        self.cells - self.urban - self.non_urban
    }
}

/// Draws `country` and writes it into `directory`.
///
/// # Errors
/// If the directory is in use, the disk is full, or `progress` asks to stop; nothing is left then.
pub fn simulate(
    country: &Country,
    directory: &Path,
    progress: &mut dyn Progress,
) -> Result<Simulated, SimulateError> {
    let grid = grid_of(country.config())?;
    refuse_used(directory)?;
    let partial = Partial::create(&partial_path(directory))?;
    let (census, overview) = draw_mosaic(country, &partial.0, directory, progress)?;
    let summary = write_tables(&grid, &census, &partial.0)?;
    let picture = partial.0.join("overview.png");
    overview
        .paint()
        .save(&picture)
        .map_err(|source| SimulateError::Picture { path: picture, source })?;
    let settings = partial.0.join("country.toml");
    let text = toml::to_string(country.config().raw()).expect("a country is plain values");
    fs::write(&settings, text).map_err(write_error(&settings))?;
    fs::rename(&partial.0, directory).map_err(write_error(directory))?;
    Ok(Simulated { pixels: country.pixels(), ..summary })
}

fn write_error(path: &Path) -> impl FnOnce(io::Error) -> SimulateError {
    let path = path.to_owned();
    move |source| SimulateError::Write { path, source }
}

fn refuse_used(directory: &Path) -> Result<(), SimulateError> {
    let free = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if free { Ok(()) } else { Err(SimulateError::Exists { path: directory.to_owned() }) }
}

/// A directory that is removed unless it was renamed.
struct Partial(PathBuf);

impl Partial {
    /// Begins anew where an earlier attempt was killed.
    fn create(path: &Path) -> Result<Self, SimulateError> {
        let partial = Self(path.to_owned());
        partial.clear();
        fs::create_dir_all(path).map_err(write_error(path))?;
        Ok(partial)
    }

    /// Removes what this program may have left, and nothing else.
    fn clear(&self) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if FILES.iter().any(|file| name.contains(file)) {
                // What cannot be removed keeps the directory, which the next step then reports.
                drop(fs::remove_file(entry.path()));
            }
        }
        drop(fs::remove_dir(&self.0));
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.clear();
    }
}

fn layout(country: &Country) -> GeoTiffLayout {
    let [width, height] = country.pixels();
    let raw = country.config().raw();
    let [x, y] = country.config().origin();
    let bands = ["blue", "green", "red", "nir", "swir1", "swir2"];
    GeoTiffLayout {
        bands: bands.into_iter().map(BandLayout::named).collect(),
        transform: [x, PIXEL_METRES, 0.0, y, 0.0, -PIXEL_METRES],
        crs: Some(raw.crs.clone()),
        nodata: Some(f64::from(NODATA)),
        ..GeoTiffLayout::new(width, height, SampleType::Int16)
    }
}

/// Draws all windows, in parallel, and has them written in order.
fn draw_mosaic(
    country: &Country,
    into: &Path,
    directory: &Path,
    progress: &mut dyn Progress,
) -> Result<(Census, Overview), SimulateError> {
    let layout = layout(country);
    let windows: Vec<Window> = layout.windows(BLOCKS).collect();
    let mosaic = GeoTiffWriter::create(&into.join("mosaic.tif"), layout)?;
    let together = 3 * rayon::current_num_threads();
    progress.start("simulate", Some(windows.len() as u64), "windows");
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel::<(Window, Drawn)>(together);
        let writer = scope.spawn(move || write_windows(country, mosaic, &receive));
        for some in windows.chunks(together) {
            if progress.wants_stop() {
                // The writer drops its unfinished file when the channel closes early.
                return Err(SimulateError::Stopped { path: directory.to_owned() });
            }
            let drawn: Vec<(Window, Drawn)> =
                some.par_iter().map(|&window| (window, country.draw(window))).collect();
            if drawn.into_iter().any(|drawn| send.send(drawn).is_err()) {
                break;
            }
            progress.advance(some.len() as u64);
        }
        drop(send);
        let result = writer.join().expect("the writer returns its errors");
        progress.finish("");
        result
    })
}

fn write_windows(
    country: &Country,
    mut mosaic: GeoTiffWriter,
    windows: &Receiver<(Window, Drawn)>,
) -> Result<(Census, Overview), SimulateError> {
    let mut census = Census::new(country.config());
    let mut overview = Overview::new(country.pixels());
    let mut pixels = 0;
    for (window, drawn) in windows {
        let plane = window.width * window.height;
        for (band, samples) in drawn.samples.chunks_exact(plane).enumerate() {
            mosaic.write(band, window, samples)?;
        }
        census.count(window, &drawn.built);
        overview.add(window, &drawn.samples);
        pixels += plane;
    }
    if pixels == country.pixels().iter().product::<usize>() {
        mosaic.finish()?;
    }
    Ok((census, overview))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Unwatched;
    use crate::simulate::RawCountry;

    fn country(seed: u64, size: [u32; 2]) -> Country {
        let raw = RawCountry { seed: Some(seed), size: Some(size), ..RawCountry::default() };
        Country::new(raw.check().unwrap()).unwrap()
    }

    #[test]
    fn the_bytes_do_not_depend_on_the_number_of_threads() {
        let folder = tempfile::tempdir().unwrap();
        let country = country(7, [40, 36]);
        let written = [1, 3].map(|threads| {
            let directory = folder.path().join(threads.to_string());
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| simulate(&country, &directory, &mut Unwatched)).unwrap();
            directory
        });
        for file in FILES {
            let [one, three] = [0, 1].map(|index| fs::read(written[index].join(file)).unwrap());
            assert!(!one.is_empty() && one == three, "{file} differs");
        }
        assert!(!partial_path(&written[0]).exists());
    }

    #[test]
    fn what_is_there_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.tex"), "years of work").unwrap();
        let error = simulate(&country(1, [8, 8]), folder.path(), &mut Unwatched).unwrap_err();
        assert!(matches!(error, SimulateError::Exists { .. }), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// Asks to stop as soon as it is asked.
    struct Impatient;

    impl Progress for Impatient {
        fn start(&mut self, _what: &str, _total: Option<u64>, _unit: &str) {}
        fn advance(&mut self, _count: u64) {}
        fn show(&mut self, _message: &str) {}
        fn finish(&mut self, _summary: &str) {}
        fn warn(&mut self, _message: &str) {}
        fn wants_stop(&self) -> bool {
            true
        }
    }

    #[test]
    fn an_interruption_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("country");
        let error = simulate(&country(1, [8, 8]), &directory, &mut Impatient).unwrap_err();
        assert!(matches!(error, SimulateError::Stopped { .. }), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_killed_attempt_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("country");
        let leftover = partial_path(&directory);
        fs::create_dir(&leftover).unwrap();
        fs::write(leftover.join(".mosaic.tif.1.partial"), "half").unwrap();
        let made = simulate(&country(1, [8, 9]), &directory, &mut Unwatched).unwrap();
        assert_eq!((made.cells, made.pixels), (72, [267, 300]));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), FILES.len());
        assert!(!leftover.exists());
    }
}
