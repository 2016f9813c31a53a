//! A folder with a made-up store and an experiment, in which the program runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use tesela::raster::CoordinateSystem;
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::{PixelDefinition, Product};
use tesela_datasets::random::{generator, unit};
use tesela_datasets::source::InputDefinition;
use tesela_datasets::store::{CellContent, StoreCell, StoreDefinition, StoreWriter};

use crate::program;

/// A folder in which the program runs.
pub(super) struct Place {
    folder: TempDir,
}

/// What a made-up store holds.
pub(super) struct Made {
    /// Names of the classes with their numbers of cells.
    pub(super) classes: &'static [(&'static str, usize)],
    /// Number of undefined cells.
    pub(super) undefined: usize,
    /// What cell ids begin with.
    pub(super) prefix: &'static str,
    /// Rows and columns of a patch.
    pub(super) side: usize,
    /// Whether cells lie on the ground: in rows of 20, 1 km apart, the classes from south to north.
    pub(super) placed: bool,
}

pub(super) const TWO: Made = Made {
    classes: &[("non-urban", 60), ("urban", 60)],
    undefined: 7,
    prefix: "cell",
    side: 5,
    placed: false,
};

impl Place {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a store in which brightness tells the classes apart, though not always.
    pub(super) fn store(&self, name: &str, made: &Made) {
        let shape = PatchShape { bands: 6, height: made.side, width: made.side };
        let pixels = made.side * made.side;
        let used_pixels = u32::try_from(pixels).unwrap();
        let classes = ClassMap::new(made.classes.iter().map(|(name, _)| *name)).unwrap();
        let labels = classes
            .ids()
            .zip(made.classes)
            .flat_map(|(class, (_, count))| std::iter::repeat_n(Label::Class(class), *count));
        let labels = labels.chain(std::iter::repeat_n(Label::Undefined, made.undefined));
        let mut batch = PatchBatch::with_capacity(shape, SampleType::Int16, 200);
        let mut cells = Vec::new();
        let mut random = generator(11, &[made.prefix.len() as u64]);
        for (index, label) in labels.enumerate() {
            let class = label.class().map_or(0, ClassId::index);
            let level = 1000.0 + 300.0 * class as f64 + 700.0 * unit(&mut random);
            let Samples::Int16(samples) = &mut batch.samples else { unreachable!() };
            for _ in 0..shape.samples() {
                #[expect(clippy::cast_possible_truncation, reason = "made of a few thousands")]
                let sample = (level + 200.0 * unit(&mut random)) as i16;
                samples.push(sample);
            }
            batch.used.extend(std::iter::repeat_n(true, pixels));
            batch.labels.push(label);
            batch.positions.push(u32::try_from(index).unwrap());
            let id = CellId::new(format!("{}-{index:04}", made.prefix));
            let (east, north) = (1000.0 * (index % 20) as f64, 1000.0 * (index / 20) as f64);
            let outline =
                made.placed.then(|| Outline::square(500_000.0 + east, 2_000_000.0 + north, 1000.0));
            let cell = Cell { id, label, outline, year: None };
            let content = CellContent::Pixels { used: used_pixels, inside: used_pixels };
            cells.push(StoreCell { cell, content });
        }
        let definition = StoreDefinition {
            dataset: "made-up".to_owned(),
            input: InputDefinition::Patches(PatchDefinition {
                shape,
                sample_type: SampleType::Int16,
                pixel: PixelDefinition::of_product(Product::C1),
            }),
            classes,
            crs: made.placed.then(|| CoordinateSystem::parse("EPSG:32614").unwrap().to_crs()),
            pixel_metres: None,
        };
        let mut writer = StoreWriter::create(&self.path(name), &definition).unwrap();
        writer.append(&batch, &cells).unwrap();
        writer.finish().unwrap();
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        program::command(self.folder.path(), arguments)
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the program, which must be done with it.
    pub(super) fn succeed(&self, arguments: &[&str]) -> String {
        program::succeed(self.folder.path(), arguments)
    }

    /// Runs the program, which must refuse; gives its message.
    pub(super) fn refuse(&self, arguments: &[&str]) -> String {
        program::refuse(self.folder.path(), arguments)
    }
}

/// An experiment of three folds on `store`, with `more` at its end.
pub(super) fn experiment(store: &str, more: &str) -> String {
    format!(
        "seed = 7\n[data]\nstore = \"{store}\"\n[validation]\nfolds = 3\n\
         target-prevalence = {{ urban = 0.02 }}\n[model.extra-trees]\nn-trees = 20\n{more}"
    )
}

/// All files below `folder` whose bytes a repetition must give again, with their bytes.
pub(super) fn repeatable_files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_owned();
            if path.is_dir() && name != "tensorboard" {
                folders.push(path);
            } else if path.is_file() && name != "times.json" {
                let bytes = fs::read(&path).unwrap();
                files.push((path.strip_prefix(folder).unwrap().to_owned(), bytes));
            }
        }
    }
    files.sort();
    files
}
