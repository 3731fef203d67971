//! The requests that publishing is made of.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
use std::time::Duration;

use reqwest::blocking::{Body, Client, RequestBuilder};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{PublishError, PublishedFile};
use crate::source::http::{self, below};

/// Answers are short; of a longer one the rest is left.
const MOST_BYTES: u64 = 4 << 20;
/// So much of what a server says about an error is told.
const MOST_TOLD: usize = 300;

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
        let client = http::client()
            .connect_timeout(Duration::from_secs(10))
            // Large files take their time.
            .timeout(Duration::from_secs(900))
            .build()
            .map_err(|error| PublishError::Connection { what: "starting".to_owned(), why: crate::causes(&error) })?;
        Ok(Self { client, api: api.clone(), key })
    }

    pub(super) fn ask(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        what: &str,
    ) -> Result<Value, PublishError> {
        let mut request = self.client.request(method, below(&self.api, path));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        self.answer(request, what)
    }

    /// Puts up a file, in the place of a resource where there is one, and says what it is.
    pub(super) fn put_up(
        &self,
        dataset: &str,
        known: Option<&str>,
        file: &PublishedFile,
    ) -> Result<(), PublishError> {
        let what = format!("putting up {}", file.name);
        let path = match known {
            Some(resource) => vec!["datasets", dataset, "resources", resource, "upload", ""],
            None => vec!["datasets", dataset, "upload", ""],
        };
        let unreadable =
            |error: std::io::Error| PublishError::NotAPackage { path: file.path.clone(), why: error.to_string() };
        let form = Form::of(file).map_err(unreadable)?;
        let request =
            self.client.post(below(&self.api, &path)).header(CONTENT_TYPE, form.content_type).body(form.body);
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
        let boundary = crate::hex(&digest.finalize());
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
    fn what_a_server_says_is_short() {
        let answer =
            said(format!(r#"{{"message":"a\u001b[31mb","errors":{{"title":["{}"]}}}}"#, "x".repeat(999)).as_bytes());
        assert!(answer.starts_with("\n  it says: a[31mb {\"title\":[\"xxx") && answer.len() < 400, "{answer}");
        assert_eq!(said(b"<html>"), "");
    }
}
