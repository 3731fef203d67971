//! `arpent publish`: results back to the commons.

mod panoramax;

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
    /// Write what a survey found to its pictures on a Panoramax server, as annotations; a dry run without --send
    Panoramax(panoramax::Arguments),
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    match &arguments.destination {
        Destination::Panoramax(arguments) => panoramax::run(arguments),
    }
}
