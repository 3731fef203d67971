//! What a search that fails says.

use arpent::source::{Panoramax, Query, Source, SourceError};

use super::support::server::{Reply, Request, Server};
use super::{EMPTY, collection, everywhere, item, limited, settings, source};

const BAD_TOKEN: &str = include_str!("../recorded/bad_token.json");
const NOT_FOUND: &str = include_str!("../recorded/not_found.html");

/// The message of a listing that fails.
fn failure(script: impl Fn(&Request) -> Reply + Send + Sync + 'static, words: &[&str]) {
    let server = Server::start(script);
    let error = source(&server).list(&everywhere()).unwrap_err();
    assert!(matches!(error, SourceError::Server { .. }));
    let message = error.to_string();
    assert!(words.iter().all(|w| message.contains(w)) && message.contains(&server.url("/api")), "{message}");
}

#[test]
fn a_wrong_root_is_named_with_its_remedy() {
    let html = |status| Reply::Answer {
        status,
        headers: vec![("Content-Type", "text/html; charset=utf-8".into())],
        body: NOT_FOUND.into(),
    };
    failure(move |_| html(404), &["404", "check --api"]);
    failure(move |_| html(200), &["not the root of a Panoramax API", "check --api"]);
    failure(|_| Reply::json("{\"features\": "), &["not JSON", "check --api"]);
    failure(|_| Reply::json("{\"hello\": 1}"), &["check --api"]);
    failure(|_| Reply::json("[]"), &["check --api"]);
    failure(|_| Reply::status(400), &["400", "--api"]);
}

#[test]
fn a_refused_token_is_named_with_its_remedy() {
    let refused = |_: &Request| Reply::Answer {
        status: 401,
        headers: vec![("Content-Type", "application/json".into())],
        body: BAD_TOKEN.into(),
    };
    failure(refused, &["401", "check the token"]);
}

#[test]
fn a_busy_server_is_named_with_its_remedy() {
    failure(|_| Reply::status(503), &["503", "try again later"]);
    failure(|_| Reply::Raw(Vec::new()), &["broke off", "try again later"]);
}

#[test]
fn no_server_is_named_with_its_remedy() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let source = Panoramax::with_settings(&format!("http://127.0.0.1:{port}/api"), None, settings()).unwrap();
    let message = source.list(&everywhere()).unwrap_err().to_string();
    assert!(message.contains("no connection") && message.contains("check the network"), "{message}");
}

#[test]
fn a_server_that_ignores_the_box_is_named() {
    let answer = collection(&[item("a", 2.0, 48.0), item("b", 2.1, 48.0)]);
    let server = Server::start(move |_| Reply::json(answer.clone()));
    let message = limited(&server, 2, 2).list(&everywhere()).unwrap_err().to_string();
    assert!(message.contains("outside of the area"), "{message}");
}

#[test]
fn a_server_needs_an_area() {
    let server = Server::start(|_| Reply::json(EMPTY));
    let message = source(&server).list(&Query::default()).unwrap_err().to_string();
    assert!(message.contains("name an area"), "{message}");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn the_root_may_be_written_in_several_ways() {
    let root = |text: &str| Panoramax::new(text, None).map(|p| p.root());
    for text in ["https://panoramax.ign.fr", "https://panoramax.ign.fr/api/", " https://panoramax.ign.fr/api?x=1#y "]
    {
        assert_eq!(root(text).unwrap(), "https://panoramax.ign.fr/api");
    }
    for text in ["", "panoramax.ign.fr", "ftp://panoramax.ign.fr", "file:///api", "https://"] {
        let message = root(text).unwrap_err().to_string();
        assert!(message.contains("https://panoramax.ign.fr/api"), "{message}");
    }
    let message = root("https://ada:secret@example.org/api").unwrap_err().to_string();
    assert!(message.contains("leave them out"), "{message}");
}

#[test]
fn a_token_that_is_none_is_refused() {
    let message = Panoramax::new("http://example.org", Some("a\nb".into())).unwrap_err().to_string();
    assert!(message.contains("token"), "{message}");
}
