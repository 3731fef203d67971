//! Where the log goes: to a file with times, and to standard error where it is asked for.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ::log::{Level, LevelFilter, Log, Metadata, Record};
use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;

/// The target of what a person is told anyway: it goes to the file alone.
pub const TOLD: &str = "arpent::told";

#[derive(Args)]
pub struct LogOptions {
    /// Say more on standard error: requests that are made again, pauses; twice: every picture
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Add all that is said to this file, with the times
    #[arg(long, global = true, value_name = "FILE")]
    log: Option<PathBuf>,
}

struct Logger {
    file: Option<Mutex<File>>,
    /// How much is said on standard error.
    level: LevelFilter,
}

impl LogOptions {
    /// The file that is added to.
    pub fn file(&self) -> Option<&Path> {
        self.log.as_deref()
    }

    /// Sets the log up for the rest of the program.
    pub fn start(&self) -> Result<()> {
        let level = match self.verbose {
            0 => LevelFilter::Off,
            1 => LevelFilter::Info,
            _ => LevelFilter::Debug,
        };
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path);
        let file = match &self.log {
            Some(path) => Some(open(path).with_context(|| format!("{} cannot be written", path.display()))?),
            None => None,
        };
        // The file has every failure, and with -v every picture.
        let in_file = if self.verbose > 0 { LevelFilter::Debug } else { LevelFilter::Info };
        let most = if file.is_some() { level.max(in_file) } else { level };
        let logger = Logger { file: file.map(Mutex::new), level };
        ::log::set_boxed_logger(Box::new(logger)).context("the log cannot be started")?;
        ::log::set_max_level(most);
        ::log::info!(target: TOLD, "arpent {} begins: {}", env!("CARGO_PKG_VERSION"), arguments());
        Ok(())
    }
}

/// The arguments of the program, but for the token.
fn arguments() -> String {
    let mut arguments: Vec<String> = std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
    if let Some(token) = arguments.iter().position(|a| a == "--token").and_then(|at| arguments.get_mut(at + 1)) {
        "…".clone_into(token);
    }
    for argument in arguments.iter_mut().filter(|a| a.starts_with("--token=")) {
        "--token=…".clone_into(argument);
    }
    arguments.join(" ")
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The libraries beneath have their own talk.
        metadata.target().starts_with("arpent")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        if let Some(file) = &self.file {
            let level = if record.level() == Level::Warn { "warning: " } else { "" };
            let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            for line in record.args().to_string().lines().filter(|line| !line.is_empty()) {
                // A log that cannot be written stops no survey.
                let _ = file.write_all(format!("{time} {level}{line}\n").as_bytes());
            }
        }
        if record.level() <= self.level && record.target() != TOLD {
            let _ = writeln!(std::io::stderr(), "{}", record.args());
        }
    }

    fn flush(&self) {}
}
