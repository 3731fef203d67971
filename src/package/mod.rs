//! An inventory as a folder that is ready to be published as open data: the same rows as CSV and GeoJSON, a Table Schema, a
//! Data Package after Frictionless, and a description in French.

mod license;
mod readme;
mod schema;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::crs::Crs;
use crate::export::{OutputFolder, csv, geojson};
use crate::hex;
use crate::inventory::Inventory;
use crate::picture::is_address;
pub use license::{Choice, LICENSES, License, LicenseError, by_id, choose};

/// The description of the folder by which programs read it.
pub const DESCRIPTOR: &str = "datapackage.json";
/// The Table Schema of the CSV file.
pub const SCHEMA: &str = "schema.json";
/// The description for people.
pub const README: &str = "LISEZMOI.md";

/// What pictures that came from no server are said to come from.
const OWN_FOLDER: &str = "un dossier de photographies géolocalisées";

/// What is set of a package. Nothing has to be.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Its title; else made of what was looked for and the place.
    pub title: Option<String>,
    /// What people call the area.
    pub place: Option<String>,
    /// Who publishes it.
    pub publisher: Option<String>,
    /// The licence, where the pictures do not tell it or their server allows another one.
    pub license: Option<String>,
}

/// A package to be written.
#[derive(Debug, Clone)]
pub struct Package {
    inventory: Inventory,
    title: String,
    place: Option<String>,
    publisher: Option<String>,
    choice: Choice,
}

/// Why a package cannot be written.
#[derive(Debug, Error)]
pub enum PackageError {
    /// The folder holds something.
    #[error("{path} is not empty: name another folder{}", if *.is_package { ", or write it anew with --overwrite" } else { "" })]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// Whether it is a package of arpent and nothing else.
        is_package: bool,
    },
    /// The place of the folder cannot be used.
    #[error("{path} cannot be written: {why}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What happened.
        why: io::Error,
    },
}

impl Package {
    /// A package of an inventory. Where things lie on somebody's own disk is left out of it.
    ///
    /// # Errors
    ///
    /// [`LicenseError`] where a person has to say under which licence the data can be published.
    pub fn new(mut inventory: Inventory, wishes: Wishes) -> Result<Self, LicenseError> {
        if !is_address(&inventory.lineage.source) {
            inventory.lineage.source = OWN_FOLDER.to_owned();
        }
        for entry in &mut inventory.entries {
            entry.picture_url = entry.picture_url.take().filter(|url| is_address(url));
        }
        let lineage = &inventory.lineage;
        let named: usize = lineage.licenses.values().sum();
        let choice =
            choose(&lineage.licenses, lineage.pictures.found.saturating_sub(named), wishes.license.as_deref())?;
        let what = match lineage.find.as_str() {
            "signs" => "Panneaux de signalisation",
            "solar" => "Modules photovoltaïques",
            _ => "Objets",
        };
        let title = wishes.title.unwrap_or_else(|| match &wishes.place {
            Some(place) => format!("{what} relevés dans des photographies de rue – {place}"),
            None => format!("{what} relevés dans des photographies de rue"),
        });
        Ok(Self { inventory, title, place: wishes.place, publisher: wishes.publisher, choice })
    }

    /// The licence and why it is this one.
    pub fn choice(&self) -> &Choice {
        &self.choice
    }

    /// The name of its two files of data.
    fn name(&self) -> &'static str {
        match self.inventory.lineage.find.as_str() {
            "signs" => "panneaux",
            "solar" => "photovoltaique",
            _ => "objets",
        }
    }

    /// The files and what is in each.
    fn files(&self) -> [(String, &'static str); 5] {
        [
            (format!("{}.csv", self.name()), "les objets, en CSV (UTF-8, séparés par des virgules)"),
            (format!("{}.geojson", self.name()), "les mêmes, en GeoJSON"),
            (SCHEMA.to_owned(), "le schéma du fichier CSV (Table Schema)"),
            (DESCRIPTOR.to_owned(), "les métadonnées (Data Package)"),
            (README.to_owned(), "cette description"),
        ]
    }

    fn description(&self) -> String {
        let place = self.place.as_ref().map_or_else(String::new, |place| format!(" ({place})"));
        let (one, many) = match self.inventory.lineage.find.as_str() {
            "signs" => ("panneau de signalisation", "panneaux de signalisation"),
            "solar" => ("module photovoltaïque", "modules photovoltaïques"),
            _ => ("objet", "objets"),
        };
        let found = match self.inventory.entries.len() {
            0 => return format!("Aucun {one}{place} n'a été reconnu dans des photographies prises depuis la rue."),
            1 => format!("Un {one}{place} reconnu"),
            entries => format!("{entries} {many}{place} reconnus"),
        };
        format!(
            "{found} automatiquement dans des photographies prises depuis la rue ; à chaque objet sa position, la précision \
             de celle-ci et les photographies qui le montrent."
        )
    }

    /// From the first to the last picture that shows anything.
    fn period(&self) -> Option<(Timestamp, Timestamp)> {
        let entries = &self.inventory.entries;
        let first = entries.iter().filter_map(|entry| entry.first_seen).min()?;
        Some((first, entries.iter().filter_map(|entry| entry.last_seen).max()?))
    }

    /// Who took the pictures, most first.
    fn producers(&self) -> Vec<(&str, usize)> {
        let producers = &self.inventory.lineage.producers;
        let mut producers: Vec<(&str, usize)> =
            producers.iter().map(|(name, number)| (name.as_str(), *number)).collect();
        producers.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        producers
    }

    /// West, south, east and north of what was found.
    fn bounds(&self) -> Option<[f64; 4]> {
        let mut entries = self.inventory.entries.iter();
        let first = entries.next()?;
        let begin = [first.lon_deg, first.lat_deg, first.lon_deg, first.lat_deg];
        Some(entries.fold(begin, |[w, s, e, n], entry| {
            [w.min(entry.lon_deg), s.min(entry.lat_deg), e.max(entry.lon_deg), n.max(entry.lat_deg)]
        }))
    }

    /// The Data Package; `csv` and `geojson` are the bytes of its resources.
    fn descriptor(&self, csv: &[u8], geojson: &[u8]) -> Value {
        let lineage = &self.inventory.lineage;
        let resource = |extension: &str, kind: &str, bytes: &[u8], more: Value| {
            let digest = hex(&Sha256::digest(bytes));
            let mut resource = json!({
                "name": format!("{}-{extension}", self.name()),
                "path": format!("{}.{extension}", self.name()),
                "title": self.title,
                "format": extension,
                "mediatype": kind,
                "encoding": "utf-8",
                "bytes": bytes.len(),
                "hash": format!("sha256:{digest}"),
            });
            if let (Some(all), Value::Object(more)) = (resource.as_object_mut(), more) {
                all.extend(more);
            }
            resource
        };
        let table = json!({
            "profile": "tabular-data-resource",
            "dialect": {"delimiter": ",", "lineTerminator": "\r\n"},
            "schema": SCHEMA,
        });
        let mut source = json!({"title": format!("Photographies : {}", lineage.source)});
        if is_address(&lineage.source) {
            source["path"] = json!(lineage.source);
        }
        let mut contributors: Vec<Value> =
            self.publisher.iter().map(|name| json!({"title": name, "role": "publisher"})).collect();
        contributors.extend(
            self.producers()
                .into_iter()
                .map(|(name, pictures)| json!({"title": name, "role": "contributor", "pictures": pictures})),
        );
        let license = self.choice.license;
        let mut descriptor = json!({
            "profile": "data-package",
            "name": self.name(),
            "title": self.title,
            "description": self.description(),
            "keywords": keywords(&lineage.find),
            "licenses": [{"name": license.id, "path": license.url, "title": license.title}],
            "sources": [source],
            "contributors": contributors,
            "resources": [
                resource("csv", "text/csv", csv, table),
                resource("geojson", "application/geo+json", geojson, json!({})),
            ],
            "arpent": {
                "tool": lineage.tool,
                "complete": lineage.complete,
                "models": lineage.models,
                "settings": lineage.settings,
                "pictures": {
                    "found": lineage.pictures.found,
                    "done": lineage.pictures.done,
                    "empty": lineage.pictures.empty,
                    "failed": lineage.pictures.failed,
                    "beyond_max_pictures": lineage.pictures.beyond_max_pictures,
                },
                "picture_licenses": lineage.licenses,
                "license_reason": self.choice.reason_fr,
            },
        });
        if let Some(finished) = lineage.finished_at {
            descriptor["created"] = json!(finished.to_string());
        }
        if let Some((first, last)) = self.period() {
            descriptor["temporal"] = json!({"start": first.to_string(), "end": last.to_string()});
        }
        let area = json!({"name": self.place, "bbox": self.bounds(), "geometry": lineage.area});
        descriptor["spatial"] = area;
        descriptor
    }

    /// Writes the folder, which appears whole or not at all.
    ///
    /// # Errors
    ///
    /// [`PackageError::NotEmpty`] where the folder holds anything, unless `overwrite` is set and it is a package that
    /// arpent wrote, with nothing added.
    pub fn write(&self, folder: &Path, overwrite: bool) -> Result<(), PackageError> {
        let wrong = |why: io::Error| PackageError::Io { path: folder.to_owned(), why };
        let (mut csv_bytes, mut geojson_bytes) = (Vec::new(), Vec::new());
        csv::write(&self.inventory, &Crs::wgs84(), csv::Dialect::Plain, &mut csv_bytes).map_err(wrong)?;
        geojson::write(&self.inventory, &mut geojson_bytes).map_err(wrong)?;
        let descriptor = self.descriptor(&csv_bytes, &geojson_bytes);
        let schema = schema::schema(self.name(), &self.title);
        let text = |value: &Value| serde_json::to_vec_pretty(value).map_err(|error| wrong(error.into()));
        let contents =
            [csv_bytes, geojson_bytes, text(&schema)?, text(&descriptor)?, readme::readme(self).into_bytes()];

        let output = match check(folder, overwrite)? {
            true => OutputFolder::replacing(folder),
            false => OutputFolder::create(folder),
        };
        let output = output.map_err(wrong)?;
        for ((file, _), bytes) in self.files().iter().zip(&contents) {
            fs::write(output.part().join(file), bytes).map_err(wrong)?;
        }
        output.finish().map_err(wrong)
    }
}

/// Whether there is a folder that may be replaced.
fn check(folder: &Path, overwrite: bool) -> Result<bool, PackageError> {
    let wrong = |why: io::Error| PackageError::Io { path: folder.to_owned(), why };
    if !folder.exists() {
        return Ok(false);
    }
    let entries = fs::read_dir(folder).map_err(wrong)?;
    let names = entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<OsString>>>().map_err(wrong)?;
    if names.is_empty() {
        return Ok(false);
    }
    let descriptor = fs::read(folder.join(DESCRIPTOR)).ok();
    let descriptor: Option<Value> = descriptor.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let is_ours = descriptor.is_some_and(|descriptor| {
        let resources = descriptor["resources"].as_array().cloned().unwrap_or_default();
        let mut files: Vec<&str> = resources.iter().filter_map(|resource| resource["path"].as_str()).collect();
        files.extend([DESCRIPTOR, SCHEMA, README]);
        descriptor["arpent"].is_object() && names.iter().all(|name| files.iter().any(|file| *name == **file))
    });
    if is_ours && overwrite {
        return Ok(true);
    }
    Err(PackageError::NotEmpty { path: folder.to_owned(), is_package: is_ours })
}

fn keywords(find: &str) -> Vec<&'static str> {
    let mut keywords = match find {
        "signs" => vec!["signalisation", "panneaux", "voirie"],
        "solar" => vec!["photovoltaique", "energie"],
        _ => vec![],
    };
    keywords.extend(["photographies-de-rue", "panoramax", "arpent"]);
    keywords
}
