//! Coverage: how much is known of the cells of a store.

use tesela_datasets::source::InputDefinition;
use tesela_datasets::store::{CellContent, StoreCell};

/// How many cells are known how well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Of patches.
    Pixels(UsedPixels),
    /// Of the rows of a table.
    Numbers(KnownNumbers),
}

/// How many cells have which share of their pixels used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsedPixels {
    /// Cells without a used pixel: there is nothing to classify.
    pub none: u64,
    /// Cells with less than a quarter: too little to train on.
    pub few: u64,
    /// Cells with a quarter or more, and not all.
    pub most: u64,
    /// Cells all of whose pixels are used.
    pub all: u64,
}

/// How many rows have how many of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownNumbers {
    /// Columns of the table.
    pub columns: u64,
    /// Rows without a number: there is nothing to classify.
    pub none: u64,
    /// Rows with some numbers, and not all.
    pub some: u64,
    /// Rows with all numbers.
    pub all: u64,
}

impl Coverage {
    /// That of no cells like `input`.
    pub fn of(input: &InputDefinition) -> Self {
        match input {
            InputDefinition::Patches(_) => Self::Pixels(UsedPixels::default()),
            InputDefinition::Table(table) => Self::Numbers(KnownNumbers {
                columns: table.columns().len() as u64,
                none: 0,
                some: 0,
                all: 0,
            }),
        }
    }

    /// Takes in one cell, which is of the kind that the coverage is for.
    pub fn note(&mut self, cell: &StoreCell) {
        match (self, &cell.content) {
            (Self::Pixels(pixels), CellContent::Pixels { used, inside }) => {
                pixels.note(u64::from(*used), u64::from(*inside));
            }
            (Self::Numbers(numbers), CellContent::Row { known, .. }) => {
                numbers.note(u64::from(*known));
            }
            _ => {}
        }
    }
}

impl UsedPixels {
    fn note(&mut self, used: u64, inside: u64) {
        if used == 0 {
            self.none += 1;
        } else if used * 4 < inside {
            self.few += 1;
        } else if used < inside {
            self.most += 1;
        } else {
            self.all += 1;
        }
    }
}

impl KnownNumbers {
    fn note(&mut self, known: u64) {
        if known == 0 {
            self.none += 1;
        } else if known < self.columns {
            self.some += 1;
        } else {
            self.all += 1;
        }
    }
}
