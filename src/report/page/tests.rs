//! Tests of whole pages: what they hold, what they leave out, and that no text breaks out of its place.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::examples::{stratified, ten_classes, three_runs, two_classes};
use super::*;

/// The headings of the sections.
fn headings(page: &str) -> Vec<&str> {
    let ends = page.split("</h2>").filter(|part| part.contains("<h2 "));
    ends.map(|part| part.rsplit('>').next().unwrap()).collect()
}

/// The text of the headline, without markup.
fn lead(page: &str) -> String {
    let start = page.find("<p class=\"lead\">").unwrap();
    let text = &page[start..start + page[start..].find("</p>").unwrap()];
    text.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

/// The tags of a page in their order, with the names of their attributes.
fn skeleton(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut letters = page.chars();
    while letters.by_ref().any(|letter| letter == '<') {
        let mut tag = String::new();
        let mut quoted = false;
        for letter in letters.by_ref() {
            match letter {
                '"' => quoted = !quoted,
                '>' if !quoted => break,
                _ if !quoted => tag.push(letter),
                _ => {}
            }
        }
        tags.push(tag);
    }
    tags
}

/// The run that hostile names are put into; drawing it takes longer than writing it.
static DRAWN: LazyLock<RunPage> = LazyLock::new(stratified);

/// A run whose every name is `text`.
fn named(text: &str) -> RunPage {
    let mut page = DRAWN.clone();
    let words = || Words::from(text);
    page.title = words();
    page.run = words();
    page.model = words();
    page.question = Some(words());
    page.classes = vec![words(), words()];
    page.data.dataset = words();
    page.data.store = words();
    page.data.left_out[0].reason = words();
    page.data.product = Some(words());
    for scheme in &mut page.schemes {
        scheme.how = words();
        scheme.curve.as_mut().unwrap().name = words();
        scheme.curve.as_mut().unwrap().class = words();
        scheme.curve.as_mut().unwrap().points.truncate(5);
        scheme.reliability.as_mut().unwrap().name = words();
    }
    page.strata.iter_mut().for_each(|stratum| stratum.name = words());
    page.mistakes.truncate(1);
    page.mistakes[0].cell = words();
    page.mistakes[0].known = words();
    page.mistakes[0].decided = words();
    page.errors.as_mut().unwrap().kinds[1].name = words();
    page.importances.as_mut().unwrap().method = words();
    page.importances.as_mut().unwrap().features[0].name = words();
    page.selection.as_mut().unwrap().method = words();
    page.selection.as_mut().unwrap().sometimes[0] = words();
    page.refit = Some(Refit { how: words(), differs: vec![words()] });
    page.operating_point.as_mut().unwrap().calibration = words();
    page.operating_point.as_mut().unwrap().tried[0].0 = words();
    page.record.command = Some(words());
    page.record.configuration = Some(Words::lines(text));
    page.record.facts[0] = (words(), words());
    page
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_out_of_its_place(text in "(\\PC|[<>&\"'/= \0\u{202e}]|</|<!--|script|style){1,24}") {
        // The map is a picture that takes long to pack; the test below has it.
        let page = |text: &str| run_page(&RunPage { errors: None, learning: Vec::new(), ..named(text) });
        prop_assert_eq!(skeleton(&page("word")), skeleton(&page(&text)));
    }
}

#[test]
fn what_is_known_to_break_pages_does_not() {
    let harmless = skeleton(&run_page(&named("word")));
    for text in [
        "</style><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "=\"#010000\"",
        "-->]]></title></svg>",
        "' onload='x",
        "&lt;script&gt;",
        "javascript:alert(1)",
    ] {
        let page = run_page(&named(text));
        assert_eq!(skeleton(&page), harmless, "{text}");
        assert!(!page.contains("<script") && !page.contains("<img src=x"), "{text}");
    }
}

#[test]
fn a_page_asks_for_nothing() {
    for page in [run_page(&two_classes()), run_page(&ten_classes()), comparison_page(&three_runs())]
    {
        assert!(!page.contains("http:") && !page.contains("https:"), "an address is in the page");
        for part in page.split(" href=\"").chain(page.split(" src=\"")).skip(1) {
            let harmless = ["#", "data:", "<!DOCTYPE"].iter().any(|start| part.starts_with(start));
            assert!(harmless, "{}", &part[..40.min(part.len())]);
        }
        assert!(
            !page.contains("<script") && !page.contains("url("),
            "a program or an address is in the page"
        );
        assert!(page.contains("default-src 'none'"));
    }
}

#[test]
fn the_sections_of_a_run_stand_in_their_order() {
    let page = run_page(&two_classes());
    let expected = [
        "Warnings",
        "Question and data",
        "Figures",
        "Confusion",
        "Precision and recall",
        "Reliability of the probabilities",
        "Spread over the folds",
        "Learning curves",
        "Where the errors lie",
        "The surest mistakes",
        "What the model looks at",
        "Selection of features",
        "How to repeat this run",
    ];
    assert_eq!(headings(&page), expected);
}

#[test]
fn a_country_known_by_stratum_has_a_table_and_says_so_in_the_headline() {
    let page = run_page(&stratified());
    let headings = headings(&page);
    assert_eq!(&headings[2..4], ["Figures", "The country by stratum"]);
    assert!(lead(&page).contains("at a prevalence of 2.1 %, known by stratum"), "{}", lead(&page));
    let start = page.find("<th scope=\"row\">Desierto</th>").unwrap();
    let row = &page[start..start + page[start..].find("</tr>").unwrap()];
    let empty = "<td>0.0 %<span class=\"ends\">0 cells</span></td><td>–</td><td>–</td><td>–</td>";
    assert!(row.contains("20.0 %") && row.contains("130 cells") && row.ends_with(empty), "{row}");
    // Where nothing of a class is, nothing is missing; where there is some, it is told.
    let code = "strata-without-cells";
    assert!(!page.contains(code));
    let mut lacking = stratified();
    lacking.strata[1].prevalence = vec![0.999, 0.001];
    let found = warnings(&lacking).into_iter().find(|warning| warning.code == code).unwrap();
    assert!(
        found.meaning.contains("of class urban in Desierto (0.9 % of the class)"),
        "{}",
        found.meaning
    );
}

#[test]
fn what_is_not_known_is_not_shown() {
    let page = run_page(&RunPage::default());
    assert_eq!(headings(&page), ["Warnings", "Question and data"]);
    assert!(lead(&page).contains("Nothing was measured"));
    let page = comparison_page(&ComparisonPage::default());
    assert_eq!(headings(&page), ["Runs"]);
    let short = RunPage { schemes: vec![SchemeResults::default()], ..RunPage::default() };
    assert_eq!(headings(&run_page(&short)), ["Warnings", "Question and data"]);
}

#[test]
fn numbers_that_are_none_and_places_that_do_not_exist_do_no_harm() {
    let mut page = two_classes();
    page.focus = Some(7);
    page.schemes[0].sample.confusion = vec![vec![f64::NAN, f64::INFINITY], vec![-1.0, 0.0]];
    page.schemes[0].sample.prevalence = Vec::new();
    page.schemes[0].folds[0].cells = Vec::new();
    page.learning[0].epochs[0].train_loss = f64::NAN;
    page.learning[1].epochs.clear();
    let text = run_page(&page);
    assert!(!text.contains("NaN") && !text.contains("inf"), "a number that is none is shown");
    let mut runs = three_runs();
    runs.differences[0].run = 99;
    runs.differences[1].difference.value = f64::NAN;
    runs.ranks.as_mut().unwrap().groups.push(vec![0, 99]);
    runs.agreements[0].cells.pop();
    assert!(!comparison_page(&runs).contains("NaN"));
}

#[test]
fn the_headline_names_share_interval_prevalence_and_scheme() {
    let mut page = two_classes();
    let point = page.operating_point.as_mut().unwrap();
    let found = [
        (Figure::Precision(1), Estimate::within(0.2412, 0.2133, 0.2718)),
        (Figure::Recall(1), Estimate::within(0.922, 0.91, 0.933)),
    ];
    point.after = found.into_iter().collect();
    insta::assert_snapshot!(lead(&run_page(&page)), @"Of the cells that the map will call urban, 24.1 % (21.3 to 27.2) will be urban, and 92.2 % (91.0 to 93.3) of the urban cells will be found, at a prevalence of 2.1 %, measured on spatial blocks.");
    page.schemes.iter_mut().for_each(|scheme| {
        scheme.target = None;
        scheme.sample.scores = found.into_iter().collect();
    });
    insta::assert_snapshot!(lead(&run_page(&page)), @"In this sample, where 50.0 % of the cells are urban, 24.1 % (21.3 to 27.2) of the cells called urban are urban, and 92.2 % (91.0 to 93.3) of the urban cells are found; what a map of the country will be like is not known, measured on spatial blocks.");
    insta::assert_snapshot!(lead(&run_page(&ten_classes())), @"72.1 % (69.8 to 74.5) of the cells of this sample get their class right, of 10 classes as common as they are in the sample, measured on random folds.");
}

#[test]
fn a_comparison_says_first_what_is_not_the_same() {
    let mut runs = three_runs();
    runs.runs[2].years = Some("2011".into());
    runs.runs[2].target = None;
    let page = comparison_page(&runs);
    assert_eq!(headings(&page)[0], "What is not the same");
    for words in ["different stores", "different years", "different prevalences"] {
        assert!(page.contains(words), "{words}");
    }
    runs.runs.truncate(1);
    assert_eq!(headings(&comparison_page(&runs))[0], "Runs");
}

#[test]
fn the_same_run_gives_the_same_page() {
    assert_eq!(run_page(&two_classes()), run_page(&two_classes()));
}
