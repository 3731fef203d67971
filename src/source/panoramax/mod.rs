//! A Panoramax server, or a catalogue of several, as a source of pictures.

mod annotate;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod item;
mod search;

use std::collections::HashSet;
use std::ops::ControlFlow;

use geo::Rect;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde_json::Value;

use self::item::Item;
use self::search::{Found, Limits, Page, SearchError, search_all};
use super::http::{self, Answer, Http, HttpSettings, is_http};
use super::{FetchError, Listing, Query, Source, SourceError, Unusable};
use crate::annotation::Annotations;
use crate::area::Area;
use crate::picture::{Image, Picture};

/// How the server is talked to. The defaults suit public servers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How it and the hosts that it names are talked to.
    pub http: HttpSettings,
    /// Which copy of a picture is downloaded.
    pub quality: Quality,
    /// Pictures to ask for in one search.
    pub search_limit: u32,
    /// Pictures to ask for where so many lie in one place that the search cannot be narrowed.
    pub max_search_limit: u32,
    /// Size limit of a picture, bytes.
    pub max_picture_bytes: u64,
    /// Size limit of an answer to a search, bytes.
    pub max_answer_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            http: HttpSettings::default(),
            quality: Quality::Hd,
            search_limit: 1000,
            max_search_limit: 10_000,
            max_picture_bytes: 64 << 20,
            max_answer_bytes: 50 << 20,
        }
    }
}

/// The copies of a picture that a server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// As uploaded.
    Hd,
    /// 2048 pixels wide: a tenth of the bytes, in which far things are too small to be seen.
    Sd,
}

/// A Panoramax server.
#[derive(Debug)]
pub struct Panoramax {
    root: Url,
    http: Http,
    settings: Settings,
}

/// The most pages of one search that are followed, and the items from which on no further one is: what lies beyond is
/// searched for in smaller boxes.
const MAX_PAGES: usize = 100;
const MAX_ITEMS: usize = 20_000;

impl Panoramax {
    /// A server by the root of its API, such as `https://panoramax.ign.fr/api`; `/api` may be left out.
    ///
    /// The bearer `token` is sent to the host of the API alone. Nothing is asked of the server yet.
    ///
    /// # Errors
    ///
    /// [`SourceError::Server`] if the address or the token cannot be one.
    pub fn new(api_root: &str, token: Option<String>) -> Result<Self, SourceError> {
        Self::with_settings(api_root, token, Settings::default())
    }

    /// The same with other time-outs and limits.
    pub fn with_settings(api_root: &str, token: Option<String>, settings: Settings) -> Result<Self, SourceError> {
        let wrong = |why: String| SourceError::Server { root: api_root.to_owned(), why };
        let root = parse_root(api_root).map_err(wrong)?;
        let token = token.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        if token.as_deref().is_some_and(|t| HeaderValue::from_str(t).is_err()) {
            return Err(wrong("the token holds characters that no token has: copy it anew".to_owned()));
        }
        let http = Http::new(&root, token, settings.http.clone()).map_err(wrong)?;
        Ok(Self { root, http, settings })
    }

    /// One search: all pages of the answer, and whether there may be more. A server that `is_known` to answer is given
    /// some minutes, as a failure would be the end of the listing.
    fn search(&self, cell: &Rect<f64>, limit: u32, query: &Query, is_known: bool) -> Result<Page<Item>, String> {
        let get = if is_known { Http::get_patiently } else { Http::get };
        let mut url = self.search_url(cell, limit, query);
        let mut items = Vec::new();
        let mut asked = HashSet::new();
        // Servers of today offer no further page; one that does says itself whether it has more.
        while items.len() < MAX_ITEMS && asked.len() < MAX_PAGES && asked.insert(url.clone()) {
            let answer = match get(&self.http, &url, self.settings.max_answer_bytes) {
                Ok(answer) => answer,
                Err(FetchError::TooLarge) if is_known => return Ok(Page::too_much()),
                Err(FetchError::TimedOut) if limit > self.settings.search_limit => return Ok(Page::too_much()),
                Err(error) => return Err(self.explain(&error)),
            };
            let json = parse_answer(&answer)?;
            let features = json.get("features").and_then(Value::as_array).ok_or_else(not_an_api)?;
            items.extend(features.iter().map(|f| Item::read(f, &answer.url, &self.root, self.settings.quality)));
            match next_page(&json, &answer.url) {
                Some(next) if !features.is_empty() => url = next,
                _ => return Ok(Page { full: asked.len() == 1 && features.len() >= limit as usize, items }),
            }
        }
        Ok(Page { full: true, items })
    }

    fn search_url(&self, cell: &Rect<f64>, limit: u32, query: &Query) -> Url {
        let (min, max) = (cell.min(), cell.max());
        let mut url = http::below(&self.root, &["search"]);
        url.query_pairs_mut()
            .append_pair("bbox", &format!("{},{},{},{}", min.x, min.y, max.x, max.y))
            .append_pair("limit", &limit.to_string());
        if query.since.is_some() || query.until.is_some() {
            let end = |time: Option<jiff::Timestamp>| time.map_or("..".to_owned(), |t| t.to_string());
            url.query_pairs_mut().append_pair("datetime", &format!("{}/{}", end(query.since), end(query.until)));
        }
        url
    }

    /// What a failed request means, and what may help.
    pub fn explain(&self, error: &FetchError) -> String {
        let advice = match error {
            FetchError::Status(401 | 403) => "the server refuses: check the token, or leave it out",
            FetchError::Status(404) => return format!("{error}: {}", not_an_api()),
            FetchError::Status(429 | 500..) => "the server is busy or broken: try again later",
            FetchError::Connection => "check the network, and the address given by --api",
            FetchError::TimedOut => "the server is slow: try again later, or a smaller area",
            FetchError::BrokenOff => "the server or the network is unsteady: try again later",
            _ => "is this a Panoramax server? Check --api",
        };
        format!("{error}: {advice}")
    }
}

impl Source for Panoramax {
    fn list_in_parts(
        &self,
        query: &Query,
        take: &mut dyn FnMut(Listing) -> ControlFlow<()>,
    ) -> Result<(), SourceError> {
        let failed = |why: String| SourceError::Server { root: self.root(), why };
        let area = query.area.as_ref().ok_or_else(|| failed("name an area: a server holds millions".to_owned()))?;
        let limits = Limits { usual: self.settings.search_limit, most: self.settings.max_search_limit };
        let mut is_known = false;
        let ask = |cell: &Rect<f64>, limit| {
            let page = self.search(cell, limit, query, is_known)?;
            is_known = true;
            Ok(page)
        };
        let found = |items: Vec<Item>| take(listing(items, query, area));
        let cut_off = search_all(area.rects(), limits, |cell| area.meets(cell), ask, found).map_err(|e| {
            failed(match e {
                SearchError::Request(why) => why,
                SearchError::BoxIgnored => "it answers with pictures outside of the area: check --api".to_owned(),
                SearchError::TooManyRequests => "it finds no end: survey a smaller area".to_owned(),
            })
        })?;
        let unusable = cut_off.iter().map(|cell| Unusable {
            id: format!("more at {:.6}, {:.6}", cell.center().x, cell.center().y),
            reason: format!("left out by the server, which lists no more than {} in one place", limits.most),
        });
        let _ = take(Listing { unusable: unusable.collect(), ..Listing::default() });
        Ok(())
    }

    fn fetch(&self, picture: &Picture) -> Result<Vec<u8>, FetchError> {
        let Image::Url(address) = &picture.image else { return Err(FetchError::Address) };
        let url = address.parse().ok().filter(is_http).ok_or(FetchError::Address)?;
        Ok(self.http.get(&url, self.settings.max_picture_bytes)?.body)
    }

    fn terms(&self) -> Vec<(&'static str, String)> {
        match self.settings.quality {
            Quality::Hd => Vec::new(),
            Quality::Sd => vec![("quality", "sd".to_owned())],
        }
    }

    fn connections(&self) -> usize {
        self.settings.http.requests_per_host
    }

    fn interrupt(&self) {
        self.http.interrupt();
    }

    fn root(&self) -> String {
        self.root.to_string()
    }
}

/// What a query asks for among items, which may lie outside of its area.
fn listing(items: Vec<Item>, query: &Query, area: &Area) -> Listing {
    let mut listing = Listing::default();
    for item in items {
        let inside = item.lon_lat_deg().is_none_or(|(lon, lat)| area.contains(lon, lat));
        match item.picture {
            Ok(picture) if query.fits(&picture) => {
                if query.annotations != Annotations::Ignored && !item.annotated.annotations.is_empty() {
                    listing.annotated.insert(picture.id.clone(), item.annotated);
                }
                listing.pictures.push(picture);
            }
            Err(reason) if inside => {
                listing.unusable.push(Unusable { id: item.id().to_owned(), reason: reason.to_owned() });
            }
            _ => {}
        }
    }
    listing
}

/// The root of an API from what a person wrote: `/api` may be left out.
fn parse_root(text: &str) -> Result<Url, String> {
    let mut root = http::parse_root(text, "https://panoramax.ign.fr/api")?;
    if root.path() == "/" {
        root.set_path("/api");
    }
    Ok(root)
}

fn parse_answer(answer: &Answer) -> Result<Value, String> {
    serde_json::from_slice(&answer.body).map_err(|e| match answer.content_type.contains("html") {
        true => not_an_api(),
        false => format!("its answer is not JSON ({e}): {}", not_an_api()),
    })
}

fn not_an_api() -> String {
    "this is not the root of a Panoramax API: check --api (for example https://panoramax.ign.fr/api)".to_owned()
}

/// The address of the next page, where the server offers one that can simply be followed.
fn next_page(json: &Value, answered: &Url) -> Option<Url> {
    let is_next = |link: &&Value| {
        link.get("rel").and_then(Value::as_str) == Some("next")
            && link.get("method").and_then(Value::as_str).is_none_or(|m| m.eq_ignore_ascii_case("get"))
    };
    let link = json.get("links")?.as_array()?.iter().find(is_next)?;
    answered.join(link.get("href")?.as_str()?).ok().filter(is_http)
}
