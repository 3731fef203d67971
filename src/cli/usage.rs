//! Wrong usage: what is asked for can be done with no file, which is known before any work.

use std::fmt::Display;

use thiserror::Error;

/// What is wrong with the arguments. The program exits with 2, as it does where clap refuses them.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Usage(String);

/// Why a command is refused as wrong usage.
pub fn usage(why: impl Display) -> anyhow::Error {
    Usage(why.to_string()).into()
}
