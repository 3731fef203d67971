//! Where pictures come from: a Panoramax server, or a folder of files.

pub mod communes;
mod exif;
pub mod folder;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod hosts;
pub(crate) mod http;
pub(crate) mod jpeg;
pub mod panoramax;
mod xmp;

use std::collections::HashMap;
use std::ops::ControlFlow;

use jiff::Timestamp;
use thiserror::Error;

use crate::annotation::{Annotated, Annotations};
use crate::area::Area;
use crate::picture::{Picture, sort_as_taken};

pub use communes::Communes;
pub use folder::Folder;
pub use http::HttpSettings;
pub use panoramax::Panoramax;

/// A place that pictures come from. Its calls may block, and several threads may call at once.
pub trait Source: Sync {
    /// Hands over the pictures that the query asks for in parts, as they become known, each picture once and in no
    /// particular order. `take` may break it off, which is no error.
    fn list_in_parts(
        &self,
        query: &Query,
        take: &mut dyn FnMut(Listing) -> ControlFlow<()>,
    ) -> Result<(), SourceError>;

    /// All of them at once, in the order of [`sort_as_taken`].
    fn list(&self, query: &Query) -> Result<Listing, SourceError> {
        let mut all = Listing::default();
        self.list_in_parts(query, &mut |part| {
            all.pictures.extend(part.pictures);
            all.unusable.extend(part.unusable);
            all.annotated.extend(part.annotated);
            ControlFlow::Continue(())
        })?;
        sort_as_taken(&mut all.pictures);
        all.unusable.sort();
        Ok(all)
    }

    /// The bytes of one picture's file. Ends within bounded time and memory, whatever the other side does.
    fn fetch(&self, picture: &Picture) -> Result<Vec<u8>, FetchError>;

    /// What is set of the source that bears on what is seen in its pictures: names and values.
    fn terms(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// How many pictures of one host may be fetched at a time.
    fn connections(&self) -> usize {
        1
    }

    /// Makes fetches that wait for their turn fail at once, now and later: a run is to end.
    fn interrupt(&self) {}

    /// What the pictures were asked of, for the record: an API root or a folder.
    fn root(&self) -> String;
}

/// Which pictures are wanted.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Only pictures inside.
    pub area: Option<Area>,
    /// Only pictures taken at this time or later.
    pub since: Option<Timestamp>,
    /// Only pictures taken before or at this time.
    pub until: Option<Timestamp>,
    /// Whether what the pictures carry already is wanted.
    pub annotations: Annotations,
}

impl Query {
    /// Whether a picture fits. A picture without a time does not fit a query that asks for times.
    pub fn fits(&self, picture: &Picture) -> bool {
        let in_time = match picture.taken_at {
            Some(t) => self.since.is_none_or(|s| t >= s) && self.until.is_none_or(|u| t <= u),
            None => self.since.is_none() && self.until.is_none(),
        };
        in_time && self.area.as_ref().is_none_or(|a| a.contains(picture.lon_deg, picture.lat_deg))
    }
}

/// The answer to a query, or a part of it: every picture ends in one of the two lists.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Pictures that can be worked on.
    pub pictures: Vec<Picture>,
    /// Pictures that cannot: without a position, for instance.
    pub unusable: Vec<Unusable>,
    /// What pictures carry already, by their ids, where the query asks for it.
    pub annotated: HashMap<String, Annotated>,
}

/// A picture that was listed and cannot be worked on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unusable {
    /// Its identifier, as far as it has one.
    pub id: String,
    /// A few words that name the reason; equal reasons are counted together.
    pub reason: String,
}

/// Why a source could not list its pictures.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The server could not be reached, or answered nothing usable.
    #[error("{root} did not list its pictures: {why}")]
    Server {
        /// Root of the API.
        root: String,
        /// What happened, and what may help.
        why: String,
    },
    /// The folder could not be read.
    #[error("{path}: {why}")]
    Folder {
        /// The folder.
        path: String,
        /// What happened, and what may help.
        why: String,
    },
}

/// Why the bytes of one picture could not be had. The display text is what the counts of failures go by.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FetchError {
    /// The file is not there or not readable.
    #[error("file not readable")]
    Unreadable,
    /// The server refused or failed with this status, after the retries that the status deserves.
    #[error("HTTP status {0}")]
    Status(u16),
    /// No connection to the server.
    #[error("no connection")]
    Connection,
    /// The server went silent or too slow.
    #[error("timed out")]
    TimedOut,
    /// The transfer broke off or was shorter than announced.
    #[error("transfer broke off")]
    BrokenOff,
    /// More bytes than any street-level picture has.
    #[error("file too large")]
    TooLarge,
    /// More redirects than make sense, or to an address that is no HTTP.
    #[error("bad redirect")]
    Redirect,
    /// Its host had failed for so long that it is not asked any more.
    #[error("host given up, which failed for long")]
    GivenUp,
    /// The run was stopped while it was waited for.
    #[error("run stopped")]
    Interrupted,
    /// The answer is not what the API promises.
    #[error("answer not understood")]
    NotUnderstood,
    /// The picture's address is no address.
    #[error("bad address")]
    Address,
}

impl FetchError {
    /// Whether it may pass: the server is busy or broken, or the way to it.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Status(408 | 429 | 500 | 502..=504 | 520..=524))
            || matches!(self, Self::Connection | Self::BrokenOff | Self::TimedOut)
    }

    /// Whether the server may have done what it was asked for all the same.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Status(500..) | Self::TimedOut | Self::BrokenOff | Self::TooLarge | Self::NotUnderstood)
    }
}
