//! How the bytes of a picture are had, whatever the server does.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use arpent::picture::{Image, Picture};
use arpent::source::panoramax::Settings;
use arpent::source::{FetchError, HttpSettings, Panoramax, Source};

use super::support::server::{Reply, Request, Server};
use super::{EMPTY, collection, everywhere, http_settings, item, list_answer, settings};

/// The whole answer for a picture that is not processed yet: its final status is 102.
const WAITING: &[u8] = include_bytes!("../recorded/waiting.http");

/// For tests in which the server goes silent or slow.
fn impatient() -> Settings {
    let (stall_timeout, total_timeout) = (Duration::from_millis(200), Duration::from_millis(400));
    with_http(HttpSettings { stall_timeout, total_timeout, ..http_settings() })
}

fn with_http(http: HttpSettings) -> Settings {
    Settings { http, ..settings() }
}

fn picture_at(address: String) -> Picture {
    let listing = list_answer(collection(&[item("p", 2.0, 48.0)]));
    Picture { image: Image::Url(address), ..listing.pictures[0].clone() }
}

fn fetch_with(server: &Server, settings: Settings) -> Result<Vec<u8>, FetchError> {
    let source = Panoramax::with_settings(&server.url("/api"), None, settings).unwrap();
    source.fetch(&picture_at(server.url("/hd.jpg")))
}

fn fetch(server: &Server) -> Result<Vec<u8>, FetchError> {
    fetch_with(server, settings())
}

#[test]
fn a_picture_is_fetched_whole() {
    let body: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
    let sent = body.clone();
    let server = Server::start(move |_| Reply::jpeg(sent.clone()));
    assert!(fetch(&server).unwrap() == body);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn what_is_no_address_is_not_asked_for() {
    let source = Panoramax::new("http://127.0.0.1:9", None).unwrap();
    for address in ["", "hd.jpg", "ftp://example.org/hd.jpg", "file:///etc/passwd", "http://"] {
        assert_eq!(source.fetch(&picture_at(address.into())), Err(FetchError::Address), "{address}");
    }
    let filed = Picture { image: Image::File("a.jpg".into()), ..picture_at(String::new()) };
    assert_eq!(source.fetch(&filed), Err(FetchError::Address));
}

#[test]
fn redirects_are_followed_within_reason() {
    let server = Server::start(|request| match request.path() {
        "/hd.jpg" => Reply::redirect("deep/1"),
        "/deep/1" => Reply::redirect("2?x=y"),
        "/deep/2" => Reply::redirect("/3"),
        "/3" => Reply::status(307).with("Location", "/4"),
        "/4" => Reply::status(301).with("Location", "/5"),
        _ => Reply::jpeg("picture"),
    });
    assert_eq!(fetch(&server).unwrap(), b"picture");
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn bad_redirects_are_an_error() {
    let targets = ["/hd.jpg", "ftp://example.org/hd.jpg", "file:///etc/passwd", "http://", "javascript:alert(1)"];
    for target in targets {
        let server = Server::start(move |_| Reply::redirect(target));
        assert_eq!(fetch(&server), Err(FetchError::Redirect), "{target}");
        assert!(server.requests().len() <= 6, "{target}");
    }
    assert_eq!(fetch(&Server::start(|_| Reply::status(302))), Err(FetchError::Redirect));
}

#[test]
fn the_token_goes_to_the_own_host_alone() {
    let other = Server::start(|request| match request.path() {
        "/back.jpg" => Reply::redirect(request.parameter("to").unwrap()),
        _ => Reply::jpeg("picture"),
    });
    let (away, away_and_back) = (other.url("/away.jpg"), other.url("/back.jpg?to="));
    let server = Server::start(move |request| match request.path() {
        "/api/search" => Reply::json(EMPTY),
        "/away.jpg" => Reply::redirect(away.clone()),
        "/round.jpg" => Reply::redirect(format!("{away_and_back}http://{}/end.jpg", request.header("host").unwrap())),
        "/within.jpg" => Reply::redirect("/hd.jpg"),
        _ => Reply::jpeg("picture"),
    });
    let source = Panoramax::with_settings(&server.url("/api"), Some("secret".into()), settings()).unwrap();
    source.list(&everywhere()).unwrap();
    let by_name = server.url_by_name("/by-name.jpg");
    let addresses = [server.url("/within.jpg"), server.url("/away.jpg"), server.url("/round.jpg"), by_name];
    for address in addresses {
        // `localhost` may lead nowhere on a machine without IPv4 under that name; what counts is what arrives.
        let _ = source.fetch(&picture_at(address));
    }
    let seen = |server: &Server| -> Vec<(String, Option<String>)> {
        let token = |r: &Request| r.header("authorization").map(str::to_owned);
        server.requests().iter().map(|r| (r.path().to_owned(), token(r))).collect()
    };
    for (path, token) in seen(&server) {
        // The same server by another name is another host; so is the own one after a detour.
        let trusted = !["/end.jpg", "/by-name.jpg"].contains(&path.as_str());
        assert_eq!(token.as_deref(), trusted.then_some("Bearer secret"), "{path}");
    }
    let paths: Vec<_> = seen(&server).into_iter().map(|(path, _)| path).collect();
    for path in ["/api/search", "/within.jpg", "/hd.jpg", "/away.jpg", "/round.jpg", "/end.jpg"] {
        assert!(paths.iter().any(|p| p == path), "{path} was never asked for");
    }
    assert_eq!(seen(&other), [("/away.jpg".to_owned(), None), ("/back.jpg".to_owned(), None)]);
}

#[test]
fn a_refusal_is_not_tried_again() {
    for status in [400, 401, 403, 404, 410, 206, 204] {
        let server = Server::start(move |_| Reply::status(status));
        assert_eq!(fetch(&server), Err(FetchError::Status(status)));
        assert_eq!(server.requests().len(), 1, "status {status}");
    }
}

#[test]
fn what_may_pass_is_tried_again() {
    for status in [429, 500, 502, 503, 504] {
        let server = Server::counting(move |n, _| if n < 2 { Reply::status(status) } else { Reply::jpeg("picture") });
        assert_eq!(fetch(&server).unwrap(), b"picture", "status {status}");
        let server = Server::start(move |_| Reply::status(status));
        assert_eq!(fetch(&server), Err(FetchError::Status(status)));
        assert_eq!(server.requests().len(), 3, "status {status}");
    }
}

#[test]
fn waits_grow_from_attempt_to_attempt() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = times.clone();
    let server = Server::start(move |_| {
        noted.lock().unwrap().push(Instant::now());
        Reply::status(500)
    });
    let settings = with_http(HttpSettings { backoff: Duration::from_millis(20), attempts: 4, ..http_settings() });
    assert_eq!(fetch_with(&server, settings), Err(FetchError::Status(500)));
    let waits: Vec<_> = times.lock().unwrap().windows(2).map(|pair| pair[1] - pair[0]).collect();
    let least = [20, 40, 80].map(Duration::from_millis);
    assert!(waits.len() == 3 && waits.iter().zip(least).all(|(wait, least)| *wait >= least), "{waits:?}");
}

#[test]
fn a_wait_that_the_server_asks_for_is_kept_up_to_a_limit() {
    // The limit of these tests is 0.15 s.
    for (asked, least) in [("3600", 150), ("Wed, 21 Oct 2099 07:28:00 GMT", 150), ("nonsense", 0)] {
        let server = Server::counting(move |n, _| match n {
            0 => Reply::status(429).with("Retry-After", asked),
            _ => Reply::jpeg("picture"),
        });
        let start = Instant::now();
        assert_eq!(fetch(&server).unwrap(), b"picture");
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(least) && waited < Duration::from_secs(5), "{asked}: {waited:?}");
    }
    let server = Server::counting(|n, _| match n {
        0 => Reply::status(503).with("Retry-After", "1"),
        _ => Reply::jpeg("picture"),
    });
    let patient = with_http(HttpSettings { max_retry_after: Duration::from_secs(60), ..http_settings() });
    let start = Instant::now();
    assert_eq!(fetch_with(&server, patient).unwrap(), b"picture");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

/// Who asks for something else of the same host waits as well.
#[test]
fn a_pause_is_kept_by_all_requests_to_the_host() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = times.clone();
    let server = Server::counting(move |n, request| {
        noted.lock().unwrap().push((request.path().to_owned(), Instant::now()));
        if n == 0 { Reply::status(429).with("Retry-After", "1") } else { Reply::jpeg("picture") }
    });
    let patient = with_http(HttpSettings { max_retry_after: Duration::from_secs(9), ..http_settings() });
    let source = Panoramax::with_settings(&server.url("/api"), None, patient).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert!(source.fetch(&picture_at(server.url("/a.jpg"))).is_ok()));
        while server.requests().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_millis(100));
        scope.spawn(|| assert!(source.fetch(&picture_at(server.url("/b.jpg"))).is_ok()));
    });
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 3);
    assert!(times[1..].iter().all(|(_, at)| *at - times[0].1 >= Duration::from_millis(990)), "{times:?}");
}

#[test]
fn a_rate_is_kept() {
    let server = Server::start(|_| Reply::jpeg("picture"));
    let slow = with_http(HttpSettings { requests_per_second: Some(20.0), ..http_settings() });
    let source = Panoramax::with_settings(&server.url("/api"), None, slow).unwrap();
    let begin = Instant::now();
    for _ in 0..5 {
        source.fetch(&picture_at(server.url("/a.jpg"))).unwrap();
    }
    assert!(begin.elapsed() >= Duration::from_millis(200), "{:?}", begin.elapsed());
}

#[test]
fn an_interruption_ends_what_waits() {
    let server = Server::start(|_| Reply::status(429).with("Retry-After", "9"));
    let patient = with_http(HttpSettings { max_retry_after: Duration::from_secs(9), ..http_settings() });
    let source = Panoramax::with_settings(&server.url("/api"), None, patient).unwrap();
    let begin = Instant::now();
    thread::scope(|scope| {
        let fetching = scope.spawn(|| source.fetch(&picture_at(server.url("/a.jpg"))));
        thread::sleep(Duration::from_millis(100));
        source.interrupt();
        assert_eq!(fetching.join().unwrap(), Err(FetchError::Interrupted));
    });
    assert!(begin.elapsed() < Duration::from_secs(5));
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 1000\r\n\r\n";

#[test]
fn a_silent_server_is_given_up() {
    for sent in [&b""[..], b"HTTP/1.1 200 OK\r\n", HEAD, &[HEAD, b"half a picture"].concat()] {
        let sent = sent.to_vec();
        let server = Server::start(move |_| Reply::Stall(sent.clone()));
        let start = Instant::now();
        assert_eq!(fetch_with(&server, impatient()), Err(FetchError::TimedOut));
        assert!(start.elapsed() < Duration::from_secs(4));
        assert_eq!(server.requests().len(), 2, "a time-out is tried twice");
    }
}

#[test]
fn a_trickling_server_is_given_up() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let server = Server::start(move |_| Reply::Drip(head.clone(), Duration::from_millis(20)));
    assert_eq!(fetch_with(&server, impatient()), Err(FetchError::TimedOut));
    // Headers without end.
    let head = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
    let server = Server::start(move |_| Reply::Drip(head.clone(), Duration::from_millis(20)));
    assert_eq!(fetch_with(&server, impatient()), Err(FetchError::TimedOut));
}

#[test]
fn a_transfer_that_breaks_off_is_tried_again() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel".to_vec();
    let half = [HEAD, b"half a picture"].concat();
    for broken in [half, chunked, b"HTTP/1.1 200 OK\r\n".to_vec(), b"nonsense".to_vec(), Vec::new(), HEAD.to_vec()] {
        let sent = broken.clone();
        let server = Server::start(move |_| Reply::Raw(sent.clone()));
        let name = String::from_utf8_lossy(&broken).into_owned();
        assert_eq!(fetch(&server), Err(FetchError::BrokenOff), "{name}");
        assert_eq!(server.requests().len(), 3, "{name}");
        let sent = broken.clone();
        let server =
            Server::counting(move |n, _| if n == 0 { Reply::Raw(sent.clone()) } else { Reply::jpeg("picture") });
        assert_eq!(fetch(&server).unwrap(), b"picture", "{name}");
    }
}

#[test]
fn an_empty_picture_is_none() {
    assert_eq!(fetch(&Server::start(|_| Reply::jpeg(""))), Err(FetchError::BrokenOff));
}

#[test]
fn the_final_status_102_ends() {
    // HTTP takes it for an interim answer: what follows is no answer at all, or never comes.
    let server = Server::start(|_| Reply::Raw(WAITING.to_vec()));
    assert_eq!(fetch_with(&server, impatient()), Err(FetchError::BrokenOff));
    let server = Server::start(|_| Reply::Stall(WAITING.to_vec()));
    let error = fetch_with(&server, impatient()).unwrap_err();
    assert!(matches!(error, FetchError::BrokenOff | FetchError::TimedOut), "{error}");
    let head_only: Vec<u8> = b"HTTP/1.1 102 PROCESSING\r\nContent-Length: 0\r\n\r\n".to_vec();
    let server = Server::start(move |_| Reply::Stall(head_only.clone()));
    assert_eq!(fetch_with(&server, impatient()), Err(FetchError::TimedOut));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn too_much_is_not_read() {
    let small = || Settings { max_picture_bytes: 10_000, ..settings() };
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n".to_vec();
    let server = Server::start(move |_| Reply::Stall(announced.clone()));
    assert_eq!(fetch_with(&server, small()), Err(FetchError::TooLarge));

    let unannounced = [b"HTTP/1.1 200 OK\r\n\r\n", &vec![7; 20_000][..]].concat();
    let server = Server::start(move |_| Reply::Raw(unannounced.clone()));
    assert_eq!(fetch_with(&server, small()), Err(FetchError::TooLarge));

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; 1_000_000]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 10_000);
    let server = Server::start(move |_| Reply::jpeg(packed.clone()).with("Content-Encoding", "gzip"));
    assert_eq!(fetch_with(&server, small()), Err(FetchError::TooLarge));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn one_host_is_asked_for_a_few_pictures_at_a_time() {
    let server = Server::start(|_| {
        thread::sleep(Duration::from_millis(30));
        Reply::jpeg("picture")
    });
    let source = Panoramax::with_settings(&server.url("/api"), None, settings()).unwrap();
    let picture = picture_at(server.url("/hd.jpg"));
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| assert_eq!(source.fetch(&picture).unwrap(), b"picture"));
        }
    });
    assert_eq!(server.requests().len(), 12);
    assert!((2..=4).contains(&server.most_at_once()), "{}", server.most_at_once());
}

/// Its pictures fail at once then, and those of others do not.
#[test]
fn a_host_that_fails_for_long_is_given_up() {
    let server = Server::start(|_| Reply::status(503));
    let times =
        HttpSettings { rest: Duration::from_millis(1), max_outage: Duration::from_millis(200), ..http_settings() };
    let source = Panoramax::with_settings(&server.url("/api"), None, with_http(times)).unwrap();
    let picture = picture_at(server.url("/a.jpg"));
    let begin = Instant::now();
    while source.fetch(&picture) != Err(FetchError::GivenUp) {
        assert!(begin.elapsed() < Duration::from_secs(30));
    }
    let asked = server.requests().len();
    assert!((20..200).contains(&asked), "asked {asked} times");
    assert_eq!(source.fetch(&picture), Err(FetchError::GivenUp));
    assert_eq!(server.requests().len(), asked);
    let other = Server::start(|_| Reply::jpeg("picture"));
    assert_eq!(source.fetch(&picture_at(other.url("/a.jpg"))).unwrap(), b"picture");
}
