//! The confusion matrix as a table for other programs.

use tesela_datasets::class::ClassMap;

use crate::metrics::Confusion;

/// The counts as CSV: one row per known class, one column per predicted class.
pub fn confusion_csv(confusion: &Confusion, classes: &ClassMap) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let corner = "known \\ predicted".to_owned();
    let header = std::iter::once(corner).chain(classes.names().iter().cloned());
    let rows = classes.names().iter().zip(confusion.rows()).map(|(name, counts)| {
        let counts = counts.iter().map(u64::to_string);
        std::iter::once(name.clone()).chain(counts).collect::<Vec<String>>()
    });
    for row in std::iter::once(header.collect()).chain(rows) {
        writer.write_record(&row).expect("all rows have one length, and memory takes them");
    }
    writer.into_inner().expect("memory takes what is left")
}

#[cfg(test)]
mod tests {
    use tesela_datasets::class::ClassId;

    use super::*;

    #[test]
    fn names_that_hold_commas_are_quoted() {
        let classes = ClassMap::new(["bare, dry", "urban"]).unwrap();
        let mut confusion = Confusion::new(2);
        confusion.add(ClassId::new(0), ClassId::new(1));
        let text = String::from_utf8(confusion_csv(&confusion, &classes)).unwrap();
        let expected = "known \\ predicted,\"bare, dry\",urban\n\"bare, dry\",0,1\nurban,0,0\n";
        assert_eq!(text, expected);
    }
}
