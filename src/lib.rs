//! Finds what stands along the street in street-level pictures, and puts each object on a map once.
//!
//! The line that everything follows:
//!
//! ```text
//! Area ─▶ Pictures ─▶ Views ─▶ Detections ─▶ Sightings ─▶ Landmarks ─▶ Inventory
//! area     source      view      model         sighting     locate       export
//! ```
//!
//! `survey::run` walks the whole of it; each arrow can also be called alone. Angles are degrees at every public
//! boundary (azimuth clockwise from true north), lengths metres; pixels count from the top-left corner, of the
//! upright picture inside and of the file as served in what is written.

#![deny(missing_docs)]

pub mod annotation;
pub mod area;
pub mod camera;
pub mod compare;
pub mod crs;
pub mod draw;
pub mod export;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
mod geopackage;
pub mod ids;
pub mod inventory;
pub mod locate;
pub mod model;
pub mod package;
pub mod picture;
pub mod place;
pub mod publish;
pub mod report;
pub mod review;
pub mod sighting;
pub mod source;
pub mod survey;
pub mod table;
pub mod taxonomy;
pub mod view;

/// Bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An error and what caused it, in one line: the loader's and the network's errors hide the reason in their source.
fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
