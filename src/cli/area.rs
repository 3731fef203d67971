//! The options that say which pictures are wanted, and where they are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use arpent::area::Area;
use arpent::source::panoramax::{self, Quality};
use arpent::source::{Communes, Folder, Panoramax, Query, Source};
use arpent::survey::kept_area;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::pace::PaceOptions;

/// The federated catalogue of all Panoramax servers.
const DEFAULT_API: &str = "https://api.panoramax.xyz/api";
/// The official API of geographic divisions.
const DEFAULT_COMMUNES_API: &str = "https://geo.api.gouv.fr";

#[derive(Args)]
#[command(next_help_heading = "Which pictures")]
pub struct AreaOptions {
    #[command(flatten)]
    place: Place,
    /// Root of the API of a Panoramax server
    #[arg(long, value_name = "URL", default_value = DEFAULT_API, conflicts_with = "pictures")]
    api: String,
    /// Root of the API that gives the boundaries of communes
    #[arg(long, value_name = "URL", default_value = DEFAULT_COMMUNES_API)]
    communes_api: String,
    /// Bearer token, sent to the server of --api alone
    #[arg(long, env = "ARPENT_TOKEN", hide_env_values = true, value_name = "TOKEN", conflicts_with = "pictures")]
    token: Option<String>,
    /// Which copy of each picture is downloaded: as uploaded, or 2048 pixels wide, in which far things are lost; boxes
    /// are in pixels of that copy
    #[arg(long, value_enum, value_name = "hd|sd", default_value_t = Copies::Hd)]
    quality: Copies,
    #[command(flatten)]
    pace: PaceOptions,
    /// Only pictures taken on that day or later: 2024-05-01, or a time such as 2024-05-01T12:00:00Z
    #[arg(long, value_name = "DATE", value_parser = since)]
    since: Option<Timestamp>,
    /// Only pictures taken on that day or before
    #[arg(long, value_name = "DATE", value_parser = until)]
    until: Option<Timestamp>,
    /// At most so many pictures: the first ones in the order of sequences
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_pictures: Option<u32>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Bounding box in degrees
    #[arg(long, value_name = "W,S,E,N", value_parser = Area::parse_bbox, allow_hyphen_values = true)]
    bbox: Option<Area>,
    /// GeoJSON file with a Polygon, a MultiPolygon, or a Feature or FeatureCollection of them, in WGS 84
    #[arg(long, value_name = "FILE")]
    area: Option<PathBuf>,
    /// French communes by INSEE code or name, with commas between several: 67506 or Vendenheim
    #[arg(long, value_name = "CODE|NAME,…", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    commune: Vec<String>,
    /// All communes of a French département, by its code: 67
    #[arg(long, value_name = "CODE")]
    departement: Option<String>,
    /// Folder of geotagged JPEGs; each sub-folder is a sequence
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
}

/// A copy of a picture.
#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Copies {
    Hd,
    Sd,
}

impl AreaOptions {
    pub fn source(&self) -> Result<Box<dyn Source>> {
        Ok(match &self.place.pictures {
            Some(folder) => Box::new(Folder::open(folder)?),
            None => {
                let quality = match self.quality {
                    Copies::Hd => Quality::Hd,
                    Copies::Sd => Quality::Sd,
                };
                let settings = panoramax::Settings { quality, ..self.pace.settings() };
                Box::new(Panoramax::with_settings(&self.api, self.token.clone(), settings)?)
            }
        })
    }

    /// The file that the area is read from.
    pub fn file(&self) -> Option<&Path> {
        self.place.area.as_deref()
    }

    /// Whether the pictures lie in a folder.
    pub fn are_files(&self) -> bool {
        self.place.pictures.is_some()
    }

    /// Whether the small copies of pictures are to be downloaded.
    pub fn are_small(&self) -> bool {
        self.quality == Copies::Sd
    }

    /// What is asked for. The boundary of a commune that `survey`, a survey's file, keeps is taken from there.
    pub fn query(&self, survey: Option<&Path>) -> Result<Query> {
        Ok(Query { area: self.area(survey)?, since: self.since, until: self.until, ..Query::default() })
    }

    fn area(&self, survey: Option<&Path>) -> Result<Option<Area>> {
        let Place { bbox, area, commune, departement, .. } = &self.place;
        if let Some(path) = area {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            return Ok(Some(Area::from_geojson(&text).with_context(|| path.display().to_string())?));
        }
        let Some(name) = self.place.name() else { return Ok(bbox.clone()) };
        if let Some(kept) = survey.and_then(|path| kept_area(path, &name)) {
            return Ok(Some(kept));
        }
        let communes = Communes::new(&self.communes_api)?;
        let area = match departement {
            Some(code) => communes.departement(code)?,
            None => communes.area(&commune.iter().map(String::as_str).collect::<Vec<_>>())?,
        };
        Ok(Some(area.named(name)))
    }
}

impl Place {
    /// The name of an area that is asked for by one.
    fn name(&self) -> Option<String> {
        let communes = || format!("commune {}", self.commune.join(","));
        let departement = self.departement.as_ref().map(|code| format!("departement {code}"));
        departement.or_else(|| (!self.commune.is_empty()).then(communes))
    }
}

fn since(text: &str) -> Result<Timestamp, String> {
    moment(text, Some)
}

/// The end of a day is the last moment before the next one.
fn until(text: &str) -> Result<Timestamp, String> {
    moment(text, |day| day.tomorrow().ok()).and_then(|moment| {
        let is_day = text.parse::<Date>().is_ok() && !text.contains(['T', 't', ' ']);
        if is_day { moment.checked_sub(1.millisecond()).map_err(|error| error.to_string()) } else { Ok(moment) }
    })
}

fn moment(text: &str, day: impl Fn(Date) -> Option<Date>) -> Result<Timestamp, String> {
    let wanted = || "write a day, 2024-05-01, or a time, 2024-05-01T12:00:00Z".to_owned();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let date = text.parse::<Date>().ok().filter(|_| !text.contains(['T', 't', ' '])).ok_or_else(wanted)?;
    day(date).and_then(|date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_and_end() {
        assert_eq!(since("2024-05-01").unwrap().to_string(), "2024-05-01T00:00:00Z");
        assert_eq!(until("2024-05-01").unwrap().to_string(), "2024-05-01T23:59:59.999Z");
        assert_eq!(until("2024-05-01T12:00:00+02:00").unwrap().to_string(), "2024-05-01T10:00:00Z");
        for wrong in ["yesterday", "2024", "2024-13-01", "2024-05-01T12:00", ""] {
            assert!(since(wrong).unwrap_err().contains("2024-05-01T12:00:00Z"), "{wrong}");
        }
    }
}
