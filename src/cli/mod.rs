//! The commands: arguments in, one call of the library, what is printed.

/// Tells a person something, on standard error: standard output is for results. Nobody listening is no failure.
macro_rules! tell {
    ($($argument:tt)*) => {{
        ::log::info!(target: $crate::cli::log::TOLD, $($argument)*);
        let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{}\n", format_args!($($argument)*)));
    }};
}

mod area;
mod compare;
mod completions;
mod dataset;
mod detect;
mod export;
mod guard;
mod locate;
mod log;
mod man;
mod model;
mod output;
mod pace;
mod package;
mod pictures;
mod progress;
mod publish;
mod report;
mod review;
mod signs;
mod status;
mod survey;
mod usage;

use std::io::Write;
use std::process::ExitCode;

use arpent::taxonomy::Language;
use clap::{Parser, Subcommand};

/// Finds what stands along the street in street-level pictures, and puts each object on a map, once.
#[derive(Parser)]
#[command(name = "arpent", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: log::LogOptions,
}

#[derive(Subcommand)]
enum Command {
    /// Survey an area: find things in its pictures and write one feature for each
    Survey(Box<survey::Arguments>),
    /// Say how far a survey is, also while it goes on
    Status(status::Arguments),
    /// Write what a survey holds in another format: its landmarks, or its pictures with boxes
    Export(export::Arguments),
    /// Make a page of a survey that people look at: map, table, evidence, coverage, review
    Report(report::Arguments),
    /// Apply what people say of landmarks: right, wrong, another class, moved
    Review(review::Arguments),
    /// Write a survey as a folder of open data, ready to publish
    Package(package::Arguments),
    /// Give results back: to the pictures of a Panoramax server, or as open data
    Publish(publish::Arguments),
    /// Compare two inventories, or one with a reference or the truth
    Compare(compare::Arguments),
    /// List the pictures of an area: how many, of what kind, whose, and what surveying them would take
    Pictures(pictures::Arguments),
    /// Run a detector over single pictures
    Detect(detect::Arguments),
    /// Place landmarks from tables of pictures and sightings
    Locate(locate::Arguments),
    /// Say what French road signs mean: name, sizes, tags for OpenStreetMap
    Signs(signs::Arguments),
    /// Print what a shell completes, for its folder of completions
    Completions(completions::Arguments),
    /// Write the manual pages
    #[command(hide = true)]
    Man(man::Arguments),
}

impl Command {
    /// The files that it reads and writes.
    fn files(&self) -> guard::Files<'_> {
        match self {
            Self::Survey(arguments) => arguments.files(),
            Self::Status(arguments) => arguments.files(),
            Self::Export(arguments) => arguments.files(),
            Self::Report(arguments) => arguments.files(),
            Self::Review(arguments) => arguments.files(),
            Self::Package(arguments) => arguments.files(),
            Self::Publish(arguments) => arguments.files(),
            Self::Compare(arguments) => arguments.files(),
            Self::Pictures(arguments) => arguments.files(),
            Self::Detect(arguments) => arguments.files(),
            Self::Locate(arguments) => arguments.files(),
            Self::Signs(_) | Self::Completions(_) | Self::Man(_) => guard::Files::default(),
        }
    }
}

/// The language of names for people.
#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Lang {
    #[default]
    En,
    Fr,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::Fr => Self::Fr,
        }
    }
}

/// Tells of detections that no landmark rests on.
fn tell_left_out(left_out: usize, min_sightings: u16) {
    if left_out > 0 {
        let asked = if min_sightings > 1 { " or less often than --min-sightings" } else { "" };
        tell!(
            "  {} left out: seen seldom where more pictures should have seen it{asked}",
            count(left_out, "detection")
        );
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// As asked.
    Well,
    /// With a result, but some pictures or marks failed.
    WithFailures,
}

/// Runs the command of the program's arguments: 0 done, 1 failed, 2 wrong usage, 3 done but some pictures or marks
/// failed.
pub fn run() -> ExitCode {
    // clap prints what is wrong and exits with 2 by itself.
    let cli = Cli::parse();
    let begun = cli.command.files().check(cli.log.file()).and_then(|()| cli.log.start());
    let outcome = begun.and_then(|()| match cli.command {
        Command::Survey(arguments) => survey::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Review(arguments) => review::run(&arguments),
        Command::Package(arguments) => package::run(&arguments),
        Command::Publish(arguments) => publish::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Pictures(arguments) => pictures::run(&arguments),
        Command::Detect(arguments) => detect::run(&arguments),
        Command::Locate(arguments) => locate::run(&arguments),
        Command::Signs(arguments) => signs::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    });
    match outcome {
        Ok(Done::Well) => ExitCode::SUCCESS,
        Ok(Done::WithFailures) => ExitCode::from(3),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell!("arpent: {error:#}");
            if error.is::<usage::Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// Whether the reader of our output went away, as `head` does: no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Writes a line of results.
fn print_line(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}")
}

/// A count with its noun: `1 picture`, `2 pictures`.
fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    /// The commands of the program in the code blocks of a document, as words.
    fn commands(document: &str) -> Vec<Vec<String>> {
        let mut fenced = false;
        let mut code = String::new();
        for line in document.lines() {
            fenced ^= line.starts_with("```");
            if fenced || line.starts_with("    ") {
                code += line.trim();
                code += "\n";
            }
        }
        let code = code.replace("\\\n", " ");
        let words = |line: &str| {
            let plain = |word: &&str| !["#", "|", ">", "&&"].contains(word);
            // What stands between quotation marks is one word.
            let mut quoted = false;
            let between = |letter: char| {
                quoted ^= letter == '"';
                letter == ' ' && !quoted
            };
            let words = line.split(between).filter(|word| !word.is_empty()).take_while(plain);
            let mut words: Vec<String> = words.map(|word| word.replace('"', "")).collect();
            // The documents take it from the environment.
            if ["panoramax", "--send"].iter().all(|part| words.iter().any(|word| word == part)) {
                words.extend(["--token".to_owned(), "x".to_owned()]);
            }
            words
        };
        code.lines().filter(|line| line.starts_with("arpent ")).map(words).collect()
    }

    #[test]
    fn every_command_of_the_documents_is_understood() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|page| page.unwrap().path());
        let others =
            ["README.md", "LISEZMOI.md", "models/README.md", "examples/README.md"].map(|page| root.join(page));
        let mut number = 0;
        for page in pages.filter(|page| page.extension().is_some_and(|kind| kind == "md")).chain(others) {
            for command in commands(&std::fs::read_to_string(&page).unwrap()) {
                number += 1;
                if let Err(error) = Cli::try_parse_from(&command) {
                    panic!("{}: {}\n{error}", page.display(), command.join(" "));
                }
            }
        }
        assert!(number > 40, "{number} commands");
    }
}
