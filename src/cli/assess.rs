//! `tesela assess`: a map against what is known of its cells.

use std::path::PathBuf;

use super::{Console, ExitStatus};
use crate::assessment::{
    Assessed, Assessment, AssessmentInput, LookupFile, RegionFile, TrainingSource, Verdict, Weight,
    assess, claim, write_assessment,
};
use crate::progress::Progress;
use crate::report::{
    announced_table, areas_table, assessed_table, assessment_sentence, counts_table, edge_table,
    metres, publish_assessment, strata_table,
};
use crate::training::RunDirectory;

/// Measure a map against labels: all figures, where the errors lie, and whether it is as good as announced
///
/// Cells that the model was trained on are left out of the figures; a second table, marked as contaminated, has them in.
/// Unlabelled and undefined cells are counted and never scored. The exit code is 1 where the F1 of the map lies below the
/// interval that was announced.
#[derive(Debug, clap::Args)]
pub(crate) struct AssessArgs {
    /// Map that `tesela predict` has made: GeoParquet
    map: PathBuf,

    /// Labels by cell: GeoParquet, Parquet, CSV, GeoPackage or any vector file [default: those that the map carries]
    labels: Option<PathBuf>,

    /// Layer of the labels [default: the only one]
    #[arg(long, value_name = "NAME", requires = "labels")]
    layer: Option<String>,

    /// Column of the labels with the ids of cells
    #[arg(long, value_name = "NAME", default_value = "cell_id", requires = "labels")]
    id_column: String,

    /// Column of the labels with the classes
    #[arg(long, value_name = "NAME", default_value = "label", requires = "labels")]
    label_column: String,

    /// Run that made the map: its training cells are left out, and the map is held against what it announced
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,

    /// File with the ids of further cells that were trained on, in a column `cell_id`
    #[arg(long, value_name = "FILE")]
    trained_on: Option<PathBuf>,

    /// Polygons by which figures are told apart, such as states: any vector file
    #[arg(long, value_name = "FILE", requires = "by_column")]
    by: Option<PathBuf>,

    /// Column of the polygons with their names
    #[arg(long, value_name = "NAME", requires = "by")]
    by_column: Option<String>,

    /// Layer of the polygons [default: the only one]
    #[arg(long, value_name = "NAME", requires = "by")]
    by_layer: Option<String>,

    /// Side of the blocks of ground that intervals draw together [default: that of the run, or 20000]
    #[arg(long, value_name = "METRES", value_parser = metres_above_zero)]
    block_metres: Option<f64>,

    /// Number of draws for the intervals
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    replicates: u32,

    /// Directory to write `metrics.json`, tables, pictures and `report.html` to
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl AssessArgs {
    fn input(&self) -> anyhow::Result<AssessmentInput> {
        let labels = self.labels.as_ref().map(|path| LookupFile {
            path: path.clone(),
            layer: self.layer.clone(),
            id_column: Some(self.id_column.clone()),
            label_column: Some(self.label_column.clone()),
        });
        let regions = self.by.clone().zip(self.by_column.clone());
        let layer = self.by_layer.clone();
        Ok(AssessmentInput {
            map: self.map.clone(),
            labels,
            run: self.run.as_deref().map(RunDirectory::find).transpose()?,
            trained_on: self.trained_on.clone().map(LookupFile::new),
            regions: regions.map(|(path, column)| RegionFile { path, layer, column }),
            block_metres: self.block_metres,
            replicates: usize::try_from(self.replicates)?,
        })
    }
}

fn metres_above_zero(text: &str) -> Result<f64, String> {
    let metres = text.parse::<f64>().ok().filter(|metres| metres.is_finite() && *metres > 0.0);
    metres.ok_or_else(|| "expected a number of metres above 0".to_owned())
}

pub(crate) fn run(args: &AssessArgs, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let input = args.input()?;
    if let Some(out) = &args.out {
        claim(out)?;
    }
    let assessed = assess(&input, console)?;
    let watch: &mut dyn Progress = console;
    watch.finish("");
    print(&assessed.assessment, console)?;
    if let Some(out) = &args.out {
        leave(&assessed, out, console)?;
    }
    let announced = assessed.assessment.announced.as_ref();
    let is_worse = announced.is_some_and(|one| one.decisive().verdict() == Verdict::Below);
    Ok(if is_worse { ExitStatus::No } else { ExitStatus::Success })
}

fn leave(assessed: &Assessed, out: &std::path::Path, console: &mut Console) -> anyhow::Result<()> {
    let report = publish_assessment(assessed, out)?;
    write_assessment(&assessed.assessment, out)?;
    console.note(format!("the report is `{}`", report.display()));
    console.data(out.display())
}

fn print(assessment: &Assessment, console: &mut Console) -> anyhow::Result<()> {
    for remark in &assessment.remarks {
        match remark.weight {
            Weight::Note => console.note(&remark.title),
            _ => console.warn(&remark.title),
        }
    }
    let lead = match assessment.training {
        TrainingSource::Nobody => "Training cells could not be left out of these figures.\n",
        _ => "",
    };
    console.data(format!("{lead}{}", assessment_sentence(assessment)))?;
    console.data(counts_table(&assessment.counts))?;
    console.data(intervals(assessment))?;
    console.data(assessed_table(assessment))?;
    if let Some(announced) = &assessment.announced {
        console.data(format!("\nAnnounced by {}, and found:", announced.by))?;
        console.data(announced_table(announced))?;
    }
    if let Some(edge) = &assessment.edge {
        console.data("\nBy distance (* fewer than ten cells of a class):")?;
        console.data(edge_table(edge, assessment.focus))?;
    }
    for strata in &assessment.strata {
        console.data(format!("\nBy {} (* fewer than ten cells of a class):", strata.by))?;
        console.data(strata_table(strata, assessment.focus))?;
        if strata.elsewhere > 0 {
            console.note(format!("{} scored cells lie in none of these", strata.elsewhere));
        }
    }
    if let Some(areas) = &assessment.areas {
        let how = if assessment.counts.is_census() { "counted" } else { "estimated" };
        console.data(format!("\nShares of the country, mapped and {how}:"))?;
        console.data(areas_table(areas))?;
    }
    Ok(())
}

/// What the intervals are over.
fn intervals(assessment: &Assessment) -> String {
    let blocks = &assessment.blocks;
    let over = match blocks.metres {
        Some(side) => format!("{} blocks of {}", blocks.number, metres(side)),
        None => format!("{} cells, each taken for itself", blocks.number),
    };
    let beside = match assessment.with_training_cells {
        Some(_) => "; the last column has the training cells in it and is contaminated",
        None => "",
    };
    format!("\nAt the prevalence of the map, intervals over {over}{beside}:")
}
