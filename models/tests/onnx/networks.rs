//! Networks: channels, normalisation, layers and the ways to look at a patch, all within the graph.

use tesela_datasets::patch::SampleType;
use tesela_datasets::pixel::{Band, Product, Scaling};
use tesela_datasets::source::Batch;
use tesela_models::ensemble::Ensemble;

use super::cells::{classes, definition, extreme, fitted, operating_points, ordinary};
use super::runtime::{check, export, inputs_of, run};

/// Few steps: weights need not be good, but other than those that were drawn.
const SHORT: &str = "epochs = 2\nbatch-size = 8\nvalidation-share = 0.0\n";

#[test]
fn lenet_agrees_on_ordinary_and_on_extreme_patches() {
    let input = definition(&Band::ALL, SampleType::Int16, Product::C1.scaling(), [16, 17]);
    let network = fitted(&format!("[lenet]\n{SHORT}"), &input, 2);
    let points = operating_points(2);
    check(&*network, Some(&points[2]), &Batch::Patches(ordinary(&input, 2, 70)));
    check(&*network, Some(&points[3]), &Batch::Patches(extreme(&input, 70)));
}

#[test]
fn norms_and_ways_to_look_at_a_patch_are_part_of_the_graph() {
    let input = definition(&Band::ALL, SampleType::Int16, Product::C2.scaling(), [16, 16]);
    let text = format!("[lenet]\nbatch-norm = true\ntest-time-augmentation = true\n{SHORT}");
    let network = fitted(&text, &input, 3);
    check(&*network, Some(&operating_points(3)[1]), &Batch::Patches(ordinary(&input, 3, 65)));
    check(&*network, None, &Batch::Patches(extreme(&input, 20)));
}

#[test]
fn a_residual_network_agrees_at_any_extent_and_type_of_numbers() {
    let s2 = Product::S2Baseline0400.scaling();
    let input = definition(&Band::ALL, SampleType::UInt16, s2, [9, 8]);
    let text = format!("[resnet]\nwidth = 4\ntest-time-augmentation = true\n{SHORT}");
    let network = fitted(&text, &input, 4);
    check(&*network, Some(&operating_points(4)[2]), &Batch::Patches(ordinary(&input, 4, 66)));
    check(&*network, Some(&operating_points(4)[3]), &Batch::Patches(extreme(&input, 33)));
}

#[test]
fn imagery_of_few_bands_and_without_calibration_has_fewer_channels() {
    let scaling = Scaling::declared(1.0 / 255.0, 0.001, Some(0.0));
    let rgb = [Band::Blue, Band::Green, Band::Red];
    let input = definition(&rgb, SampleType::UInt8, scaling, [8, 8]);
    let network = fitted(&format!("[resnet]\nwidth = 4\nblocks = [1]\n{SHORT}"), &input, 2);
    check(&*network, None, &Batch::Patches(extreme(&input, 40)));
    let one = definition(&[Band::Nir], SampleType::UInt8, scaling, [8, 8]);
    let network = fitted(&format!("[resnet]\nwidth = 4\nblocks = [1]\n{SHORT}"), &one, 2);
    check(&*network, None, &Batch::Patches(extreme(&one, 40)));
}

#[test]
fn numbers_that_are_none_do_not_spread() {
    let scaling = Scaling::declared(1.0, 0.0, None);
    let input = definition(&Band::ALL, SampleType::Float32, scaling, [8, 8]);
    let network = fitted(&format!("[resnet]\nwidth = 4\nblocks = [1, 1]\n{SHORT}"), &input, 2);
    check(&*network, Some(&operating_points(2)[0]), &Batch::Patches(extreme(&input, 40)));
}

#[test]
fn an_ensemble_is_one_graph() {
    let input = definition(&Band::ALL, SampleType::Int16, Product::C1.scaling(), [8, 8]);
    let member = |fold: u32| {
        let text = format!("[resnet]\nwidth = {}\nblocks = [1]\n{SHORT}", 3 + fold);
        (format!("fold-{fold:02}"), fitted(&text, &input, 3))
    };
    let ensemble = Ensemble::new((0..3).map(member).collect()).unwrap();
    let point = &operating_points(3)[2];
    check(&ensemble, Some(point), &Batch::Patches(ordinary(&input, 3, 65)));
    check(&ensemble, None, &Batch::Patches(extreme(&input, 30)));
}

#[test]
fn the_model_says_what_goes_in_and_what_comes_out() {
    let input = definition(&Band::ALL, SampleType::Int16, Product::C1.scaling(), [8, 9]);
    let network = fitted(&format!("[resnet]\nwidth = 4\nblocks = [1]\n{SHORT}"), &input, 2);
    let point = &operating_points(2)[4];
    let bytes = export(&*network, Some(point));
    assert_eq!(bytes, export(&*network, Some(point)), "the same model has the same bytes");
    let said = run(&bytes, &inputs_of(&Batch::Patches(ordinary(&input, 2, 3)))).said;
    let expected = serde_json::json!({
        "bands": ["tensor(int16)", ["batch", 6, 8, 9]],
        "used": ["tensor(bool)", ["batch", 8, 9]],
    });
    assert_eq!(said["inputs"], expected);
    let numbers = serde_json::json!(["tensor(float)", ["batch", 2]]);
    for name in ["probabilities", "logits", "calibrated"] {
        assert_eq!(said["outputs"][name], numbers, "{name}");
    }
    for name in ["label", "decided"] {
        assert_eq!(said["outputs"][name], serde_json::json!(["tensor(string)", ["batch"]]));
    }
    assert!(classes(2).names().contains(&said["texts"]["label"][0].as_str().unwrap().to_owned()));
}
