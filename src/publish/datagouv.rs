//! Putting a package of open data onto data.gouv.fr, or another server of udata, through its API.
//!
//! A data set is made or updated, then each file is put up as one of its resources, and each resource is given a title
//! and a kind. Nothing is tried twice by itself: what was made before an error stays, and the error names it.

use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::blocking::{Body, Client, RequestBuilder};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url, redirect};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::package::{DESCRIPTOR, README, SCHEMA, by_id};

/// The root of the API.
pub const API: &str = "https://www.data.gouv.fr/api/1";

const USER_AGENT: &str = concat!("arpent/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");
/// Answers are short; of a longer one the rest is left.
const MOST_BYTES: u64 = 4 << 20;
/// So much of what a server says about an error is told.
const MOST_TOLD: usize = 300;

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

/// The API of a server, with a key.
pub struct Server {
    client: Client,
    api: Url,
    key: HeaderValue,
}

impl Server {
    /// The server of an API; the key goes nowhere else, and is never told.
    ///
    /// # Errors
    ///
    /// [`PublishError::Key`], or [`PublishError::Connection`] where no client can be set up.
    pub fn new(api: &Url, key: &str) -> Result<Self, PublishError> {
        let mut key = HeaderValue::from_str(key.trim()).map_err(|_| PublishError::Key)?;
        key.set_sensitive(true);
        // It fails where one is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            // Large files take their time.
            .timeout(Duration::from_secs(900))
            .build()
            .map_err(|error| PublishError::Connection { what: "starting".to_owned(), why: crate::causes(&error) })?;
        Ok(Self { client, api: api.clone(), key })
    }

    /// An address below the root; what stands in a part stays in it.
    fn address(&self, path: &[&str]) -> Url {
        let mut address = self.api.clone();
        if let Ok(mut parts) = address.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        address
    }

    fn ask(&self, method: Method, path: &[&str], body: Option<&Value>, what: &str) -> Result<Value, PublishError> {
        let mut request = self.client.request(method, self.address(path));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        self.answer(request, what)
    }

    /// Puts up a file, in the place of a resource where there is one, and says what it is.
    fn put_up(&self, dataset: &str, known: Option<&str>, file: &PublishedFile) -> Result<(), PublishError> {
        let what = format!("putting up {}", file.name);
        let path = match known {
            Some(resource) => vec!["datasets", dataset, "resources", resource, "upload", ""],
            None => vec!["datasets", dataset, "upload", ""],
        };
        let unreadable =
            |error: std::io::Error| PublishError::NotAPackage { path: file.path.clone(), why: error.to_string() };
        let form = Form::of(file).map_err(unreadable)?;
        let request = self.client.post(self.address(&path)).header(CONTENT_TYPE, form.content_type).body(form.body);
        let made = self.answer(request, &what)?;
        let id = made["id"].as_str().or(known);
        let id = id.ok_or_else(|| PublishError::Answer { what: what.clone(), why: "it names no id".to_owned() })?;
        let description = json!({"title": file.title, "type": file.kind, "filetype": "file"});
        let path = ["datasets", dataset, "resources", id, ""];
        self.ask(Method::PUT, &path, Some(&description), &format!("describing {}", file.name))?;
        Ok(())
    }

    fn answer(&self, request: RequestBuilder, what: &str) -> Result<Value, PublishError> {
        let what = || what.to_owned();
        let request = request.header("X-API-KEY", self.key.clone()).header("Accept", "application/json");
        // The address is left out: it would tell nothing that is not told already.
        let lost = |error: reqwest::Error| PublishError::Connection {
            what: what(),
            why: crate::causes(&error.without_url()),
        };
        let response = request.send().map_err(lost)?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        let read = response.take(MOST_BYTES).read_to_end(&mut bytes);
        if !(200..300).contains(&status) {
            let said = said(&bytes);
            return Err(PublishError::Refused { what: what(), status, remedy: remedy(status), said });
        }
        read.map_err(|error| PublishError::Connection { what: what(), why: error.to_string() })?;
        serde_json::from_slice(&bytes)
            .map_err(|error| PublishError::Answer { what: what(), why: format!("no JSON: {error}") })
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

fn remedy(status: u16) -> &'static str {
    match status {
        300..400 => "it points elsewhere: name the root of its API with --api",
        400 => "it does not accept what was sent",
        401 => "it does not know the key: copy it from your profile on the server into DATAGOUV_API_KEY",
        403 => "the key's owner may not do that: are you a member of the organization, and is the data set yours?",
        404 => "there is no such data set, or you may not see it",
        410 => "the data set was deleted",
        413 => "the file is too large for it: publish a smaller area",
        429 => "it is asked too often: wait some minutes",
        500.. => "it has a fault of its own: try again later",
        _ => "it refuses",
    }
}

/// What a server says about an error, short and in one line.
fn said(bytes: &[u8]) -> String {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let parts = [&document["message"], &document["errors"]].into_iter().filter(|part| !part.is_null());
    let text = parts.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect::<Vec<_>>();
    let text: String = text.join(" ").chars().filter(|letter| !letter.is_control()).take(MOST_TOLD).collect();
    if text.is_empty() { text } else { format!("\n  it says: {text}") }
}

/// A file as the body of a form after RFC 7578, read as it is sent.
struct Form {
    content_type: String,
    body: Body,
}

impl Form {
    fn of(file: &PublishedFile) -> std::io::Result<Self> {
        // No file holds the digest of itself.
        let mut digest = Sha256::new();
        std::io::copy(&mut File::open(&file.path)?, &mut Hashing(&mut digest))?;
        let boundary: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let kind = match Path::new(&file.name).extension().and_then(|extension| extension.to_str()) {
            Some("csv") => "text/csv",
            Some("geojson") => "application/geo+json",
            Some("json") => "application/json",
            _ => "text/markdown",
        };
        let name: String = file.name.chars().filter(|letter| !matches!(letter, '"' | '\r' | '\n')).collect();
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: {kind}\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let size = head.len() as u64 + file.size_bytes + tail.len() as u64;
        let whole = Cursor::new(head).chain(File::open(&file.path)?.take(file.size_bytes)).chain(Cursor::new(tail));
        Ok(Self { content_type: format!("multipart/form-data; boundary={boundary}"), body: Body::sized(whole, size) })
    }
}

/// Hashes what is written.
struct Hashing<'a>(&'a mut Sha256);

impl std::io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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

    #[test]
    fn what_a_server_says_is_short() {
        let said =
            said(format!(r#"{{"message":"a\u001b[31mb","errors":{{"title":["{}"]}}}}"#, "x".repeat(999)).as_bytes());
        assert!(said.starts_with("\n  it says: a[31mb {\"title\":[\"xxx") && said.len() < 400, "{said}");
        assert_eq!(super::said(b"<html>"), "");
    }
}
