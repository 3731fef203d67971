//! Giving what was found back to those whose pictures showed it.

mod claim;
pub mod panoramax;

pub use claim::{Claim, Claims, Selection, Unpublishable, claims};
