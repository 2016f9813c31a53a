//! The confusion matrix as a picture.
//!
//! Each row shows what became of the cells of one class: blue where they were taken for their class,
//! orange where for another, the stronger the larger their share of the row. Recall stands at the end of
//! each row, precision below each column, and the prevalence that they hold for in the title.

use tesela_datasets::class::{ClassId, ClassMap};

use crate::metrics::{Confusion, Scores};
use crate::numerals::{grouped, percent};
use crate::picture::{Anchor, Area, Canvas, Colour, Pen, Picture, mix};

const INK: Colour = [32, 36, 44];
const GREY: Colour = [108, 116, 128];
const FAINT: Colour = [176, 182, 192];
const PAPER: Colour = [244, 246, 249];
const RIGHT: Colour = [16, 78, 139];
const WRONG: Colour = [226, 88, 12];

const MARGIN: f32 = 28.0;
const GAP: f32 = 2.0;
const LINE: f32 = 20.0;

/// The words over a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// What was measured, such as `eurosat-urban/extra-trees`.
    pub title: String,
    /// How, such as `10 folds`.
    pub how: String,
}

/// Draws `confusion` with `scores`, which are of the same cells.
///
/// # Panics
/// If the three do not speak of the same classes.
pub fn confusion_picture(
    confusion: &Confusion,
    scores: &Scores,
    classes: &ClassMap,
    caption: &Caption,
) -> Picture {
    assert_eq!(confusion.classes(), classes.len(), "both speak of the same classes");
    let head = head(scores, classes, caption);
    let layout = Layout::of(classes, &head);
    let mut chart = Chart { canvas: Canvas::new(layout.width, layout.height), layout };
    chart.head(&head);
    chart.axes(classes);
    for truth in classes.ids() {
        chart.row(confusion, truth);
    }
    chart.rates(scores);
    chart.canvas.finish()
}

/// The lines over the matrix, with their pens.
fn head(scores: &Scores, classes: &ClassMap, caption: &Caption) -> Vec<(String, Pen)> {
    let kappa = scores.kappa.map_or_else(|| "undefined".to_owned(), |kappa| format!("{kappa:.3}"));
    let cells = grouped(scores.cells);
    let accuracy = percent(scores.accuracy);
    let grey = Pen { size: 13.0, bold: false, colour: GREY };
    let mut lines = vec![
        (caption.title.clone(), Pen { size: 19.0, bold: true, colour: INK }),
        (
            format!("accuracy {accuracy}  ·  kappa {kappa}  ·  {cells} cells  ·  {}", caption.how),
            Pen { size: 13.0, bold: false, colour: INK },
        ),
        (format!("at a prevalence of {}", prevalences(scores)), grey),
    ];
    if classes.len() > MANY {
        lines.push(("shares of each class in per cent of its row".to_owned(), grey));
    }
    lines
}

/// More classes than this get cells too small for counts.
const MANY: usize = 14;

/// All prevalences where they are few, else their range.
fn prevalences(scores: &Scores) -> String {
    let classes = &scores.classes;
    if classes.len() <= 3 {
        let each = classes.iter().map(|one| format!("{} {}", one.class, percent(one.prevalence)));
        return each.collect::<Vec<_>>().join(", ");
    }
    let shares = classes.iter().map(|one| percent(one.prevalence));
    if shares.collect::<std::collections::BTreeSet<_>>().len() == 1 {
        return format!("{} for each class", percent(classes[0].prevalence));
    }
    let by_share = |a: &&_, b: &&_| {
        let share = |one: &crate::metrics::ClassScores| one.prevalence;
        share(a).total_cmp(&share(b))
    };
    let rarest = classes.iter().min_by(by_share);
    let commonest = classes.iter().max_by(by_share);
    let ends = rarest.into_iter().chain(commonest);
    let ends = ends.map(|one| format!("{} ({})", percent(one.prevalence), one.class));
    ends.collect::<Vec<_>>().join(" to ")
}

/// Where everything lies, in units.
#[derive(Debug, Clone, Copy)]
struct Layout {
    width: f32,
    height: f32,
    /// The matrix without rates.
    matrix: Area,
    /// One cell, gap included.
    cell: (f32, f32),
    /// Size of the counts; nothing is written where zero.
    text: f32,
    /// Size of class names.
    names: f32,
    upright: bool,
}

impl Layout {
    fn of(classes: &ClassMap, head: &[(String, Pen)]) -> Self {
        let count = classes.len() as f32;
        let (cell, text, names) = match classes.len() {
            0..=3 => ((132.0, 84.0), 17.0, 14.0),
            4..=6 => ((104.0, 68.0), 15.0, 13.0),
            7..=MANY => ((76.0, 54.0), 12.5, 12.5),
            15..=40 => ((38.0, 26.0), 10.0, 11.0),
            _ => ((10.0, 10.0), 0.0, 8.0),
        };
        let ruler = Canvas::new(1.0, 1.0);
        let pen = Pen { size: names, bold: false, colour: INK };
        let widths = classes.names().iter().map(|name| ruler.width_of(name, pen));
        let longest = widths.fold(0.0, f32::max);
        let upright = longest > cell.0 - 8.0;
        let left = MARGIN + 26.0 + longest.max(ruler.width_of("precision", pen)) + 12.0;
        let below_head = MARGIN + head.len() as f32 * LINE + 18.0;
        let top = below_head + 24.0 + if upright { longest } else { names } + 12.0;
        let matrix = Area { x: left, y: top, width: count * cell.0, height: count * cell.1 };
        let title = head.iter().map(|(line, pen)| ruler.width_of(line, *pen)).fold(0.0, f32::max);
        let recall = ruler.width_of("100.0 %", pen).max(ruler.width_of("recall", pen)) + 24.0;
        Self {
            width: (left + matrix.width + recall).max(MARGIN + title) + MARGIN,
            height: top + matrix.height + 34.0 + MARGIN,
            matrix,
            cell,
            text,
            names,
            upright,
        }
    }

    fn cell(&self, row: usize, column: usize) -> Area {
        Area {
            x: self.matrix.x + column as f32 * self.cell.0,
            y: self.matrix.y + row as f32 * self.cell.1,
            width: self.cell.0 - GAP,
            height: self.cell.1 - GAP,
        }
    }

    fn below(&self) -> f32 {
        self.matrix.y + self.matrix.height
    }

    fn right(&self) -> f32 {
        self.matrix.x + self.matrix.width
    }
}

struct Chart {
    canvas: Canvas,
    layout: Layout,
}

impl Chart {
    fn head(&mut self, lines: &[(String, Pen)]) {
        for (index, (line, pen)) in lines.iter().enumerate() {
            let extra = if index == 0 { 0.0 } else { 5.0 };
            let y = MARGIN + 8.0 + index as f32 * LINE + extra;
            self.canvas.write(line, (MARGIN, y), Anchor::Start, *pen);
        }
    }

    fn axes(&mut self, classes: &ClassMap) {
        let layout = self.layout;
        let pen = Pen { size: layout.names, bold: false, colour: INK };
        let title = Pen { size: 12.0, bold: false, colour: GREY };
        let names_above = if layout.upright {
            let widths = classes.names().iter().map(|name| self.canvas.width_of(name, pen));
            widths.fold(0.0, f32::max)
        } else {
            layout.names
        };
        let above = (layout.matrix.x, layout.matrix.y - names_above - 26.0);
        self.canvas.write("predicted class →", above, Anchor::Start, title);
        let beside = (MARGIN + 6.0, layout.below() - GAP);
        self.canvas.write_upwards("← known class", beside, Anchor::Start, title);
        for (index, name) in classes.names().iter().enumerate() {
            let (_, middle) = layout.cell(index, 0).middle();
            self.canvas.write(name, (layout.matrix.x - 10.0, middle), Anchor::End, pen);
            let (middle, _) = layout.cell(0, index).middle();
            let y = layout.matrix.y - 10.0;
            if layout.upright {
                self.canvas.write_upwards(name, (middle, y), Anchor::Start, pen);
            } else {
                self.canvas.write(name, (middle, y - layout.names / 2.0), Anchor::Middle, pen);
            }
        }
    }

    fn row(&mut self, confusion: &Confusion, truth: ClassId) {
        let support = confusion.support(truth);
        for predicted in (0..confusion.classes()).map(ClassId::new) {
            let count = confusion.count(truth, predicted);
            let area = self.layout.cell(truth.index(), predicted.index());
            let share = if support == 0 { 0.0 } else { count as f64 / support as f64 };
            let background = if truth == predicted {
                shade(RIGHT, share)
            } else {
                // Errors are rarer than successes; the root lifts them, so that they are seen.
                shade(WRONG, share.sqrt())
            };
            self.canvas.fill(area, background);
            if self.layout.text > 0.0 {
                self.entry(area, count, share, ink_on(background));
            }
        }
    }

    fn entry(&mut self, area: Area, count: u64, share: f64, ink: Colour) {
        let (x, y) = area.middle();
        let size = self.layout.text;
        if count == 0 {
            let pen = Pen { size: size * 0.85, bold: false, colour: FAINT };
            self.canvas.write("0", (x, y), Anchor::Middle, pen);
        } else if self.layout.cell.1 < 40.0 {
            let pen = Pen { size, bold: false, colour: ink };
            let text = format!("{:.1}", 100.0 * share);
            self.canvas.write(&text, (x, y), Anchor::Middle, pen);
        } else {
            let pen = Pen { size, bold: true, colour: ink };
            self.canvas.write(&grouped(count), (x, y - size * 0.62), Anchor::Middle, pen);
            let pen = Pen { size: size * 0.85, bold: false, colour: ink };
            self.canvas.write(&percent(share), (x, y + size * 0.68), Anchor::Middle, pen);
        }
    }

    /// Recall to the right of each row, precision below each column.
    fn rates(&mut self, scores: &Scores) {
        let layout = self.layout;
        if layout.text == 0.0 {
            return;
        }
        let word = Pen { size: 12.0, bold: false, colour: GREY };
        let pen = Pen { size: layout.text.clamp(10.0, 13.0), bold: false, colour: GREY };
        let (x, y) = (layout.right() + 12.0, layout.below() + 16.0);
        self.canvas.write("recall", (x, layout.matrix.y - 10.0 - 6.0), Anchor::Start, word);
        self.canvas.write("precision", (layout.matrix.x - 10.0, y), Anchor::End, word);
        let short = |share: f64| {
            if layout.cell.1 < 40.0 { format!("{:.1}", 100.0 * share) } else { percent(share) }
        };
        for (index, class) in scores.classes.iter().enumerate() {
            let (middle, _) = layout.cell(0, index).middle();
            self.canvas.write(&short(class.precision), (middle, y), Anchor::Middle, pen);
            let (_, middle) = layout.cell(index, 0).middle();
            self.canvas.write(&short(class.recall), (x, middle), Anchor::Start, pen);
        }
    }
}

/// The colour of a share.
#[expect(clippy::cast_possible_truncation, reason = "a share needs few digits")]
fn shade(full: Colour, share: f64) -> Colour {
    mix(PAPER, full, share as f32)
}

/// Black or white, whichever reads better.
fn ink_on(background: Colour) -> Colour {
    let [red, green, blue] = background.map(f32::from);
    let lightness = 0.299 * red + 0.587 * green + 0.114 * blue;
    if lightness < 140.0 { [255; 3] } else { INK }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Outcomes;

    fn picture(count: usize) -> Picture {
        let classes = ClassMap::new((0..count).map(|class| format!("class {class}"))).unwrap();
        let mut outcomes = Outcomes::new(count);
        for cell in 0..count * 3 {
            let mut row = vec![0.0; count];
            row[(cell * cell + 1) % count] = 1.0;
            outcomes.push(ClassId::new(cell % count), &row);
        }
        let scores = Scores::of(&outcomes, &classes, None).unwrap();
        let caption = Caption { title: "a title".to_owned(), how: "3 folds".to_owned() };
        confusion_picture(&outcomes.confusion(), &scores, &classes, &caption)
    }

    #[test]
    fn any_number_of_classes_makes_a_picture_of_bearable_size() {
        for count in [2, 3, 5, 10, 14, 15, 40, 41, 300] {
            let picture = picture(count);
            assert!(
                picture.width() > 400 && picture.width() < 8000,
                "{count}: {}",
                picture.width()
            );
            assert!(picture.height() > 400 && picture.height() < 8000, "{count}");
        }
    }

    #[test]
    fn the_same_counts_give_the_same_bytes() {
        assert_eq!(picture(4).to_png().unwrap(), picture(4).to_png().unwrap());
    }
}
