//! Where a table has the columns that are needed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// The most names that a message lists.
const LISTED: usize = 10;

/// The way from the columns of a table to those that are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnOrder {
    width: usize,
    /// For each column that is needed its place in the table; `None` where both have the same order.
    places: Option<Vec<usize>>,
}

/// How the columns of a table differ from those that are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDifference {
    /// Columns that the table lacks, in the order in which they are needed.
    pub missing: Vec<String>,
    /// Columns that nobody needs, in the order of the table.
    pub unknown: Vec<String>,
}

impl ColumnOrder {
    /// Finds `wanted` among the columns `found`, whatever their order. Both hold each name once.
    ///
    /// # Errors
    /// If there are other columns, or some are missing.
    pub fn find(wanted: &[String], found: &[String]) -> Result<Self, ColumnDifference> {
        if std::ptr::eq(wanted, found) || wanted == found {
            return Ok(Self { width: found.len(), places: None });
        }
        let mut rest: BTreeMap<&str, usize> =
            found.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
        let (mut places, mut missing) = (Vec::with_capacity(wanted.len()), Vec::new());
        for name in wanted {
            match rest.remove(name.as_str()) {
                Some(place) => places.push(place),
                None => missing.push(name.clone()),
            }
        }
        if missing.is_empty() && rest.is_empty() {
            return Ok(Self { width: found.len(), places: Some(places) });
        }
        let unknown = found.iter().filter(|name| rest.contains_key(name.as_str())).cloned();
        Err(ColumnDifference { missing, unknown: unknown.collect() })
    }

    /// `values` of the table, `[row, column]`, with the columns in the order in which they are needed.
    pub fn arrange<'a>(&self, values: &'a [f32]) -> Cow<'a, [f32]> {
        let Some(places) = &self.places else { return Cow::Borrowed(values) };
        let rows = values.chunks_exact(self.width);
        Cow::Owned(rows.flat_map(|row| places.iter().map(|&place| row[place])).collect())
    }
}

impl fmt::Display for ColumnDifference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [("missing", &self.missing), ("unknown", &self.unknown)];
        let part = |(what, names): (&str, &Vec<String>)| match names.as_slice() {
            [] => None,
            [name] => Some(format!("1 column is {what}: `{name}`")),
            names => Some(format!("{} columns are {what}: {}", names.len(), list(names))),
        };
        let parts: Vec<String> = parts.into_iter().filter_map(part).collect();
        formatter.write_str(&parts.join("; "))
    }
}

impl std::error::Error for ColumnDifference {}

/// The first of `names`, and how many more there are.
fn list(names: &[String]) -> String {
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    proptest! {
        #[test]
        fn every_column_is_found_whatever_the_order(
            places in Just((0_u16..20).collect::<Vec<_>>()).prop_shuffle(), rows in 0_usize..4
        ) {
            let wanted: Vec<String> = (0..20).map(|place| format!("c{place}")).collect();
            let found: Vec<String> = places.iter().map(|place| format!("c{place}")).collect();
            let values: Vec<f32> = places.repeat(rows).into_iter().map(f32::from).collect();
            let order = ColumnOrder::find(&wanted, &found).unwrap();
            let expected: Vec<f32> = (0_u16..20).collect::<Vec<_>>().repeat(rows).into_iter().map(f32::from).collect();
            prop_assert_eq!(order.arrange(&values).into_owned(), expected);
        }
    }

    #[test]
    fn the_same_order_costs_no_copy() {
        let columns = names(&["a", "b"]);
        let order = ColumnOrder::find(&columns, &columns).unwrap();
        assert!(matches!(order.arrange(&[1.0, 2.0]), Cow::Borrowed(_)));
    }

    #[test]
    fn a_difference_names_the_first_ten_columns() {
        let wanted: Vec<String> = (0..12).map(|number| format!("w{number}")).collect();
        let error = ColumnOrder::find(&wanted, &names(&["w3", "slope"])).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("11 columns are missing: `w0`, `w1`, `w2`, `w4`"), "{text}");
        assert!(text.contains("`w10` and 1 more; 1 column is unknown: `slope`"), "{text}");
    }
}
