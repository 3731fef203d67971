//! `arpent compare`: what became of the places of one list in another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use arpent::compare::{
    ClassScore, Coverage, Looks, Outcome, Score, Status, Terms, compare, score, write_csv, write_geojson,
};
use arpent::export::Output;
use arpent::place::{Columns, Place, Places};
use arpent::survey::{PictureState, SurveyFile, SurveyReader};
use clap::Args;

use super::guard::Files;
use super::usage::usage;
use super::{Done, count, print_line};

#[derive(Args)]
pub struct Arguments {
    /// The older inventory, or a reference such as a town's own list or points of OpenStreetMap: the file of a survey, CSV,
    /// GeoJSON points, the JSON of Overpass, or the GeoPackage of an inventory
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer inventory
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Where to write a row for each pair and each place that is left over, GeoJSON or CSV by its ending
    #[arg(short, long, value_name = "OUT.geojson|OUT.csv")]
    output: Option<PathBuf>,
    /// Take OLD for the truth: say precision, recall and F1 of NEW, and what its ellipses and probabilities are worth
    #[arg(long)]
    truth: bool,
    /// Farther apart than this nothing is the same, metres [default: 15, or 4 with --truth]
    #[arg(long, value_name = "METRES", value_parser = metres)]
    within: Option<f64>,
    /// With --truth: whatever their classes, two places near each other are the same
    #[arg(long, requires = "truth")]
    any_class: bool,
    /// Leave out of NEW what was seen less often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    min_sightings: u16,
    /// How far off places without an ellipse are, the standard deviation along each axis, metres
    #[arg(long, value_name = "METRES", default_value_t = Terms::default().sd_m, value_parser = metres)]
    sd: f64,
    /// A picture looks so far: what NEW lacks is gone only where one of its pictures looked
    #[arg(long, value_name = "METRES", default_value_t = 20.0, value_parser = metres)]
    visible_within: f64,
    /// Column of the class, in each file that has it [usually: class, traffic_sign or code]
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    class_column: Option<String>,
    /// Column of what is written on the sign [usually: value]
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    value_column: Option<String>,
    /// Column of the identifier [usually: id or @id; without one, the row is told]
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    id_column: Option<String>,
    /// Column of the longitude [usually: lon, longitude, lng or x; of GeoJSON the point]
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    lon_column: Option<String>,
    /// Column of the latitude [usually: lat, latitude or y]
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    lat_column: Option<String>,
}

fn metres(text: &str) -> Result<f64, String> {
    let metres = text.parse().ok().filter(|metres| (0.01..=1000.0).contains(metres));
    metres.ok_or_else(|| "a length from 0.01 to 1000 is wanted".to_owned())
}

/// How the outcomes are written.
type Write = fn(&[Outcome<'_>], &mut dyn std::io::Write) -> std::io::Result<()>;

/// A list with what is known of its survey.
struct List {
    places: Vec<Place>,
    coverage: Option<Coverage>,
    /// The columns that were named and are not there.
    lacking: Vec<String>,
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let write = arguments.output.as_deref().map(format_of).transpose()?;
    let columns = arguments.columns();
    let old = arguments.read(&arguments.old, &columns)?;
    let mut new = arguments.read(&arguments.new, &columns)?;
    if let Some(name) = columns.named().find(|name| old.lacking.contains(name) && new.lacking.contains(name)) {
        bail!("no file has a column '{name}'");
    }
    let least = usize::from(arguments.min_sightings);
    new.places.retain(|place| place.sightings.is_none_or(|sightings| sightings >= least));
    let outcomes = if arguments.truth {
        let within_m = arguments.within.unwrap_or(4.0);
        let score = score(&old.places, &new.places, within_m, arguments.any_class);
        tell_score(&score, within_m, arguments.any_class)?;
        score.outcomes
    } else {
        let terms = Terms { within_m: arguments.within.unwrap_or(Terms::default().within_m), sd_m: arguments.sd };
        let looks = Looks { old: old.coverage.as_ref(), new: new.coverage.as_ref() };
        let outcomes = compare(&old.places, &new.places, terms, looks);
        tell_outcomes(&outcomes, &old, &new, arguments)?;
        outcomes
    };
    if let Some((path, write)) = arguments.output.as_deref().zip(write) {
        let written = Output::create(path).and_then(|output| output.finish(|out| write(&outcomes, out)));
        written.with_context(|| format!("{} could not be written", path.display()))?;
        tell!("written to {}", path.display());
    }
    Ok(Done::Well)
}

fn format_of(path: &Path) -> Result<Write> {
    match path.extension().map(|ending| ending.to_ascii_lowercase()) {
        Some(ending) if ending == "geojson" || ending == "json" => Ok(write_geojson),
        Some(ending) if ending == "csv" => Ok(write_csv),
        _ => Err(usage(format!(
            "{} does not end in .geojson or .csv, which tell the format: name another ending",
            path.display()
        ))),
    }
}

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        Files { inputs: vec![&self.old, &self.new], output: self.output.as_deref(), ..Files::default() }
    }

    fn columns(&self) -> Columns {
        Columns {
            class: self.class_column.clone(),
            value: self.value_column.clone(),
            id: self.id_column.clone(),
            lon: self.lon_column.clone(),
            lat: self.lat_column.clone(),
        }
    }

    fn read(&self, path: &Path, columns: &Columns) -> Result<List> {
        if SurveyFile::is_at(path) {
            let survey = SurveyReader::open(path)?;
            let places = survey.inventory()?.entries.iter().map(Place::from).collect();
            let lacking = columns.named().cloned().collect();
            return Ok(List { places, coverage: Some(self.coverage(&survey)?), lacking });
        }
        let Places { places, has_classes, lacking } = Places::read(path, columns)?;
        if !has_classes && !places.is_empty() {
            tell!(
                "{} has no column of classes (--class-column NAME): its places match those of any class",
                path.display()
            );
        }
        // What a survey writes lies beside its file; another GeoPackage of that name says nothing.
        let beside = path.with_extension("gpkg");
        let coverage = match SurveyReader::open(&beside) {
            Ok(survey) => {
                tell!("{}: the pictures of {} tell what was looked at", path.display(), beside.display());
                Some(self.coverage(&survey)?)
            }
            Err(_) => None,
        };
        Ok(List { places, coverage, lacking })
    }

    fn coverage(&self, survey: &SurveyReader) -> Result<Coverage> {
        let pictures = survey.pictures()?;
        let seen = pictures.iter().filter(|p| matches!(p.state, PictureState::Done | PictureState::Empty));
        Ok(Coverage::new(seen.filter_map(|seen| seen.picture.as_ref()), self.visible_within))
    }
}

fn tell_outcomes(outcomes: &[Outcome<'_>], old: &List, new: &List, arguments: &Arguments) -> Result<()> {
    let number = |status| outcomes.iter().filter(|outcome| outcome.status == status).count();
    let describe = |list: &List| {
        let pictures = list.coverage.as_ref().map(|coverage| count(coverage.pictures(), "picture"));
        let pictures = pictures.map_or_else(String::new, |pictures| format!(", {pictures} looked at"));
        format!("{}{pictures}", count(list.places.len(), "place"))
    };
    print_line(&format!("old       {}: {}", arguments.old.display(), describe(old)))?;
    print_line(&format!("new       {}: {}", arguments.new.display(), describe(new)))?;
    print_line("")?;
    let mut distances: Vec<f64> = outcomes
        .iter()
        .filter(|outcome| matches!(outcome.status, Status::Matched | Status::Changed))
        .filter_map(|outcome| outcome.distance_m)
        .collect();
    distances.sort_unstable_by(f64::total_cmp);
    let apart = match (distances.get(distances.len() / 2), distances.last()) {
        (Some(median), Some(most)) => format!("; {median:.1} m apart in the middle, {most:.1} m at most"),
        _ => String::new(),
    };
    let looked = outcomes.iter().filter(|o| o.status == Status::New && o.looks.unwrap_or_default() > 0).count();
    let first_seen = match old.coverage {
        Some(_) => format!("; {looked} of them where an older picture had looked"),
        None => String::new(),
    };
    let not_seen = match new.coverage {
        Some(_) => "in the old list only, where no newer picture looked",
        None => "in the old list only; nothing tells where the new one looked",
    };
    let lines = [
        (Status::Matched, format!("the same class at the same place{apart}")),
        (Status::Changed, "another value or class of its kind at the same place".to_owned()),
        (Status::Moved, "the same class farther away than the ellipses explain".to_owned()),
        (Status::Gone, "in the old list only, though a newer picture looked".to_owned()),
        (Status::NotSeen, not_seen.to_owned()),
        (Status::New, format!("in the new list only{first_seen}")),
    ];
    for (status, words) in &lines {
        print_line(&format!("{:<9} {:>6}  {words}", status.name(), number(*status)))?;
    }
    print_line("")?;
    tell_classes(outcomes, &lines.map(|(status, _)| status))?;
    let mut changes: BTreeMap<(String, String), usize> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.status == Status::Changed) {
        if let Some((old, new)) = outcome.old.zip(outcome.new) {
            *changes.entry((called(old), called(new))).or_default() += 1;
        }
    }
    for ((old, new), number) in changes {
        print_line(&format!("changed   {number:>6}  {old} → {new}"))?;
    }
    Ok(())
}

/// The class of a place with its value.
fn called(place: &Place) -> String {
    let value = place.value.as_ref().map_or_else(String::new, |value| format!(" [{value}]"));
    format!("{}{value}", class_name(place))
}

fn class_name(place: &Place) -> &str {
    if place.class.is_empty() { "(unknown)" } else { &place.class }
}

fn tell_classes(outcomes: &[Outcome<'_>], statuses: &[Status]) -> Result<()> {
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for outcome in outcomes {
        let Some(place) = outcome.old.or(outcome.new) else { continue };
        let row = rows.entry(class_name(place)).or_insert_with(|| vec![0; statuses.len()]);
        if let Some(column) = statuses.iter().position(|status| *status == outcome.status) {
            row[column] += 1;
        }
    }
    let width = rows.keys().map(|class| class.chars().count()).max().unwrap_or_default().max("class".len());
    let names: Vec<String> = statuses.iter().map(|status| format!("{:>8}", status.name())).collect();
    print_line(&format!("{:<width$}  {}", "class", names.join("  ")))?;
    for (class, row) in rows {
        let cells: Vec<String> = row.iter().map(|number| format!("{number:>8}")).collect();
        print_line(&format!("{class:<width$}  {}", cells.join("  ")))?;
    }
    Ok(())
}

fn tell_score(score: &Score<'_>, within_m: f64, any_class: bool) -> Result<()> {
    let classes = if any_class { "whatever their class" } else { "of one class" };
    print_line(&format!("pairs {classes}, at most {within_m} m apart"))?;
    print_line("")?;
    let width = score.classes.keys().map(|class| class.chars().count()).max().unwrap_or_default().max(9);
    print_line(&format!("{:<width$}   truth   found   right  precision  recall      F1", "class"))?;
    let line = |name: &str, of: &ClassScore| {
        let ClassScore { truth, found, right, .. } = of;
        let share = |whole: usize, share: f64| if whole == 0 { "-".to_owned() } else { format!("{share:.4}") };
        let (precision, recall) = (share(*found, of.precision()), share(*truth, of.recall()));
        let f1 = share(truth.min(found).to_owned(), of.f1());
        print_line(&format!(
            "{name:<width$}  {truth:>6}  {found:>6}  {right:>6}  {precision:>9}  {recall:>6}  {f1:>6}"
        ))
    };
    for (class, of_class) in &score.classes {
        line(if class.is_empty() { "(unknown)" } else { class }, of_class)?;
    }
    line("all", &score.total)?;
    if any_class {
        let ClassScore { right, .. } = score.total;
        print_line(&format!("of the {right} right ones {} have the right class", score.right_classes))?;
    }
    if let Some(errors) = &score.errors {
        print_line("")?;
        print_line(&format!("errors of the {} at most {} m apart:", count(errors.pairs, "pair"), within_m * 3.0))?;
        let arpent::compare::Errors { median_m, mean_m, p95_m, .. } = errors;
        print_line(&format!("  median {median_m:.3} m, mean {mean_m:.3} m, 95 % within {p95_m:.3} m"))?;
        if let Some(inside) = errors.inside {
            print_line(&format!("  {inside:.4} inside their 95 % ellipse"))?;
        }
    }
    if !score.bins.is_empty() {
        print_line("")?;
        print_line("probability   found   right")?;
        for bin in &score.bins {
            print_line(&format!("{:>11.2}  {:>6}  {:>6.2}", bin.stated, bin.found, bin.right))?;
        }
    }
    Ok(())
}
