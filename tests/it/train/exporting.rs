//! `tesela export` of a network: the same figures from the run and from what was exported, and a twin that Python reads.

use std::fs;
use std::process::Command;

use super::place::{Made, Place, TWO, experiment};

#[test]
fn a_network_is_exported_with_its_twin_and_measures_the_same() {
    let place = Place::new();
    place.store("store", &Made { side: 16, ..TWO });
    place.store("others", &Made { side: 16, prefix: "another", ..TWO });
    let text = experiment("store", "").replace("folds = 3", "folds = 2");
    let text = text
        .replace("[model.extra-trees]\nn-trees = 20", "[model.lenet]\nbatch-size = 16\nepochs = 1");
    place.write("lenet.toml", &text);
    place.succeed(&["train", "lenet.toml", "--out", "run"]);
    place.succeed(&["export", "run", "--out", "model"]);
    place.succeed(&["export", "run", "--out", "both", "--model", "ensemble"]);
    let exported = place.succeed(&["evaluate", "model", "others", "--out", "measured"]);
    let first = |text: &str| text.lines().take(5).map(str::to_owned).collect::<Vec<_>>();
    let own = place.succeed(&["evaluate", "run/final/bundle", "others", "--out", "own"]);
    assert!(first(&exported).len() == 5, "{exported}");
    assert_eq!(
        fs::read(place.path("measured/predictions.parquet")).unwrap(),
        fs::read(place.path("own/predictions.parquet")).unwrap(),
        "{exported} and {own}"
    );
    place.succeed(&["evaluate", "both", "others", "--out", "measured-both"]);
    for model in ["model", "both"] {
        let twin = place.path(model).join("twin.py");
        let parses = Command::new("python3")
            .args(["-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())"])
            .arg(&twin)
            .status()
            .unwrap();
        assert!(parses.success());
        let card = fs::read_to_string(place.path(model).join("MODEL_CARD.md")).unwrap();
        assert!(card.contains("numpy.zeros((1, 6, 16, 16), \"int16\")"), "{card}");
        assert!(card.contains("twin.load(\".\""), "{card}");
    }
    place.succeed(&["export", "run", "--out", "few", "--format", "onnx"]);
    assert!(place.path("few/model.onnx").is_file() && !place.path("few/twin.py").exists());
}
