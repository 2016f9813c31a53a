//! What a network is made of, and what its training costs: `tesela inspect` and `tesela train --profile`.

use super::place::{Made, Place, TWO, experiment};

/// The row of `layer` in what was printed.
fn row<'a>(text: &'a str, layer: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(layer));
    line.unwrap_or_else(|| panic!("no `{layer}` in {text}")).split_whitespace().collect()
}

#[test]
fn an_experiment_and_its_bundle_list_the_layers_with_what_they_learn_and_cost() {
    let place = Place::new();
    place.store("store", &Made { side: 16, ..TWO });
    let text = experiment("store", "").replace(
        "[model.extra-trees]\nn-trees = 20",
        "[model.resnet]\nwidth = 4\nblocks = [1]\nepochs = 1\nbatch-size = 16",
    );
    place.write("resnet.toml", &text);
    let before = place.succeed(&["inspect", "resnet.toml"]);
    // 28 planes, 4 filters of 3 × 3, 16 × 16 pixels.
    let stem = row(&before, "stem");
    assert_eq!(stem[stem.len() - 2..], ["1,008", "258,048"], "{before}");
    let all = row(&before, "all");
    // The stem, two convolutions of 144, three norms of 8, and 4 × 2 + 2.
    assert_eq!(all[1..], ["1,330", "331,784"], "{before}");
    let output = place.run(&["train", "resnet.toml", "--fold", "0", "--out", "run", "--profile"]);
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(messages.contains("; the bottleneck is "), "{messages}");
    let after = place.succeed(&["inspect", "run/fold-00/bundle"]);
    assert_eq!(row(&after, "all"), all, "{after}");
    assert!(after.contains("weights.safetensors"), "{after}");
}
