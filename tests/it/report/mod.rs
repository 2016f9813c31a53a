//! Pages in a browser: they load without an error or a request, fit on a phone, and are readable in both schemes.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tesela::report::page::{Words, comparison_page, run_page};

use page::examples::{ten_classes, three_runs, two_classes};

mod page;

/// What headless Chromium sees of `text` in each of its views.
fn look(text: &str) -> Vec<Value> {
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
fn check(views: &[Value]) {
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
    for page in [run_page(&two_classes()), run_page(&ten_classes()), comparison_page(&three_runs())]
    {
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
