//! Runs that are killed and started again.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tesela_datasets::random::{generator, unit};

use super::place::{Made, Place, TWO, experiment, repeatable_files};

#[test]
fn a_killed_run_continues_and_ends_with_the_same_bytes() {
    let place = Place::new();
    place.store("store", &TWO);
    let text = experiment("store", "").replace("n-trees = 20", "n-trees = 400");
    place.write("trees.toml", &text);
    ends_with_the_same_bytes(&place, "trees.toml", 8);
}

#[test]
fn a_killed_run_of_two_schemes_continues_and_ends_with_the_same_bytes() {
    let place = Place::new();
    place.store("store", &Made { placed: true, ..TWO });
    let text = experiment("store", "").replace("n-trees = 20", "n-trees = 200").replace(
        "folds = 3",
        "folds = 3\nschemes = [\"random\", \"blocks\"]\nblocks = { size-metres = 1500, buffer-metres = 1100 }",
    );
    place.write("trees.toml", &text);
    ends_with_the_same_bytes(&place, "trees.toml", 5);
}

/// A network with all that a checkpoint has to bring back, trained in one part.
fn network(place: &Place) {
    let classes = &[("non-urban", 150), ("urban", 150)];
    place.store("store", &Made { classes, side: 16, ..TWO });
    let text = experiment("store", "").replace("folds = 3", "folds = 2").replace(
        "[model.extra-trees]\nn-trees = 20",
        "[model.lenet]\nepochs = 4\nbatch-size = 8\naccumulate = 2\ndropout = 0.3\nema-decay = 0.9\n\
         sampler = \"balanced\"\nmax-grad-norm = 1.0",
    );
    place.write("lenet.toml", &text);
}

/// Trains one fold of that network into `out`, with a checkpoint after each step.
fn fold_of_network(out: &str) -> [&str; 8] {
    ["train", "lenet.toml", "--fold", "0", "--checkpoint-minutes", "0", "--out", out]
}

/// Starts the program, whose words nobody hears.
fn start(place: &Place, arguments: &[&str]) -> Child {
    let mut command = place.command(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Waits until something is so, but not forever.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_mins(2);
    while !is_so() && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The checkpoints of the first fold of the run `killed`, the oldest first.
fn checkpoints(place: &Place) -> Vec<std::path::PathBuf> {
    let folder = place.path("killed/checkpoints/fold-00");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "checkpoint"));
    paths.sort();
    paths
}

#[test]
fn a_network_that_is_killed_again_and_again_goes_on_and_ends_with_the_same_bytes() {
    let place = Place::new();
    network(&place);
    let begin = Instant::now();
    place.succeed(&fold_of_network("whole"));
    let whole = begin.elapsed();
    let mut draws = generator(1, &[]);
    let mut kills = 0;
    // An attempt ends at once, or some steps after the last one: only what goes on from checkpoints comes to the end.
    loop {
        let before = checkpoints(&place).pop();
        let mut child = start(&place, &fold_of_network("killed"));
        if unit(&mut draws) >= 0.25 {
            wait_until(|| {
                checkpoints(&place).pop() > before || child.try_wait().unwrap().is_some()
            });
        }
        std::thread::sleep(whole.mul_f64(0.2 * unit(&mut draws)));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        kill(child);
        kills += 1;
        assert!(kills < 100, "it never comes to an end");
    }
    assert!(kills > 1, "it was killed {kills} times");
    same_files(&place);
}

#[test]
fn a_network_goes_on_from_the_checkpoint_before_a_damaged_one() {
    let place = Place::new();
    network(&place);
    place.succeed(&fold_of_network("whole"));
    let child = start(&place, &fold_of_network("killed"));
    wait_until(|| checkpoints(&place).len() >= 2);
    kill(child);
    let last = checkpoints(&place).pop().expect("there are checkpoints");
    let bytes = fs::read(&last).unwrap();
    fs::write(&last, &bytes[..bytes.len() / 2]).unwrap();
    let output = place.run(&fold_of_network("killed"));
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{messages}");
    assert!(messages.contains("is damaged"), "{messages}");
    same_files(&place);
}

#[test]
fn a_store_that_changed_since_the_run_began_is_refused() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    place.succeed(&["train", "trees.toml", "--out", "run", "--fold", "0"]);
    fs::remove_dir_all(place.path("store")).unwrap();
    place.store("store", &Made { undefined: 8, ..TWO });
    let message = place.refuse(&["train", "trees.toml", "--out", "run"]);
    assert!(message.contains("the digest of the store was `"), "{message}");
}

/// In a run that nobody has named, there is nothing but the store to tell the old from the new.
#[test]
fn a_run_that_is_not_finished_is_not_begun_anew_without_a_word_where_its_store_changed() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    let train = ["train", "trees.toml"];
    let said = place.succeed(&["train", "trees.toml", "--fold", "0"]);
    let begun = said.lines().last().unwrap().to_owned();
    fs::remove_dir_all(place.path("store")).unwrap();
    place.store("store", &Made { undefined: 8, ..TWO });
    let message = place.refuse(&train);
    let expected =
        format!("store `store` has changed since run `{begun}` began, which is not finished");
    assert!(message.contains(&expected), "{message}");
    // The way that the message names leads to a new run, which the same command then continues.
    let (_, rest) = message.split_once("`--out ").unwrap();
    let (new, _) = rest.split_once('`').unwrap();
    place.succeed(&["train", "trees.toml", "--out", new, "--fold", "1"]);
    assert_eq!(place.succeed(&train).lines().last(), Some(new));
    // So does an experiment with other settings, and one whose run is finished.
    place.store("third", &Made { undefined: 9, ..TWO });
    fs::remove_dir_all(place.path("store")).unwrap();
    fs::rename(place.path("third"), place.path("store")).unwrap();
    place.write("trees.toml", &experiment("store", "max-depth = 3\n"));
    place.succeed(&train);
    place.write("trees.toml", &experiment("store", ""));
    assert!(place.refuse(&train).contains(&begun));
    fs::remove_dir_all(place.path(&begun)).unwrap();
    place.succeed(&train);
}

/// Trains the experiment `name` once in one go, and once with a kill in each attempt but the last.
fn ends_with_the_same_bytes(place: &Place, name: &str, attempts: u32) {
    let begin = Instant::now();
    place.succeed(&["train", name, "--out", "whole"]);
    let whole = begin.elapsed();
    let mut kills = 0;
    for attempt in 1..=attempts {
        let mut child = start(place, &["train", name, "--out", "killed"]);
        // Each attempt comes a little further than the one before it.
        std::thread::sleep(whole.mul_f64(0.13 * f64::from(attempt % 5 + 1)));
        if child.try_wait().unwrap().is_none() {
            kills += 1;
        }
        kill(child);
    }
    assert!(kills > 0, "every attempt ran to its end");
    place.succeed(&["train", name, "--out", "killed"]);
    same_files(place);
}

/// The runs `whole` and `killed` have the same files.
fn same_files(place: &Place) {
    let (killed, whole) =
        (repeatable_files(&place.path("killed")), repeatable_files(&place.path("whole")));
    let names = |files: &[(std::path::PathBuf, _)]| -> Vec<std::path::PathBuf> {
        files.iter().map(|file| file.0.clone()).collect()
    };
    let leftover = |name: &std::path::PathBuf| name.to_string_lossy().contains(".partial");
    let found: Vec<_> = names(&killed).into_iter().filter(|name| !leftover(name)).collect();
    assert_eq!(found, names(&whole));
    for (name, bytes) in &whole {
        let same = killed.iter().find(|file| file.0 == *name).unwrap();
        assert!(same.1 == *bytes, "`{}` differs", name.display());
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_run_where_it_can_be_continued() {
    let place = Place::new();
    place.store("store", &TWO);
    let text = experiment("store", "").replace("n-trees = 20", "n-trees = 40000");
    place.write("trees.toml", &text);
    let child = place
        .command(&["train", "trees.toml", "--out", "run"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until(|| place.path("run/fold-00.partial").exists());
    let id = child.id().to_string();
    std::process::Command::new("kill").args(["-INT", &id]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("interrupted; the same command continues the run"), "{message}");
    assert!(!place.path("run/fold-00").exists());
}

#[test]
fn a_run_is_written_by_one_process_at_a_time() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    place.succeed(&["train", "trees.toml", "--out", "run"]);
    let lock = fs::File::open(place.path("run/run.json")).unwrap();
    lock.lock().unwrap();
    let message = place.refuse(&["train", "trees.toml", "--out", "run"]);
    assert!(message.contains("run `run` is being written by another process"), "{message}");
}

#[test]
fn a_fold_is_written_by_one_process_at_a_time_and_others_beside_it() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    place.succeed(&["train", "trees.toml", "--out", "run", "--fold", "0"]);
    let run = fs::File::open(place.path("run/run.json")).unwrap();
    run.lock_shared().unwrap();
    let fold = fs::File::create(place.path("run/fold-01.lock")).unwrap();
    fold.lock().unwrap();
    let message = place.refuse(&["train", "trees.toml", "--out", "run", "--fold", "1"]);
    assert!(
        message.contains("fold 1 of run `run` is being written by another process"),
        "{message}"
    );
    place.succeed(&["train", "trees.toml", "--out", "run", "--fold", "2"]);
    let message = place.refuse(&["train", "trees.toml", "--out", "run"]);
    assert!(message.contains("run `run` is being written by another process"), "{message}");
    assert!(!place.path("run/fold-02.lock").exists());
}
