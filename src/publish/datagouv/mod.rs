//! Putting a package of open data onto data.gouv.fr, or another server of udata, through its API.
//!
//! A data set is made or updated, then each file is put up as one of its resources, and each resource is given a title
//! and a kind. Nothing is tried twice by itself: what was made before an error stays, and the error names it.

mod server;

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::{Method, Url};
use serde_json::{Value, json};
use thiserror::Error;

use crate::package::{DESCRIPTOR, README, SCHEMA, by_id};
pub use server::Server;

/// The root of the API.
pub const API: &str = "https://www.data.gouv.fr/api/1";

/// What is to be published, and how.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The data set to update; else a new one is made.
    pub dataset: Option<String>,
    /// The organization that publishes it; else the person whose key it is.
    pub organization: Option<String>,
    /// Whether everybody sees a new data set at once; else it is a draft.
    pub is_public: bool,
}

/// A folder that `arpent package` wrote, as the server is to have it.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The data set's description as the API takes it.
    pub metadata: Value,
    /// The files, in the order in which they are put up.
    pub files: Vec<PublishedFile>,
    wishes: Wishes,
}

/// A file and what the server is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its name.
    pub name: String,
    /// Its title on the server, by which it is known again.
    pub title: &'static str,
    /// `main` for data, `documentation` for the rest.
    pub kind: &'static str,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The data set's id.
    pub dataset: String,
    /// Its page.
    pub page: Option<String>,
    /// How many files were put up anew.
    pub added: usize,
    /// How many took the place of one that was there.
    pub replaced: usize,
}

/// Why something could not be published. Each message says what helps.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The folder is no package.
    #[error("{path} is no folder that `arpent package` wrote ({why})")]
    NotAPackage {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The address is none.
    #[error(
        "{0}: the root of an API is wanted, such as {API}; a key is sent over https alone, or within this machine"
    )]
    Address(String),
    /// The key cannot be sent.
    #[error("the key holds letters that no key has: copy it anew from your profile on the server")]
    Key,
    /// The server did not answer.
    #[error("{what}: the server cannot be reached ({why})")]
    Connection {
        /// What was asked for.
        what: String,
        /// What happened.
        why: String,
    },
    /// The server refused.
    #[error("{what}: the server answered {status}: {remedy}{said}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Status of HTTP.
        status: u16,
        /// What helps.
        remedy: &'static str,
        /// What the server says, behind a line break.
        said: String,
    },
    /// The answer has no sense.
    #[error("{what}: the answer is not that of an API of udata ({why}): is the address right?")]
    Answer {
        /// What was asked for.
        what: String,
        /// What is missing.
        why: String,
    },
    /// Some of it was done.
    #[error(
        "{cause}\nThe data set {dataset} is there, with {done} of {all} files: go on with --dataset {dataset} --send"
    )]
    Halfway {
        /// What happened.
        cause: Box<PublishError>,
        /// Its id.
        dataset: String,
        /// Files that were put up.
        done: usize,
        /// Files in all.
        all: usize,
    },
}

impl Publication {
    /// Reads a folder that `arpent package` wrote.
    ///
    /// # Errors
    ///
    /// [`PublishError::NotAPackage`], with what is wrong with it.
    pub fn read(folder: &Path, wishes: Wishes) -> Result<Self, PublishError> {
        let wrong = |why: String| PublishError::NotAPackage { path: folder.to_owned(), why };
        let descriptor =
            fs::read(folder.join(DESCRIPTOR)).map_err(|error| wrong(format!("{DESCRIPTOR}: {error}")))?;
        let descriptor: Value =
            serde_json::from_slice(&descriptor).map_err(|error| wrong(format!("{DESCRIPTOR}: {error}")))?;
        let readme = fs::read_to_string(folder.join(README)).map_err(|error| wrong(format!("{README}: {error}")))?;
        let text = |value: &Value, what: &str| {
            value.as_str().map(str::to_owned).ok_or_else(|| wrong(format!("{DESCRIPTOR} names no {what}")))
        };
        let license = text(&descriptor["licenses"][0]["name"], "licence")?;
        let license = by_id(&license).ok_or_else(|| wrong(format!("its licence {license} is not known")))?;
        let mut metadata = json!({
            "title": text(&descriptor["title"], "title")?,
            // The title stands above it on the page.
            "description": readme.split_once("\n\n").map_or(readme.as_str(), |(_, rest)| rest),
            "license": license.datagouv,
            "tags": descriptor["keywords"],
            "frequency": "punctual",
        });
        if wishes.dataset.is_none() || wishes.is_public {
            metadata["private"] = json!(!wishes.is_public);
        }
        if let Some(organization) = &wishes.organization {
            metadata["organization"] = json!(organization);
        }
        if let (Some(start), Some(end)) =
            (descriptor["temporal"]["start"].as_str(), descriptor["temporal"]["end"].as_str())
        {
            let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
            metadata["temporal_coverage"] = json!({"start": day(start), "end": day(end)});
        }
        let mut files = Vec::new();
        let of_format = |format: &str| {
            let resources = descriptor["resources"].as_array().into_iter().flatten();
            resources.filter(|resource| resource["format"] == format).find_map(|resource| resource["path"].as_str())
        };
        for (name, title, kind) in [
            (of_format("csv"), "Données (CSV)", "main"),
            (of_format("geojson"), "Données (GeoJSON)", "main"),
            (Some(SCHEMA), "Schéma des colonnes (Table Schema)", "documentation"),
            (Some(DESCRIPTOR), "Métadonnées (Data Package)", "documentation"),
            (Some(README), "Description", "documentation"),
        ] {
            let name = name.ok_or_else(|| wrong(format!("{DESCRIPTOR} names no file for {title}")))?;
            // A descriptor that somebody changed must not reach out of its folder.
            if Path::new(name).file_name().is_none_or(|file| file != name) {
                return Err(wrong(format!("{name} is not the name of a file in it")));
            }
            let path = folder.join(name);
            let found = fs::metadata(&path).map_err(|error| wrong(format!("{name}: {error}")))?;
            files.push(PublishedFile { path, name: name.to_owned(), title, kind, size_bytes: found.len() });
        }
        Ok(Self { metadata, files, wishes })
    }

    /// What `send` would ask the server for, a line a request; each file is then described by one more.
    pub fn plan(&self, api: &Url) -> Vec<String> {
        let dataset = self.wishes.dataset.as_deref();
        let shown = dataset.unwrap_or("ID");
        let mut lines = match dataset {
            Some(id) => vec![format!("GET  {api}/datasets/{id}/"), format!("PUT  {api}/datasets/{id}/")],
            None => vec![format!("POST {api}/datasets/")],
        };
        for PublishedFile { name, title, kind, size_bytes, .. } in &self.files {
            lines.push(format!(
                "POST {api}/datasets/{shown}/upload/  {name}, {size_bytes} bytes, then described as “{title}” ({kind})"
            ));
        }
        lines
    }

    /// Publishes: makes or updates the data set, then puts up its files; `told` hears of each step.
    ///
    /// Files that the data set has under the same title are replaced; others of it stay as they are.
    pub fn send(&self, server: &Server, told: &mut dyn FnMut(&str)) -> Result<Published, PublishError> {
        let (dataset, resources) = match &self.wishes.dataset {
            Some(id) => {
                let path = ["datasets", id, ""];
                let there = server.ask(Method::GET, &path, None, &format!("looking up the data set {id}"))?;
                server.ask(Method::PUT, &path, Some(&self.metadata), &format!("updating the data set {id}"))?;
                told(&format!("updated the data set {id}"));
                let resources = there["resources"].as_array().cloned().unwrap_or_default();
                (there, resources)
            }
            None => {
                let what = "making a data set";
                let made = server.ask(Method::POST, &["datasets", ""], Some(&self.metadata), what)?;
                (made, Vec::new())
            }
        };
        let what = "making a data set";
        let id = self.wishes.dataset.clone().or_else(|| dataset["id"].as_str().map(str::to_owned));
        let id =
            id.ok_or_else(|| PublishError::Answer { what: what.to_owned(), why: "it names no id".to_owned() })?;
        if self.wishes.dataset.is_none() {
            told(&format!("made the data set {id}"));
        }
        let page = dataset["page"].as_str().or(dataset["self_web_url"].as_str()).map(str::to_owned);
        let mut published = Published { dataset: id.clone(), page, added: 0, replaced: 0 };
        for file in &self.files {
            let known = resources.iter().find(|resource| resource["title"] == file.title);
            let known = known.and_then(|resource| resource["id"].as_str());
            server.put_up(&id, known, file).map_err(|cause| PublishError::Halfway {
                cause: Box::new(cause),
                dataset: id.clone(),
                done: published.added + published.replaced,
                all: self.files.len(),
            })?;
            *(if known.is_some() { &mut published.replaced } else { &mut published.added }) += 1;
            told(&format!("put up {}", file.name));
        }
        Ok(published)
    }
}

/// The root of an API, to which a key may be sent.
///
/// # Errors
///
/// [`PublishError::Address`] for one that is not of https, unless it is of this machine.
pub fn root(text: &str) -> Result<Url, PublishError> {
    let wrong = |why: String| PublishError::Address(format!("{text} {why}"));
    let root = crate::source::http::parse_root(text, API).map_err(wrong)?;
    let is_here = matches!(root.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if root.scheme() != "https" && !is_here {
        return Err(wrong("is not encrypted".to_owned()));
    }
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_over_https_alone() {
        assert_eq!(root("https://demo.data.gouv.fr/api/1/").unwrap().as_str(), "https://demo.data.gouv.fr/api/1");
        assert!(root("http://127.0.0.1:8000/api/1").is_ok());
        assert!(root("http://demo.data.gouv.fr/api/1").unwrap_err().to_string().contains("is not encrypted"));
        assert!(root("data.gouv.fr").is_err());
    }
}
