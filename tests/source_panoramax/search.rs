//! How everything in an area is found.

use std::sync::atomic::{AtomicUsize, Ordering};

use arpent::area::Area;
use arpent::source::panoramax::{Panoramax, Settings};
use arpent::source::{Query, Source};
use serde_json::json;

use super::support::server::{Reply, Request, Server};
use super::{EMPTY, collection, everywhere, ids, item, limited, list_answer, query, settings, source};

/// Answers searches over a catalogue as a true server does: inclusive edges, no order, no second page.
fn catalogue_server(positions: Vec<(f64, f64)>) -> Server {
    let items: Vec<_> =
        positions.iter().enumerate().map(|(i, &(lon, lat))| item(&format!("{i:04}"), lon, lat)).collect();
    Server::start(move |request| {
        let bbox: Vec<f64> = request.parameter("bbox").unwrap().split(',').map(|n| n.parse().unwrap()).collect();
        let limit: usize = request.parameter("limit").unwrap().parse().unwrap();
        let inside = |&(lon, lat): &(f64, f64)| lon >= bbox[0] && lat >= bbox[1] && lon <= bbox[2] && lat <= bbox[3];
        let found: Vec<_> =
            positions.iter().zip(&items).filter(|(p, _)| inside(p)).take(limit).map(|(_, i)| i.clone()).collect();
        Reply::json(collection(&found))
    })
}

#[test]
fn a_full_answer_is_split_until_everything_is_found_once() {
    // On the lines where boxes are halved, so that neighbours both hold them.
    let positions: Vec<_> = (0..81).map(|i| (f64::from(i % 9) / 8.0, f64::from(i / 9) / 8.0)).collect();
    let server = catalogue_server(positions);
    let listing = limited(&server, 7, 100).list(&query("0,0,1,1")).unwrap();
    let wanted: Vec<_> = (0..81).map(|i| format!("{i:04}")).collect();
    assert_eq!(ids(&listing), wanted);
    assert_eq!(listing.unusable, []);
    assert!(server.requests().len() > 12);
}

#[test]
fn more_than_the_server_lists_in_one_place_is_said() {
    let server = catalogue_server(vec![(0.3, 0.4); 30]);
    assert_eq!(limited(&server, 5, 50).list(&query("0,0,1,1")).unwrap().pictures.len(), 30);
    let listing = limited(&server, 5, 20).list(&query("0,0,1,1")).unwrap();
    assert_eq!(listing.pictures.len(), 20);
    assert!(!listing.unusable.is_empty());
    assert!(listing.unusable.iter().all(|u| u.reason.contains("no more than 20 in one place")));
}

#[test]
fn an_area_without_pictures_is_no_error() {
    let listing = list_answer(EMPTY.to_owned());
    assert_eq!((listing.pictures.len(), listing.unusable.len()), (0, 0));
}

#[test]
fn the_search_names_box_limit_and_times() {
    let server = Server::start(|_| Reply::json(EMPTY));
    let at = |s: &str| Some(s.parse().unwrap());
    let box_only = query("1.5,43,1.75,44");
    let between = Query { since: at("2024-01-01T00:00:00Z"), until: at("2024-12-31T23:59:59Z"), ..box_only.clone() };
    source(&server).list(&box_only).unwrap();
    source(&server).list(&between).unwrap();
    source(&server).list(&Query { since: None, ..between.clone() }).unwrap();
    let requests = server.requests();
    let parameters = |i: usize, name: &str| requests[i].parameter(name);
    assert!(requests.iter().all(|r| r.path() == "/api/search"));
    assert_eq!(parameters(0, "bbox").as_deref(), Some("1.5,43,1.75,44"));
    assert_eq!(parameters(0, "limit").as_deref(), Some("1000"));
    assert_eq!(parameters(0, "datetime"), None);
    assert_eq!(parameters(1, "datetime").as_deref(), Some("2024-01-01T00:00:00Z/2024-12-31T23:59:59Z"));
    assert_eq!(parameters(2, "datetime").as_deref(), Some("../2024-12-31T23:59:59Z"));
    let agent = requests[0].header("user-agent").unwrap();
    assert!(agent.starts_with("arpent/") && agent.contains("(+https://"), "{agent}");
}

#[test]
fn times_are_checked_even_if_the_server_does_not() {
    let server = Server::start(|_| {
        let mut late = item("late", 2.0, 48.0);
        late["properties"]["datetime"] = json!("2025-05-06T08:00:05Z");
        Reply::json(collection(&[item("good", 2.0, 48.0), late]))
    });
    let until = Some("2024-12-31T00:00:00Z".parse().unwrap());
    assert_eq!(ids(&source(&server).list(&Query { until, ..everywhere() }).unwrap()), ["good"]);
}

#[test]
fn an_area_over_the_antimeridian_is_two_boxes() {
    let server = catalogue_server(vec![(179.9, -16.5), (-179.9, -16.5), (0.0, -16.5)]);
    assert_eq!(ids(&source(&server).list(&query("179.5,-17,-179.5,-16")).unwrap()), ["0000", "0001"]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_polygon_leaves_out_what_lies_beside_it() {
    let triangle = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1],[0,0]]]}"#;
    let area = Area::from_geojson(triangle).unwrap();
    let positions: Vec<_> = (0..100).map(|i| (f64::from(i % 10) / 9.0, f64::from(i / 10) / 9.0)).collect();
    let inside = positions.iter().filter(|(lon, lat)| area.contains(*lon, *lat)).count();
    let server = catalogue_server(positions);
    let listing = limited(&server, 10, 10).list(&Query { area: Some(area), ..Query::default() }).unwrap();
    assert_eq!(listing.pictures.len(), inside);
    let far_corner = |r: &Request| r.parameter("bbox").unwrap().starts_with("0.75,0.75,");
    assert!(!server.requests().iter().any(far_corner), "a box beside the polygon was asked for");
}

#[test]
fn a_server_that_offers_further_pages_has_them_read() {
    let page = |ids: [&str; 2], next: Option<&str>| {
        let items = ids.map(|id| item(id, 2.0, 48.0));
        let links: Vec<_> = next.iter().map(|href| json!({"rel": "next", "href": href})).collect();
        Reply::json(json!({"features": items, "links": links}).to_string())
    };
    let server = Server::start(move |request| match request.parameter("token").as_deref() {
        None => page(["a", "b"], Some("/api/search?token=2")),
        Some("2") => page(["c", "d"], Some("?token=3")),
        _ => page(["e", "f"], None),
    });
    // Two to a page: without the links the answer would count as full.
    assert_eq!(ids(&limited(&server, 2, 2).list(&everywhere()).unwrap()), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn pages_that_run_in_a_circle_come_to_an_end() {
    let server = Server::start(|_| {
        let links = json!([{"rel": "next", "href": "/api/search?token=again"}]);
        Reply::json(json!({"features": [item("a", 2.0, 48.0)], "links": links}).to_string())
    });
    // Too small to be split: what may be missing is said.
    let listing = source(&server).list(&query("1.999996,47.999996,2.000004,48.000004")).unwrap();
    assert_eq!((ids(&listing), listing.unusable.len()), (vec!["a"], 1));
    assert_eq!(server.requests().len(), 2);
}

/// Ever another page: what is held of it is bounded, and what is missing is said.
#[test]
fn pages_without_end_come_to_an_end() {
    let server = Server::counting(|n, _| {
        let items: Vec<_> = (0..300).map(|i| item(&format!("{n}-{i}"), 2.0, 48.0)).collect();
        let links = json!([{"rel": "next", "href": format!("/api/search?token={n}")}]);
        Reply::json(json!({"features": items, "links": links}).to_string())
    });
    let listing = source(&server).list(&query("1.999996,47.999996,2.000004,48.000004")).unwrap();
    assert_eq!((listing.pictures.len(), listing.unusable.len()), (20_100, 1));
    assert_eq!(server.requests().len(), 67);
}

#[test]
fn a_listing_outlasts_an_outage() {
    let positions: Vec<_> = (0..25).map(|i| (f64::from(i % 5) / 4.0, f64::from(i / 5) / 4.0)).collect();
    let items: Vec<_> = (0..25).map(|i| item(&format!("{i:02}"), positions[i].0, positions[i].1)).collect();
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        // It fails five times after its first answer.
        if (1..=5).contains(&asked.fetch_add(1, Ordering::SeqCst)) {
            return Reply::status(502);
        }
        let bbox: Vec<f64> = request.parameter("bbox").unwrap().split(',').map(|n| n.parse().unwrap()).collect();
        let inside = |&(lon, lat): &(f64, f64)| lon >= bbox[0] && lat >= bbox[1] && lon <= bbox[2] && lat <= bbox[3];
        let found = positions.iter().zip(&items).filter(|(p, _)| inside(p)).take(10);
        Reply::json(collection(&found.map(|(_, item)| item.clone()).collect::<Vec<_>>()))
    });
    assert_eq!(limited(&server, 10, 10).list(&query("0,0,1,1")).unwrap().pictures.len(), 25);
}

/// So many pictures in one place that all of them at once are more than is taken: as many as are, and the rest is said.
#[test]
fn a_heap_that_is_too_large_for_one_answer_ends_no_listing() {
    let server = catalogue_server([(0.5, 0.5); 60].into_iter().chain([(0.1, 0.1), (0.9, 0.9)]).collect());
    let settings = Settings { search_limit: 10, max_search_limit: 100, max_answer_bytes: 20_000, ..settings() };
    let source = Panoramax::with_settings(&server.url("/api"), None, settings).unwrap();
    let listing = source.list(&query("0,0,1,1")).unwrap();
    assert_eq!(listing.pictures.len(), 10 + 2);
    assert!(listing.unusable[0].reason.starts_with("left out by the server"), "{:?}", listing.unusable);
}
