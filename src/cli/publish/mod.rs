//! `arpent publish`: results back to the commons.

mod datagouv;
mod panoramax;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::Done;
use super::guard::Files;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    destination: Destination,
}

#[derive(Subcommand)]
enum Destination {
    /// Write what a survey found to its pictures on a Panoramax server, as annotations; a dry run without --send
    Panoramax(panoramax::Arguments),
    /// Put a folder that `arpent package` wrote onto data.gouv.fr; a dry run without --send
    Datagouv(datagouv::Arguments),
}

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        match &self.destination {
            Destination::Panoramax(arguments) => arguments.files(),
            Destination::Datagouv(_) => Files::default(),
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    match &arguments.destination {
        Destination::Panoramax(arguments) => panoramax::run(arguments),
        Destination::Datagouv(arguments) => datagouv::run(arguments),
    }
}
