//! What several test programs share. Each uses its own part of it.
#![allow(dead_code)]

pub mod command;
pub mod docs;
pub mod inventory;
pub mod readers;
pub mod server;
pub mod shot;
pub mod street;

use std::path::PathBuf;

/// Something in the folder of data that is kept apart from the project; says so and is `None` where it is missing.
pub fn shared(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ARPENT_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let wanted = folder.join(path);
    if !wanted.exists() {
        eprintln!("skipped: there is no {} (ARPENT_SHARED names the folder of shared data)", wanted.display());
        return None;
    }
    Some(wanted)
}
