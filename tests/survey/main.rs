//! `arpent survey`, from its arguments to the file that it writes.

mod annotations;
mod export;
mod failures;
mod guard;
mod hosts;
#[cfg(unix)]
mod kill;
mod neighbours;
mod options;
mod report;
mod resume;
mod review;
mod server;
#[cfg(unix)]
mod stop;
mod street;
#[path = "../support/mod.rs"]
mod support;

use std::fs;

use arpent::picture::Picture;
use support::server::{Reply, Server};

/// The sample street and some room around it.
const STREET_BBOX: &str = "7.709,48.600,7.713,48.603";

/// A server that lists these pictures of the sample street. Their files come with the faults that `fault` names.
fn offer(pictures: &[Picture], fault: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> Server {
    let listed = support::street::search_answer(pictures);
    Server::start(move |request| match request.path().strip_prefix("/files/") {
        Some(id) => fault(id).unwrap_or_else(|| Reply::jpeg(file(id))),
        None => Reply::json(listed.clone()),
    })
}

/// The file of a picture of the sample street.
fn file(id: &str) -> Vec<u8> {
    fs::read(support::street::path(id)).unwrap()
}
