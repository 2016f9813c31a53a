//! `tesela importances`, on a table of which one column tells the classes apart.

use std::fs;

use super::place::Place;

#[test]
fn the_column_that_tells_classes_apart_is_worth_most() {
    let place = Place::trained();
    let said = place.succeed(&["importances", "run", "--repeats", "2"]);
    assert!(said.contains("log-loss rises by"), "{said}");
    let text = fs::read_to_string(place.path("run/importances.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "group,name,importance,deviation");
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[1].starts_with("feature,lights,"), "{text}");
    let worth: f64 = lines[1].split(',').nth(2).unwrap().parse().unwrap();
    assert!(worth > 0.1, "{text}");
    let page = fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(page.contains("the rise of the log-loss on held-out cells"));
    // The same shuffles again.
    place.succeed(&["importances", "run", "--repeats", "2"]);
    assert_eq!(fs::read_to_string(place.path("run/importances.csv")).unwrap(), text);
}
