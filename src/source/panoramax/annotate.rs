//! The annotations of pictures on their server, read and written. The token has to be that of a user of it.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::Panoramax;
use super::item::Item;
use super::search::Found;
use crate::annotation::Annotated;
use crate::source::FetchError;
use crate::source::http::below;

/// Size limit of the answer to what is written, bytes.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

impl Panoramax {
    /// What these pictures carry now, by their ids. Those that the server does not have, or hides, are missing.
    pub fn carried(&self, ids: &[&str]) -> Result<HashMap<String, Annotated>, FetchError> {
        let mut url = below(&self.root, &["search"]);
        url.query_pairs_mut().append_pair("ids", &ids.join(",")).append_pair("limit", &ids.len().to_string());
        let answer = self.http.get(&url, self.settings.max_answer_bytes)?;
        let json: Value = serde_json::from_slice(&answer.body).map_err(|_| FetchError::NotUnderstood)?;
        let features = json.get("features").and_then(Value::as_array).ok_or(FetchError::NotUnderstood)?;
        let items = features.iter().map(|f| Item::read(f, &answer.url, &self.root, self.settings.quality));
        // A server that does not know the parameter answers with any pictures.
        let asked = items.filter(|item| ids.contains(&item.id()));
        Ok(asked.map(|item| (item.id().to_owned(), item.annotated)).collect())
    }

    /// Writes a box with tags to a picture, and gives the id of the annotation. `corners` are x0, y0, x1, y1 in pixels
    /// of the file.
    ///
    /// A picture has one annotation of a shape: where there is one, the tags are added to it, and where it has one of
    /// these tags already, nothing is written (status 400).
    pub fn annotate(
        &self,
        picture_id: &str,
        corners: [u32; 4],
        tags: &[(String, String)],
    ) -> Result<String, FetchError> {
        let url = below(&self.root, &["pictures", picture_id, "annotations"]);
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        let body =
            self.http.send(&Method::POST, &url, &json!({"shape": corners, "semantics": tags}), MAX_ANSWER_BYTES)?;
        let answer: Value = serde_json::from_slice(&body).map_err(|_| FetchError::NotUnderstood)?;
        answer.get("id").and_then(Value::as_str).map(str::to_owned).ok_or(FetchError::NotUnderstood)
    }

    /// Takes tags away from an annotation, as far as it has them; it is gone with its last one.
    pub fn untag(&self, annotation_id: &str, tags: &[(String, String)]) -> Result<(), FetchError> {
        let url = below(&self.root, &["annotations", annotation_id]);
        let tag = |(key, value): &(String, String)| json!({"action": "delete", "key": key, "value": value});
        let tags: Vec<Value> = tags.iter().map(tag).collect();
        self.http.send(&Method::PATCH, &url, &json!({"semantics": tags}), MAX_ANSWER_BYTES).map(drop)
    }
}
