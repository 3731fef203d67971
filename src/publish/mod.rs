//! Giving what was found back to those whose pictures showed it, and to everybody.

pub mod datagouv;
