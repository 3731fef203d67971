//! `arpent publish`: results back to the commons.

mod datagouv;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::Done;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    destination: Destination,
}

#[derive(Subcommand)]
enum Destination {
    /// Put a folder that `arpent package` wrote onto data.gouv.fr; a dry run without --send
    Datagouv(datagouv::Arguments),
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    match &arguments.destination {
        Destination::Datagouv(arguments) => datagouv::run(arguments),
    }
}
