//! `arpent man`: the manual pages, for those who package the program.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};

use super::{Cli, Done};

#[derive(Args)]
pub struct Arguments {
    /// The folder to write them to: a page for the program and one for each command
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let folder = &arguments.folder;
    let write = || {
        std::fs::create_dir_all(folder)?;
        clap_mangen::generate_to(Cli::command(), folder)
    };
    write().with_context(|| format!("{} cannot be written", folder.display()))?;
    Ok(Done::Well)
}
