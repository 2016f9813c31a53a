//! Tests of whole pages: what they hold, and that nobody breaks out of them.

use super::examples::{ten_classes, three_runs, two_classes};
use super::{comparison_page, run_page};

#[test]
fn write_examples() {
    for (name, text) in [
        ("two", run_page(&two_classes())),
        ("ten", run_page(&ten_classes())),
        ("compare", comparison_page(&three_runs())),
    ] {
        std::fs::write(format!("/work/scratch-report/{name}.html"), text).unwrap();
    }
}
