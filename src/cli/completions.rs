//! `arpent completions`: what a shell completes.

use std::io::Write;

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Done};

#[derive(Args)]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    // Whole before any of it is written: a reader that goes away is no panic of the library's.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "arpent", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Done::Well)
}
