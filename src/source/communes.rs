//! French communes and their boundaries, from the official API of geographic divisions.

use std::fmt;

use reqwest::Url;
use serde::Deserialize;
use thiserror::Error;

use super::FetchError;
use super::http::{self, Http, HttpSettings};
use crate::area::Area;

/// The boundaries of all communes of the largest département take some ten megabytes.
const MAX_ANSWER_BYTES: u64 = 100 << 20;

/// So many communes that a name may mean are told.
const MAX_TOLD: usize = 20;

/// The official API of geographic divisions.
#[derive(Debug)]
pub struct Communes {
    root: Url,
    http: Http,
}

/// A commune as the API names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Commune {
    /// INSEE code.
    pub code: String,
    /// Its name.
    #[serde(rename = "nom")]
    pub name: String,
    /// Code of its département.
    #[serde(rename = "codeDepartement", default)]
    pub departement: Option<String>,
    /// Inhabitants.
    #[serde(default)]
    pub population: Option<u64>,
}

/// Why there is no boundary. Each message says how to go on.
#[derive(Debug, Error)]
pub enum CommuneError {
    /// The root of the API is no address.
    #[error("'{root}' {why}")]
    Root {
        /// What was given.
        root: String,
        /// What is wrong with it.
        why: String,
    },
    /// The API could not be reached or failed.
    #[error(
        "{root} does not give the boundary ({why}): try again later, or draw the area yourself and give it by --area \
         FILE.geojson"
    )]
    Unreachable {
        /// Root of the API.
        root: String,
        /// What happened.
        why: String,
    },
    /// What answers is not the API.
    #[error("{root} answers nothing usable ({why}): check --communes-api, or give the area by --area FILE.geojson")]
    Answer {
        /// Root of the API.
        root: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// There is no commune or département of this code.
    #[error("there is no {what} {code}: write its INSEE code, such as {example}, or look it up on a map")]
    NoSuchCode {
        /// Commune or département.
        what: &'static str,
        /// What was given.
        code: String,
        /// A right code.
        example: &'static str,
    },
    /// No commune has this name.
    #[error(
        "no commune is called '{name}'{}",
        Told(near, ": check the spelling, or give its INSEE code", ". Near it are:")
    )]
    NoSuchName {
        /// What was given.
        name: String,
        /// Those with a name like it.
        near: Vec<Commune>,
    },
    /// Several communes have this name.
    #[error("{} communes are called '{name}'{}", found.len(), Told(found, "", ": name one by its code"))]
    SeveralNames {
        /// What was given.
        name: String,
        /// The communes.
        found: Vec<Commune>,
    },
}

/// A list of communes, or what is said where there is none.
struct Told<'a>(&'a [Commune], &'static str, &'static str);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(communes, none, some) = self;
        if communes.is_empty() {
            return f.write_str(none);
        }
        f.write_str(some)?;
        for commune in communes.iter().take(MAX_TOLD) {
            let departement = commune.departement.as_deref().unwrap_or("unknown");
            write!(f, "\n  {}  {}, département {departement}", commune.code, commune.name)?;
            match commune.population {
                Some(1) => f.write_str(", 1 inhabitant")?,
                Some(population) => write!(f, ", {population} inhabitants")?,
                None => {}
            }
        }
        match communes.len().saturating_sub(MAX_TOLD) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl Communes {
    /// The API by its root, such as `https://geo.api.gouv.fr`. Nothing is asked of it yet.
    ///
    /// # Errors
    ///
    /// [`CommuneError::Root`] if that is no address.
    pub fn new(root: &str) -> Result<Self, CommuneError> {
        let wrong = |why: String| CommuneError::Root { root: root.to_owned(), why };
        let address = http::parse_root(root, "https://geo.api.gouv.fr").map_err(wrong)?;
        let http = Http::new(&address, None, HttpSettings::default()).map_err(wrong)?;
        Ok(Self { root: address, http })
    }

    /// The area of communes that are given by INSEE code or name, as one.
    pub fn area(&self, wanted: &[&str]) -> Result<Area, CommuneError> {
        let areas = wanted.iter().map(|wanted| self.area_of(wanted)).collect::<Result<Vec<_>, _>>()?;
        Ok(Area::union(areas))
    }

    /// The area of all communes of a département.
    pub fn departement(&self, code: &str) -> Result<Area, CommuneError> {
        let padded = format!("{:0>2}", code.trim().to_uppercase());
        let unknown =
            || CommuneError::NoSuchCode { what: "département", code: code.to_owned(), example: "67, 2A or 974" };
        if !(2..=3).contains(&padded.len()) || !padded.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(unknown());
        }
        let path = ["departements", &padded, "communes"];
        self.boundary(self.url(&path, &CONTOUR))?.ok_or_else(unknown)
    }

    fn area_of(&self, wanted: &str) -> Result<Area, CommuneError> {
        let code = match insee_code(wanted) {
            Some(code) => code,
            None => self.named(wanted.trim())?.code,
        };
        let unknown = || CommuneError::NoSuchCode { what: "commune", code: wanted.to_owned(), example: "67506" };
        self.boundary(self.url(&["communes", &code], &CONTOUR))?.ok_or_else(unknown)
    }

    /// The one commune of a name. The API also answers with names that are only like it.
    fn named(&self, name: &str) -> Result<Commune, CommuneError> {
        let body = self.get(&self.url(&["communes"], &[("nom", name)]))?.unwrap_or_else(|| b"[]".to_vec());
        let near: Vec<Commune> = serde_json::from_slice(&body).map_err(|error| self.odd(error))?;
        let mut found: Vec<Commune> = near.iter().filter(|c| plain(&c.name) == plain(name)).cloned().collect();
        match found.len() {
            0 => Err(CommuneError::NoSuchName { name: name.to_owned(), near }),
            1 => Ok(found.remove(0)),
            _ => Err(CommuneError::SeveralNames { name: name.to_owned(), found }),
        }
    }

    /// The polygons behind an address; `None` where there is nothing.
    fn boundary(&self, url: Url) -> Result<Option<Area>, CommuneError> {
        let Some(body) = self.get(&url)? else { return Ok(None) };
        Area::from_geojson(&String::from_utf8_lossy(&body)).map(Some).map_err(|error| self.odd(error))
    }

    /// What an address answers; `None` where it says that there is no such thing.
    fn get(&self, url: &Url) -> Result<Option<Vec<u8>>, CommuneError> {
        match self.http.get(url, MAX_ANSWER_BYTES) {
            Ok(answer) => Ok(Some(answer.body)),
            Err(FetchError::Status(400 | 404)) => Ok(None),
            Err(error) => Err(CommuneError::Unreachable { root: self.root.to_string(), why: error.to_string() }),
        }
    }

    fn odd(&self, error: impl fmt::Display) -> CommuneError {
        CommuneError::Answer { root: self.root.to_string(), why: error.to_string() }
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = http::below(&self.root, path);
        url.query_pairs_mut().extend_pairs(query);
        url
    }
}

/// Asks for the polygon: `fields=contour` alone would give a point.
const CONTOUR: [(&str, &str); 2] = [("geometry", "contour"), ("format", "geojson")];

/// An INSEE code of a commune in capitals: five digits, or 2A or 2B and three.
fn insee_code(text: &str) -> Option<String> {
    let code = text.trim().to_uppercase();
    let is_code = match code.as_bytes() {
        [b'2', b'A' | b'B', rest @ ..] => rest.len() == 3 && rest.iter().all(u8::is_ascii_digit),
        bytes => bytes.len() == 5 && bytes.iter().all(u8::is_ascii_digit),
    };
    is_code.then_some(code)
}

/// A name as it is compared: small letters without accents, words apart by one space.
fn plain(name: &str) -> String {
    let mut letters = String::new();
    for letter in name.to_lowercase().chars() {
        match letter {
            'à' | 'á' | 'â' | 'ä' | 'ã' => letters.push('a'),
            'ç' => letters.push('c'),
            'è' | 'é' | 'ê' | 'ë' => letters.push('e'),
            'ì' | 'í' | 'î' | 'ï' => letters.push('i'),
            'ñ' => letters.push('n'),
            'ò' | 'ó' | 'ô' | 'ö' => letters.push('o'),
            'ù' | 'ú' | 'û' | 'ü' => letters.push('u'),
            'ÿ' => letters.push('y'),
            'œ' => letters.push_str("oe"),
            'æ' => letters.push_str("ae"),
            letter if letter.is_alphanumeric() => letters.push(letter),
            _ => letters.push(' '),
        }
    }
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_accents_and_hyphens() {
        assert_eq!(plain("L'Haÿ-les-Roses"), plain("l hay les roses"));
        assert_eq!(plain("Œting"), "oeting");
        assert_eq!(plain("  SAINT-DENIS "), plain("Saint Denis"));
        assert_ne!(plain("Vendenheim"), plain("Vendenheimer"));
    }

    #[test]
    fn codes_are_told_from_names() {
        assert_eq!(insee_code(" 67506 ").as_deref(), Some("67506"));
        assert_eq!(insee_code("2a004").as_deref(), Some("2A004"));
        for name in ["Vendenheim", "6750", "675060", "2C004", "é1234", ""] {
            assert_eq!(insee_code(name), None, "{name}");
        }
    }
}
