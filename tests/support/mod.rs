//! What several test programs share. Each uses its own part of it.
#![allow(dead_code)]

pub mod server;
pub mod shot;
