//! The page that people look at: one file that opens from a disk, without a server and without a network.
//!
//! `page/` holds what a browser gets, as plain files; `vendor/` the library that draws the map. The landmarks stand in
//! the page as compressed JSON and the cut-outs as base64, so nothing that comes from the data is ever read as HTML.

mod cutout;
mod data;
mod symbol;

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

pub use cutout::{CutOuts, Limits};

use crate::inventory::Inventory;
use crate::survey::{FileError, SurveyReader, SurveyedPicture, SurveyedSighting};
use crate::taxonomy::Language;

/// All that a page tells of a survey.
pub struct Report {
    /// The landmarks and their lineage.
    pub inventory: Inventory,
    /// The pictures of the area.
    pub pictures: Vec<SurveyedPicture>,
    /// The detections that landmarks rest on: by landmark, those of its best picture first.
    pub sightings: Vec<SurveyedSighting>,
    /// The area by its name, where it has one.
    pub area_name: Option<String>,
    /// Tells this survey from others, also when it has been gone on with.
    pub key: String,
    /// The name of its file without the ending.
    pub stem: String,
}

/// How a page is to look.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// The language it opens in; it can be switched there.
    pub language: Language,
    /// Its title, instead of one made of what was looked for and where.
    pub title: Option<String>,
}

impl Report {
    /// Reads the newest survey of a file; `stem` is the file's name without its ending.
    ///
    /// # Errors
    ///
    /// As those of [`SurveyReader`].
    pub fn read(survey: &SurveyReader, stem: &str) -> Result<Self, FileError> {
        let (inventory, terms) = (survey.inventory()?, survey.terms()?);
        let mut digest = Sha256::new();
        for (name, value) in &terms.0 {
            digest.update(format!("{name}={value}\n"));
        }
        digest.update(inventory.lineage.started_at.map(|time| time.to_string()).unwrap_or_default());
        let key = crate::hex(&digest.finalize()[..8]);
        let area_name = terms.area_name().map(str::to_owned);
        let (pictures, sightings) = (survey.pictures()?, data::of_landmarks(&inventory, survey.sightings()?));
        Ok(Self { inventory, pictures, sightings, area_name, key, stem: stem.to_owned() })
    }

    /// Writes the page. The same survey and cut-outs give the same bytes.
    pub fn write(&self, look: &Look, cut_outs: &CutOuts, out: &mut dyn Write) -> io::Result<()> {
        let data = serde_json::to_vec(&data::Data::new(self, look, cut_outs))?;
        let mut packed = GzBuilder::new().write(Vec::new(), Compression::best());
        packed.write_all(&data)?;
        let data = BASE64.encode(packed.finish()?);
        // What the policy does not name is not run, whatever may have found its way into the page.
        let policy = format!(
            "default-src 'none'; script-src {} {}; style-src {} {}; img-src data: blob:; worker-src blob:; \
             connect-src {}; base-uri 'none'; form-action 'none'",
            hash(MAPLIBRE),
            hash(SCRIPT),
            hash(MAPLIBRE_STYLE),
            hash(STYLE),
            MAP_HOSTS.join(" "),
        );
        write!(
            out,
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"generator\" content=\"arpent {}\">\n\
             <title>arpent</title>\n<style>{MAPLIBRE_STYLE}</style>\n<style>{STYLE}</style>\n</head>\n<body>\n{BODY}",
            language_code(look.language),
            env!("CARGO_PKG_VERSION"),
        )?;
        write!(
            out,
            "<script type=\"text/plain\" id=\"data\">{data}</script>\n<script type=\"text/plain\" id=\"crops\">\n"
        )?;
        for image in &cut_outs.images {
            out.write_all(BASE64.encode(image).as_bytes())?;
            out.write_all(b"\n")?;
        }
        write!(out, "</script>\n<script type=\"text/plain\" id=\"license\">{MAPLIBRE_LICENSE}</script>")?;
        write!(out, "\n<script>{MAPLIBRE}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n")
    }
}

/// The servers of the maps that can lie behind the landmarks.
const MAP_HOSTS: [&str; 2] = ["https://data.geopf.fr", "https://a.tile.openstreetmap.fr"];

const BODY: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const MAPLIBRE: &str = include_str!("vendor/maplibre-gl.js");
const MAPLIBRE_STYLE: &str = include_str!("vendor/maplibre-gl.css");
const MAPLIBRE_LICENSE: &str = include_str!("vendor/maplibre-gl.LICENSE.txt");
const SCRIPT: &str = concat!(
    "\"use strict\";\n",
    include_str!("page/text.js"),
    include_str!("page/symbols.js"),
    include_str!("page/data.js"),
    include_str!("page/marks.js"),
    include_str!("page/list.js"),
    include_str!("page/map.js"),
    include_str!("page/card.js"),
    include_str!("page/panels.js"),
    include_str!("page/main.js"),
);

/// A text that stands in the page, as its policy names it.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(Sha256::digest(text)))
}

fn language_code(language: Language) -> &'static str {
    match language {
        Language::En => "en",
        Language::Fr => "fr",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_page_does_not_end_early() {
        for text in [MAPLIBRE, SCRIPT, MAPLIBRE_LICENSE] {
            assert!(!text.contains("</script") && !text.contains("<!--"));
        }
        for text in [MAPLIBRE_STYLE, STYLE] {
            assert!(!text.contains("</style"));
        }
        // A carriage return would be another byte in the page than under its hash.
        assert!(![MAPLIBRE, SCRIPT, MAPLIBRE_STYLE, STYLE].iter().any(|text| text.contains('\r')));
    }
}
