//! `arpent review`: what people say of landmarks, into the file of a survey.

use std::path::PathBuf;

use anyhow::{Context, Result};
use arpent::review::{Marks, Review, Verdict};
use arpent::survey::{self, Reviewed};
use clap::Args;

use super::guard::Files;
use super::{Done, count, print_line};

#[derive(Args)]
pub struct Arguments {
    /// The file of a survey
    #[arg(value_name = "SURVEY.gpkg")]
    survey: PathBuf,
    /// Marks to apply: the file that the page of `arpent report` gives
    #[arg(value_name = "MARKS.json", required_unless_present_any = ["list", "remove"])]
    marks: Option<PathBuf>,
    /// List what was said so far
    #[arg(long, conflicts_with_all = ["marks", "remove"])]
    list: bool,
    /// Take back what was said of a landmark
    #[arg(long, value_name = "ID", conflicts_with = "marks")]
    remove: Vec<String>,
}

/// So many problems are told one by one.
const TOLD_PROBLEMS: usize = 20;

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        let inputs = self.marks.as_deref().into_iter().collect();
        Files { inputs, survey: Some(self.survey.clone()), ..Files::default() }
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    if arguments.list {
        return list(arguments);
    }
    let (outcome, done) = match &arguments.marks {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            let Marks { marks, problems } = Marks::parse(&text).with_context(|| path.display().to_string())?;
            let mut outcome = survey::review(&arguments.survey, marks)?;
            outcome.problems.splice(..0, problems);
            (outcome, "applied")
        }
        None => (survey::take_back(&arguments.survey, &arguments.remove)?, "taken back"),
    };
    let Reviewed { taken, problems, unmatched } = outcome;
    for problem in problems.iter().take(TOLD_PROBLEMS) {
        tell!("{problem}");
    }
    if problems.len() > TOLD_PROBLEMS {
        tell!("and {} like these", problems.len() - TOLD_PROBLEMS);
    }
    tell!("{} {done}, {} not; `arpent export` and `arpent report` go by them", count(taken, "mark"), problems.len());
    if unmatched > 0 {
        tell!("  {} of landmarks that are not there any more", count(unmatched, "review"));
    }
    if taken == 0 && !problems.is_empty() {
        anyhow::bail!("nothing was changed");
    }
    Ok(if problems.is_empty() { Done::Well } else { Done::WithFailures })
}

/// A line a review: landmark, what was said, when, by whom, and the note, with tabs between.
fn list(arguments: &Arguments) -> Result<Done> {
    for Review { landmark, verdict, note, reviewer, time, found } in survey::reviews(&arguments.survey)? {
        let mut what = verdict.name().to_owned();
        if let Verdict::Corrected { class, place } = &verdict {
            if let Some((class, value)) = class {
                let value = value.as_ref().map_or_else(String::new, |value| format!("[{value}]"));
                what.push_str(&format!(" {} → {class}{value}", found.class));
            }
            if let Some((lon_deg, lat_deg)) = place {
                what.push_str(&format!(" → {lon_deg:.7},{lat_deg:.7}"));
            }
        }
        let time = time.map(|time| time.to_string()).unwrap_or_default();
        // A note may hold lines of its own.
        let note = note.unwrap_or_default().replace(char::is_whitespace, " ");
        print_line(&format!("{landmark}\t{what}\t{time}\t{}\t{note}", reviewer.unwrap_or_default()))?;
    }
    Ok(Done::Well)
}
