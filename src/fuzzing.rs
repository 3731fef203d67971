//! What others write, given to its parser: one function a target of the fuzzer (`make fuzz`), which panics where the
//! parser does, or where what it gives is not sound. The tests run all that was found so far, `fuzz/corpus`.

use std::fs;
use std::panic;
use std::path::PathBuf;
use std::sync::Once;

use crate::area::Area;
use crate::compare::{Looks, Terms, compare};
use crate::locate::tables::Tables;
use crate::locate::{Traits, locate};
use crate::model::Together;
use crate::place::{Columns, Places};
use crate::review::Marks;
use crate::view::decode;

pub use crate::model::fuzzing::model_outputs;
pub use crate::source::fuzzing::jpeg_headers;
pub use crate::source::panoramax::fuzzing::items;

/// Pictures of more pixels and larger tables take their time, which is not what is looked for here.
const MAX_PIXELS: u32 = 1 << 20;
const MAX_ROWS: usize = 60;

/// A box, or the text of a file of areas.
pub fn areas(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for area in [Area::parse_bbox(&text), Area::from_geojson(&text)].into_iter().flatten() {
        for rect in area.rects() {
            let (min, max) = (rect.min(), rect.max());
            assert!(min.x >= -180.0 && max.x <= 180.0 && min.y >= -90.0 && max.y <= 90.0, "{rect:?}");
            let _ = (area.meets(&rect), area.contains(f64::midpoint(min.x, max.x), f64::midpoint(min.y, max.y)));
        }
        assert!(!area.contains(181.0, 0.0) && !area.describe().is_empty());
        let again = Area::from_geojson(&area.to_geojson().to_string()).map(|area| area.rects());
        assert_eq!(again.ok(), Some(area.rects()));
    }
}

/// The bytes of a picture's file.
pub fn pictures(bytes: &[u8]) {
    // Panics of the decoder are caught, so they must not end the fuzzer.
    static QUIET: Once = Once::new();
    if cfg!(fuzzing) {
        QUIET.call_once(|| panic::set_hook(Box::new(|_| {})));
    }
    let reader = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format();
    let size = reader.ok().and_then(|reader| panic::catch_unwind(|| reader.into_dimensions().ok()).ok().flatten());
    if size.is_some_and(|(width, height)| width.checked_mul(height).is_none_or(|pixels| pixels > MAX_PIXELS)) {
        return;
    }
    if let Ok(decoded) = decode(bytes) {
        assert_eq!(decoded.turn.upright_size(), decoded.image.dimensions());
    }
}

/// The first byte chooses: tables of pictures and sightings, two texts with a zero between; a list of places; marks.
pub fn tables(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    match choice % 4 {
        0 | 1 => {
            let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
            let files = [written("pictures", &rest[..end]), written("sightings", rest.get(end + 1..).unwrap_or(&[]))];
            let tables = Tables::read(&files[0].0, &files[1].0);
            let together = if *choice == 0 { Together::Support } else { Together::Installation };
            let traits = Traits { is_exclusive: *choice == 0, together };
            match tables {
                Ok(tables) if tables.stations.len().max(tables.sightings.len()) <= MAX_ROWS => {
                    for landmark in locate(&tables.stations, &tables.sightings, traits) {
                        assert!((0.0..=1.0).contains(&landmark.probability), "{landmark:?}");
                        assert!(landmark.lon_deg.is_finite() && landmark.lat_deg.abs() <= 90.0, "{landmark:?}");
                    }
                }
                Ok(_) => {}
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        2 => match Places::read(&written("places", rest).0, &Columns::default()) {
            Ok(Places { places, .. }) if places.len() <= MAX_ROWS => {
                let outcomes = compare(&places, &places, Terms::default(), Looks::default());
                assert!(outcomes.len() >= places.len());
            }
            _ => {}
        },
        _ => drop(Marks::parse(&String::from_utf8_lossy(rest))),
    }
}

/// A file of this process, gone when it is dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn written(name: &str, bytes: &[u8]) -> Scratch {
    let path = std::env::temp_dir().join(format!("arpent-fuzz-{}-{name}", std::process::id()));
    fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Scratch(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Target = fn(&[u8]);

    #[test]
    fn nothing_that_was_found_upsets_a_parser() {
        let targets: [(&str, Target); 6] = [
            ("areas", areas),
            ("items", items),
            ("jpeg_headers", jpeg_headers),
            ("model_outputs", model_outputs),
            ("pictures", pictures),
            ("tables", tables),
        ];
        for (target, run) in targets {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
            let files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(!files.is_empty(), "{} is empty", folder.display());
            for file in files {
                let bytes = fs::read(&file).unwrap();
                panic::catch_unwind(|| run(&bytes)).unwrap_or_else(|_| panic!("{}", file.display()));
            }
        }
    }
}
