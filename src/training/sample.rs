//! The cells of an experiment: which rows of a store, of which class, in which fold.

use std::path::Path;
use std::sync::Arc;

use tesela_datasets::cell::CellId;
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::file_mark::FileMark;
use tesela_datasets::fold::{FoldPlan, Partition, Place};
use tesela_datasets::random::{derive, generator, shuffle};
use tesela_datasets::source::InputDefinition;
use tesela_datasets::store::{Selection, StoreCell, StoreReader};

use super::TrainingError;
use super::drawing::{Candidate, Drawing};
use super::split::set_aside;
use super::strata::CellStrata;
use crate::experiment::{Experiment, FoldSource, RegionSource, Regrouping};
use crate::metrics::Prevalence;

/// The place of samples below a seed.
const PLACE: u64 = 0x5361_6d70;

/// The cells of an experiment, with their folds.
pub struct Sample {
    reader: Arc<StoreReader>,
    classes: ClassMap,
    /// In order of `cell_id`, as the cells of the plan, so that nothing depends on the order of the store.
    members: Vec<Member>,
    plan: FoldPlan,
    target: Option<Prevalence>,
    /// Where the target tells strata apart.
    strata: Option<CellStrata>,
    region_digest: Option<String>,
    strata_digest: Option<String>,
    remarks: Vec<String>,
}

/// One cell.
#[derive(Debug, Clone, Copy)]
struct Member {
    row: u32,
    class: ClassId,
    trainable: bool,
}

impl Sample {
    /// Opens the store of `experiment` and finds its cells and folds.
    ///
    /// # Errors
    /// If the store is missing or damaged, if the experiment speaks of classes that it lacks, or if there are
    /// too few cells for a sample or for the folds.
    pub fn open(experiment: &Experiment) -> Result<Self, TrainingError> {
        let path = experiment.data().store()?;
        let reader = Arc::new(StoreReader::open(path)?);
        let regrouping = experiment.data().regroup(&reader.definition().classes)?;
        let target = experiment.validation().target(regrouping.classes())?;
        let min_share = experiment.data().min_used_share();
        let mut candidates = Candidates::of(&reader, &regrouping, min_share);
        let mut remarks = candidates.remarks(&reader, &regrouping);
        if candidates.members.is_empty() {
            let reason = candidates.emptiness(&reader);
            return Err(TrainingError::NoCells { store: path.to_owned(), reason });
        }
        let (seed, classes) = (experiment.seed(), regrouping.classes());
        if let Some(per_class) = experiment.data().per_class() {
            candidates.draw(per_class, seed, classes, path)?;
        }
        let plan = match experiment.validation().folds() {
            FoldSource::Drawn(folding) => {
                let drawing = Drawing::new(&reader, &candidates.listed(), classes, seed)?;
                let (plan, more) = drawing.plan(folding)?;
                remarks.extend(more);
                plan
            }
            FoldSource::Plan(plan) => {
                let failed = |source| TrainingError::Folds { store: path.to_owned(), source };
                let plan = FoldPlan::load(plan).map_err(failed)?;
                candidates.restrict(&plan);
                plan.check(candidates.members.iter().map(|(id, _)| id)).map_err(failed)?;
                plan
            }
        };
        let mark =
            |file: &Path| FileMark::of(file).map_err(|error| TrainingError::read(file, error));
        let region_digest = experiment.validation().region_file().map(mark).transpose()?;
        let strata_digest = experiment.validation().strata_file().map(mark).transpose()?;
        let strata = candidates.strata(experiment.validation().strata(), &reader)?;
        if let (Some(strata), Some(target)) = (&strata, &target) {
            let members = candidates.members.iter().map(|(_, member)| (member.row, member.class));
            let members: Vec<(u32, ClassId)> = members.collect();
            let more = strata.check(&members, target, regrouping.classes(), &reader)?;
            // Polygons may be those of the regions, of which all is said.
            let more: Vec<String> = strata.remarks.iter().cloned().chain(more).collect();
            let more: Vec<String> = more.into_iter().filter(|one| !remarks.contains(one)).collect();
            remarks.extend(more);
        }
        let classes = regrouping.classes().clone();
        let sample = Self {
            reader: reader.clone(),
            classes,
            members: candidates.members.into_iter().map(|(_, member)| member).collect(),
            plan,
            target,
            strata,
            region_digest: region_digest.map(|mark| mark.sha256),
            strata_digest: strata_digest.map(|mark| mark.sha256),
            remarks,
        };
        sample.check_folds()?;
        Ok(sample)
    }

    /// The store.
    pub fn reader(&self) -> &Arc<StoreReader> {
        &self.reader
    }

    /// The classes of the experiment.
    pub fn classes(&self) -> &ClassMap {
        &self.classes
    }

    /// The folds.
    pub fn plan(&self) -> &FoldPlan {
        &self.plan
    }

    /// The mixture of classes that scores are reported for beside that of the sample.
    pub fn target(&self) -> Option<&Prevalence> {
        self.target.as_ref()
    }

    /// The digest of the file of polygons that are the regions, where there is one.
    pub fn region_digest(&self) -> Option<&str> {
        self.region_digest.as_deref()
    }

    /// The digest of the file of polygons that are the strata of the target prevalence, where there is one.
    pub fn strata_digest(&self) -> Option<&str> {
        self.strata_digest.as_deref()
    }

    /// The stratum of the cell in row `row` of the store, where the target prevalence tells strata apart.
    pub(super) fn stratum(&self, row: u32) -> Option<Arc<str>> {
        self.strata.as_ref()?.at(row)
    }

    /// What a user should know about how the cells were chosen.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Number of cells of each class.
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.classes.len()];
        for member in &self.members {
            counts[member.class.index()] += 1;
        }
        counts
    }

    /// The cells to fit on and those to validate with: all trainable ones that the plan lets fold `held_out` train on (all
    /// where `None`), `share` of them set aside.
    pub(super) fn training(
        &self,
        held_out: Option<usize>,
        share: f64,
        seed: u64,
    ) -> [Selection; 2] {
        let pairs: Vec<(Member, ClassId)> =
            self.trained(held_out).map(|member| (*member, member.class)).collect();
        let place = held_out.map_or(u64::MAX, |fold| fold as u64);
        let (fit, validation) = set_aside(&pairs, self.classes.len(), share, seed, place);
        [self.select(&fit), self.select(&validation)]
    }

    /// The cells that the model of a fold is fitted on.
    fn trained(&self, held_out: Option<usize>) -> impl Iterator<Item = &Member> {
        let members = self.members.iter().zip(self.plan.training(held_out));
        members.filter_map(|(member, allowed)| (allowed && member.trainable).then_some(member))
    }

    /// At most `most` of the cells that the final model is fitted on, spread evenly over their ids, and for each the fold of
    /// the headline scheme that holds it out (one more than its number; 0 for those that none does).
    pub(super) fn references(&self, most: usize) -> (Selection, Vec<u32>) {
        let headline = self.plan.headline();
        let mut partitions = self.plan.partitions().iter();
        let headline = partitions.find(|own| own.scheme() == headline);
        let places = headline.map(Partition::places).unwrap_or_default();
        let trained = self.members.iter().zip(places).filter(|(member, _)| member.trainable);
        let trained: Vec<(Member, u32)> = trained
            .map(|(member, place)| (*member, place.fold.map_or(0, |fold| u32::from(fold) + 1)))
            .collect();
        let step = trained.len().div_ceil(most.max(1)).max(1);
        let (members, folds): (Vec<Member>, Vec<u32>) = trained.into_iter().step_by(step).unzip();
        (self.select(&members), folds)
    }

    /// The cells of fold `fold`, and where its partition puts each of them.
    pub(super) fn held_out(&self, fold: usize) -> (Selection, Vec<Place>) {
        let Some(at) = self.plan.locate(fold) else { return (self.select(&[]), Vec::new()) };
        let partition = &self.plan.partitions()[at.partition];
        let held_out = partition.held_out(at.fold);
        let pairs = held_out.map(|cell| (self.members[cell], partition.places()[cell]));
        let (members, places): (Vec<Member>, Vec<Place>) = pairs.unzip();
        (self.select(&members), places)
    }

    /// The id of the cell in row `row` of the store.
    pub(super) fn cell(&self, row: u32) -> &StoreCell {
        &self.reader.cells()[row as usize]
    }

    fn select(&self, members: &[Member]) -> Selection {
        let rows = members.iter().map(|member| member.row).collect();
        let labels = members.iter().map(|member| Label::Class(member.class)).collect();
        self.reader.select(rows, labels, self.classes.clone())
    }

    /// A plan may fit the cells and still leave a fold without some class to learn.
    fn check_folds(&self) -> Result<(), TrainingError> {
        for fold in 0..self.plan.folds() {
            if self.plan.held_out(fold).next().is_none() {
                return Err(TrainingError::EmptyFold { fold, what: "cells to score".to_owned() });
            }
            let mut seen = vec![false; self.classes.len()];
            for member in self.trained(Some(fold)) {
                seen[member.class.index()] = true;
            }
            if let Some(class) = self.classes.ids().find(|class| !seen[class.index()]) {
                let name = self.classes.name(class);
                let what = format!("cells of class `{name}` to train on");
                return Err(TrainingError::EmptyFold { fold, what });
            }
        }
        Ok(())
    }
}

/// What a cell lacks of which nothing is known.
fn lacking(reader: &StoreReader) -> &'static str {
    match reader.definition().input {
        InputDefinition::Patches(_) => "used pixel",
        InputDefinition::Table(_) => "number",
    }
}

/// The cells of a store that an experiment could be about, in order of their ids.
struct Candidates {
    members: Vec<(CellId, Member)>,
    undefined: usize,
    /// Cells of which nothing is known.
    empty: usize,
    with_few_pixels: usize,
}

impl Candidates {
    fn of(reader: &StoreReader, regrouping: &Regrouping, min_share: f64) -> Self {
        let mut all = Self { members: Vec::new(), undefined: 0, empty: 0, with_few_pixels: 0 };
        for (row, cell) in (0..).zip(reader.cells()) {
            let Some(class) = regrouping.label(cell.cell.label).class() else {
                all.undefined += 1;
                continue;
            };
            if cell.content.is_empty() {
                all.empty += 1;
                continue;
            }
            let trainable = cell.content.has_share(min_share);
            all.with_few_pixels += usize::from(!trainable);
            all.members.push((cell.cell.id.clone(), Member { row, class, trainable }));
        }
        all.members.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    fn remarks(&self, reader: &StoreReader, regrouping: &Regrouping) -> Vec<String> {
        let mut remarks = Vec::new();
        let left_out: Vec<&str> = regrouping.left_out(&reader.definition().classes).collect();
        if !left_out.is_empty() {
            remarks.push(format!("classes in no group are left out: {}", left_out.join(", ")));
        }
        if self.undefined > 0 {
            remarks.push(format!(
                "{} undefined cells are neither trained on nor scored",
                self.undefined
            ));
        }
        if self.empty > 0 {
            let (count, lacking) = (self.empty, lacking(reader));
            remarks.push(format!("{count} cells without a {lacking} are left out"));
        }
        if self.with_few_pixels > 0 {
            let count = self.with_few_pixels;
            remarks.push(format!("{count} cells with few used pixels are scored, not trained on"));
        }
        remarks
    }

    fn emptiness(&self, reader: &StoreReader) -> String {
        format!(
            "of {} cells, {} are undefined and {} have no {}; expected labelled cells",
            reader.len(),
            self.undefined,
            self.empty,
            lacking(reader)
        )
    }

    /// Keeps `per_class` cells of each class, drawn at random.
    fn draw(
        &mut self,
        per_class: usize,
        seed: u64,
        classes: &ClassMap,
        store: &Path,
    ) -> Result<(), TrainingError> {
        let mut kept = vec![false; self.members.len()];
        for class in classes.ids() {
            let own = self.members.iter().enumerate().filter(|(_, (_, one))| one.class == class);
            let mut own: Vec<usize> = own.map(|(index, _)| index).collect();
            if own.len() < per_class {
                return Err(TrainingError::TooFew {
                    store: store.to_owned(),
                    class: classes.name(class).to_owned(),
                    found: own.len(),
                    needed: format!("`data.sample.per-class` asks for {per_class}"),
                });
            }
            let place = derive(seed, &[PLACE, class.index() as u64]);
            shuffle(&mut generator(place, &[]), &mut own);
            for &index in &own[..per_class] {
                kept[index] = true;
            }
        }
        let mut kept = kept.into_iter();
        self.members.retain(|_| kept.next().unwrap_or(false));
        Ok(())
    }

    /// Keeps the cells that `plan` speaks of.
    fn restrict(&mut self, plan: &FoldPlan) {
        self.members.retain(|(id, _)| plan.position(id).is_some());
    }

    /// The strata that `source` says.
    fn strata(
        &self,
        source: Option<&RegionSource>,
        reader: &StoreReader,
    ) -> Result<Option<CellStrata>, TrainingError> {
        let rows: Vec<u32> = self.members.iter().map(|(_, member)| member.row).collect();
        source.map(|source| CellStrata::of(source, reader, &rows)).transpose()
    }

    /// The cells, without what training needs besides.
    fn listed(&self) -> Vec<Candidate> {
        let one = |(id, member): &(CellId, Member)| Candidate {
            id: id.clone(),
            row: member.row,
            class: member.class,
        };
        self.members.iter().map(one).collect()
    }
}
