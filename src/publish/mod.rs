//! Giving what was found back to those whose pictures showed it, and to everybody.

mod claim;
pub mod datagouv;
pub mod panoramax;

pub use claim::{Claim, Claims, Selection, Unpublishable, claims};
