//! Parts that were forged: nothing that a header claims is believed before the cells are counted.

use super::*;
use crate::inference::LedgerHeader;
use crate::inference::ledger::{LedgerReader, LedgerWriter, Records};

/// All records of the part at `path`, and its header.
fn read(path: &Path) -> (LedgerHeader, Records) {
    let mut reader = LedgerReader::open(path).unwrap();
    let mut all = Records::default();
    while let Some(block) = reader.next_block().unwrap() {
        all.cells.extend(block.cells);
        all.used.extend(block.used);
        all.inside.extend(block.inside);
        all.values.extend(block.values);
    }
    assert!(reader.is_complete());
    (reader.header().clone(), all)
}

fn write(path: &Path, header: &LedgerHeader, records: &Records) {
    drop(fs::remove_file(path));
    let mut writer = LedgerWriter::open(path, header, &mut |_| {}).unwrap().unwrap();
    writer.append(records).unwrap();
    writer.finish().unwrap();
}

/// The first `count` of `records`, of two classes each.
fn first(records: &Records, count: usize) -> Records {
    Records {
        cells: records.cells[..count].to_vec(),
        used: records.used[..count].to_vec(),
        inside: records.inside[..count].to_vec(),
        values: records.values[..2 * count].to_vec(),
    }
}

/// A folder with three parts.
fn three() -> Place {
    let place = Place::new();
    for part in 1..=3 {
        place.predict(&format!("{part}/3"), "parts").unwrap();
    }
    place
}

fn part(place: &Place, number: usize) -> PathBuf {
    place.path(&format!("parts/part-{number}-of-3.cells"))
}

fn refusal(place: &Place) -> String {
    let error = place.merge(&["parts"], "map.parquet").unwrap_err();
    assert!(!place.path("map.parquet").exists());
    assert!(!place.path("map.parquet.partial").exists());
    error.to_string()
}

#[test]
fn a_part_that_is_written_again_as_it_was_makes_the_same_map() {
    let place = three();
    place.merge(&["parts"], "whole.parquet").unwrap();
    let (header, records) = read(&part(&place, 2));
    write(&part(&place, 2), &header, &records);
    place.merge(&["parts"], "map.parquet").unwrap();
    let [one, other] =
        ["whole", "map"].map(|name| fs::read(place.path(&format!("{name}.parquet"))).unwrap());
    assert!(one == other);
}

#[test]
fn parts_of_two_bundles_are_not_joined() {
    let [place, other] = [Place::new(), Place::with(&[0.01])];
    place.predict("1/2", "parts").unwrap();
    other.predict("2/2", "parts").unwrap();
    fs::copy(other.path("parts/part-2-of-2.cells"), place.path("parts/part-2-of-2.cells")).unwrap();
    let message = refusal(&place);
    for words in ["part-2-of-2.cells", "part-1-of-2.cells", "the bundle was", "digest 0.01"] {
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_part_that_holds_the_cells_of_another_is_refused_by_the_first_that_comes_twice() {
    let place = three();
    let (header, own) = read(&part(&place, 2));
    let (_, of_first) = read(&part(&place, 1));
    let count = own.cells.len();
    assert!(of_first.cells.len() >= count);
    // As many cells as it should have, and as its header says: the numbers are in order, the cells are not.
    write(&part(&place, 2), &header, &first(&of_first, count));
    let message = refusal(&place);
    assert!(message.contains("part-2-of-3.cells"), "{message}");
    let expected = format!("cell {} of the grid comes a second time", of_first.cells[0]);
    assert!(message.contains(&expected), "{message}");
    // The same within one part.
    let mut twice = own.clone();
    twice.cells[1] = twice.cells[0];
    write(&part(&place, 2), &header, &twice);
    let expected = format!("cell {} of the grid comes a second time", own.cells[0]);
    assert!(refusal(&place).contains(&expected));
}

#[test]
fn a_cell_that_the_grid_does_not_have_is_refused() {
    let place = three();
    let (header, mut own) = read(&part(&place, 3));
    own.cells[0] = 110;
    write(&part(&place, 3), &header, &own);
    let message = refusal(&place);
    assert!(message.contains("it has cell 110; the grid has 110"), "{message}");
}

#[test]
fn totals_that_do_not_add_up_are_refused() {
    let place = three();
    let (header, own) = read(&part(&place, 2));
    let count = own.cells.len();
    // The header says what is there, and that is too little for all parts together.
    let fewer = LedgerHeader { cells: count as u64 - 1, ..header.clone() };
    write(&part(&place, 2), &fewer, &first(&own, count - 1));
    let message = refusal(&place);
    assert!(message.contains("the parts have 99 cells; expected 100"), "{message}");
    // The header says more than there is, and the other way round.
    write(&part(&place, 2), &header, &first(&own, count - 1));
    let expected = format!("(part 2/3) has {} of {count} cells", count - 1);
    assert!(refusal(&place).contains(&expected));
    let (last, more) = read(&part(&place, 3));
    let less = LedgerHeader { cells: last.cells - 1, ..last.clone() };
    let larger = LedgerHeader { cells: header.cells + 1, ..header };
    write(&part(&place, 2), &larger, &own);
    write(&part(&place, 3), &less, &more);
    let message = refusal(&place);
    assert!(message.contains(&format!("(part 2/3) has {count} of {} cells", count + 1)));
}
