//! Tables that cannot be used are refused with the thing, what was found, and what was expected.

use std::fs;

use super::place::{DESCRIPTOR, Place, experiment};

/// Checks that preparing `table` is refused, that the message holds every part of `parts`, and that nothing is
/// left.
fn refused(place: &Place, table: &str, parts: &[&str]) {
    let message = place.refuse(&["prepare", "plots.toml", "--table", table, "--out", "bad"]);
    for part in parts {
        assert!(message.contains(part), "no `{part}` in {message}");
    }
    assert!(!place.path("bad").exists() && !place.path("bad.partial").exists());
}

#[test]
fn tables_that_cannot_be_learned_from_leave_nothing() {
    let place = Place::new();
    let good = fs::read_to_string(place.path("plots.csv")).unwrap();
    let write = |name: &str, text: &str| place.write(name, text);
    let row = good.lines().nth(1).unwrap();
    let wrong = row.rsplit_once(',').unwrap().0.to_owned() + ",inf";
    write("infinite.csv", &good.replacen(row, &wrong, 1));
    refused(&place, "infinite.csv", &["row `plot-000` of `infinite.csv`", "`inf`", "`rain`"]);
    write("twice.csv", &good.replacen("plot-007", "plot-003", 1));
    refused(&place, "twice.csv", &["`twice.csv`", "duplicate cell_id `plot-003`"]);
    write("kinds.csv", &good.replacen("urban", "suburban", 1));
    refused(&place, "kinds.csv", &["`suburban`; the classes are rural, urban"]);
    write("empty.csv", "");
    refused(&place, "empty.csv", &["`empty.csv` is empty"]);
    write("header.csv", good.lines().next().unwrap());
    refused(&place, "header.csv", &["`header.csv` has no rows"]);
    write("words.csv", "plot,kind,state,east,north,slope\na,rural,s,1,1,steep\n");
    refused(&place, "words.csv", &["no columns of numbers"]);
    write("mixed.csv", &(good.clone() + "x,rural,s,1,1,steep,1,1\n"));
    refused(&place, "mixed.csv", &["column `slope`", "in row 121 `steep`", "`ignore`"]);
    refused(&place, "none.csv", &["cannot read the table `none.csv`"]);
    refused(&place, "plots.toml", &["ends in `.csv` or `.parquet`"]);
    let bytes = fs::read(place.path("plots.parquet")).unwrap();
    fs::write(place.path("short.parquet"), &bytes[..bytes.len() / 2]).unwrap();
    refused(&place, "short.parquet", &["`short.parquet` cannot be read as Parquet"]);
    write("text.parquet", &good);
    refused(&place, "text.parquet", &["`text.parquet` cannot be read as Parquet"]);
}

#[test]
fn a_descriptor_says_what_it_means() {
    let place = Place::new();
    let prepare = ["prepare", "other.toml", "--table", "plots.csv", "--out", "bad"];
    let refused = |descriptor: &str, part: &str| {
        place.write("other.toml", descriptor);
        let message = place.refuse(&prepare);
        assert!(message.contains(part), "no `{part}` in {message}");
        assert!(!place.path("bad").exists());
    };
    refused(&DESCRIPTOR.replace("label", "lable"), "did you mean `label`?");
    refused(&DESCRIPTOR.replace("\"kind\"", "\"kimd\""), "did you mean `kind`?");
    refused(&DESCRIPTOR.replace("EPSG:32614", "EPSG:1"), "`table.crs`");
    refused(&DESCRIPTOR.replace("[table]", "bands = [\"red\"]\n[table]"), "speaks of pixels");
    let message = place.refuse(&["prepare", "simulated", "--table", "plots.csv", "--out", "bad"]);
    assert!(message.contains("declares a mosaic; `--table` does not fit it"), "{message}");
    let message = place.refuse(&["prepare", "plots.toml", "--patches", "x", "--out", "bad"]);
    assert!(message.contains("declares a table; `--patches` does not fit it"), "{message}");
    let message = place.refuse(&["prepare", "plots.toml", "--out", "bad"]);
    assert!(message.contains("`--table` has to"), "{message}");
}

#[test]
fn a_network_refuses_a_table_with_the_reason() {
    let place = Place::trained();
    let text = experiment("store", "");
    let text = text.replace("[model.extra-trees]\nn-trees = 20", "[model.lenet]\nepochs = 1");
    place.write("lenet.toml", &text);
    let message = place.refuse(&["train", "lenet.toml", "--out", "lenet"]);
    let reason = "a network needs pixels; the store holds a table of 3 columns";
    assert!(message.contains(reason), "{message}");
}

#[test]
fn a_table_of_one_class_cannot_be_learned() {
    let place = Place::new();
    let text = fs::read_to_string(place.path("plots.csv")).unwrap().replace("urban", "rural");
    place.write("rural.csv", &text);
    place.succeed(&["prepare", "plots.toml", "--table", "rural.csv", "--out", "store"]);
    place.write("trees.toml", &experiment("store", ""));
    let message = place.refuse(&["train", "trees.toml", "--out", "run"]);
    assert!(message.contains("no cells of class `urban` to train on"), "{message}");
    assert!(!place.path("run").exists());
}

#[test]
fn a_table_with_other_columns_is_not_predicted() {
    let place = Place::trained();
    let predict = |table: &str| {
        let message = place.refuse(&["predict", "run", "--table", table, "--out", "map.csv"]);
        assert!(!place.path("map.csv").exists() && !place.path("map.csv.partial").exists());
        message
    };
    let many: Vec<String> = (0..12).map(|number| format!("n{number}")).collect();
    place.write(
        "many.csv",
        &format!("plot,slope,{}\na,1,{}\n", many.join(","), ["1"; 12].join(",")),
    );
    let message = predict("many.csv");
    for part in [
        "the columns of `many.csv` are not those that the model was fitted on",
        "2 columns are missing: `lights`, `rain`; 12 columns are unknown: `n0`,",
        "`n9` and 2 more",
    ] {
        assert!(message.contains(part), "no `{part}` in {message}");
    }
    place.write("words.csv", "plot,slope,lights,rain\na,1,bright,2\n");
    assert!(predict("words.csv").contains("column `lights` of `words.csv` holds text"));
    place.write("infinite.csv", "plot,slope,lights,rain\na,1,1e99,2\n");
    assert!(predict("infinite.csv").contains("row `a` of `infinite.csv` has"));
    place.write("ids.csv", "id,slope,lights,rain\na,1,2,3\n");
    assert!(predict("ids.csv").contains("`ids.csv` has no column `plot`"));
    place.succeed(&[
        "predict",
        "run",
        "--table",
        "ids.csv",
        "--id-column",
        "id",
        "--out",
        "ids-map.csv",
    ]);
    let message = place.refuse(&["predict", "run", "--table", "plots.csv", "--out", "map.tif"]);
    assert!(message.contains("ends in `.parquet` or `.csv`"), "{message}");
}

#[test]
fn a_descriptor_tells_which_columns_of_a_wider_table_are_meant() {
    let place = Place::trained();
    let text = fs::read_to_string(place.path("plots.csv")).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap().to_owned() + ",wind\n";
    let wider: String = lines.map(|line| format!("{line},7\n")).collect();
    place.write("wider.csv", &(header + &wider));
    let plain = ["predict", "run", "--table", "wider.csv", "--out", "map.csv"];
    let message = place.refuse(&plain);
    assert!(message.contains("1 column is unknown: `wind`"), "{message}");
    place.write("wider.toml", &DESCRIPTOR.replace("[table]", "[table]\nignore = [\"wind\"]"));
    place.succeed(&[&plain[..], &["--descriptor", "wider.toml"]].concat());
    place.succeed(&["predict", "run", "--table", "plots.csv", "--out", "plain.csv"]);
    let read = |name: &str| fs::read(place.path(name)).unwrap();
    assert!(read("map.csv") == read("plain.csv"));
}

#[test]
fn models_refuse_the_other_kind_of_data() {
    let place = Place::trained();
    let data = ["--mosaic", "m.tif", "--grid", "g.parquet", "--out", "map.tif"];
    let message = place.refuse(&[&["predict", "run"][..], &data[..]].concat());
    assert!(
        message.contains("fitted on a table of 3 columns, and a mosaic has pixels"),
        "{message}"
    );
}
