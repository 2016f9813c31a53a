//! Reports of runs, and pages in a browser: they load without an error or a request, fit on a phone, and are readable in both schemes.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tesela::report::page::{Words, comparison_page, run_page};

use page::examples::{stratified, ten_classes, three_runs, two_classes};

use crate::program::{refuse, succeed};

mod page;
mod pilot;

/// What headless Chromium sees of `text` in each of its views.
pub(crate) fn look(text: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    std::fs::write(&file, text).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/look_at_page.py");
    let output = Command::new("python3").arg(script).arg(&file).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the browser did not look at the page: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Refuses everything that a view finds wrong.
pub(crate) fn check(views: &[Value]) {
    assert_eq!(views.len(), 4);
    for view in views {
        let name = format!("{} pixels, {}", view["width"], view["scheme"]);
        for what in ["requests", "messages", "programs", "faults"] {
            assert_eq!(view[what], Value::Array(Vec::new()), "{name}: {what}");
        }
        assert!(view["texts"].as_u64().unwrap() > 100, "{name}: the page is nearly empty");
        let smallest = view["smallest_chart_text"].as_f64().unwrap();
        assert!(smallest >= 9.0, "{name}: text of a chart has {smallest} pixels");
    }
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_pages() {
    for page in [
        run_page(&two_classes()),
        run_page(&stratified()),
        run_page(&ten_classes()),
        comparison_page(&three_runs()),
    ] {
        check(&look(&page));
    }
}

#[test]
fn a_browser_sees_names_as_names() {
    let count =
        |page: &str| look(page).iter().map(|view| view["elements"].clone()).collect::<Vec<_>>();
    let named = |text: &str| {
        let mut page = ten_classes();
        page.title = Words::from(text);
        page.classes[3] = Words::from(text);
        page.data.store = Words::from(text);
        page.record.configuration = Some(Words::lines(text));
        run_page(&page)
    };
    let harmless = count(&named("name"));
    let hostile = named(
        "</title></style></svg>\"><script src=https://example.org/x.js></script><img src=x onerror=alert(1)>",
    );
    check(&look(&hostile));
    assert_eq!(count(&hostile), harmless);
}

/// Two schemes on a simulated state.
const EXPERIMENT: &str = r#"# Are towns found where nothing near by was seen?
#
# Expected: nothing, it is a test.
seed = 7
[data]
store = "store"
[validation]
folds = 3
schemes = ["random", "blocks"]
blocks = { size-metres = 4000, buffer-metres = 1000 }
target-prevalence = { urban = 0.02 }
[model.extra-trees]
n-trees = 20
"#;

#[test]
fn a_run_leaves_its_report_behind() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| succeed(folder.path(), arguments);
    let read = || std::fs::read_to_string(folder.path().join("run/report.html")).unwrap();
    run(&["simulate", "--size", "48", "--seed", "3", "--out", "state"]);
    let (mosaic, grid) = ("state/mosaic.tif", "state/grid.parquet");
    run(&["prepare", "simulated", "--mosaic", mosaic, "--grid", grid, "--out", "store"]);
    std::fs::write(folder.path().join("trees.toml"), EXPERIMENT).unwrap();
    let message = refuse(folder.path(), &["report", "run"]);
    assert!(message.contains("run.json"), "{message}");
    run(&["train", "trees.toml", "--out", "run"]);

    let page = read();
    for words in [
        "Of the cells that the map will call urban",
        "at a prevalence of 2.0 %, measured on spatial blocks",
        "3 folds of squares of 4.00 km; cells within 1.00 km of a held-out one are not trained on",
        "data-code=\"optimism\"",
        "cells out of 1,000,000",
        "id=\"errors\"",
        "id=\"mistakes\"",
        "Are towns found where nothing near by was seen?",
        "fitted anew on all",
        "n-trees = 20",
    ] {
        assert!(page.contains(words), "the report lacks `{words}`");
    }
    check(&look(&page));

    std::fs::remove_file(folder.path().join("run/report.html")).unwrap();
    assert!(run(&["report", "run"]).contains("report.html"));
    assert!(read() == page, "the report differs when it is written again");

    // A model that was put in the place of the one that was fitted is told.
    assert!(!page.contains("data-code=\"refitted-otherwise\""));
    let bundle = folder.path().join("run/final/bundle/bundle.json");
    let text = std::fs::read_to_string(&bundle).unwrap();
    std::fs::write(&bundle, text.replace("\"n-trees\": 20", "\"n-trees\": 25")).unwrap();
    run(&["report", "run"]);
    let other = read();
    assert!(other.contains("data-code=\"refitted-otherwise\""), "{}", other.len());
    assert!(other.contains("its settings are others"));
    std::fs::write(&bundle, text).unwrap();

    std::fs::rename(folder.path().join("store"), folder.path().join("elsewhere")).unwrap();
    run(&["report", "run"]);
    let page = read();
    assert!(
        page.contains("so there are no maps") && !page.contains("id=\"errors\""),
        "{}",
        page.len()
    );
    assert!(page.contains("Of the cells that the map will call urban"));
}
