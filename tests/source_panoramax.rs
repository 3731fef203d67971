//! A Panoramax server as a source: every oddity of the API, played by a scripted server.
//!
//! `tests/recorded` holds answers of a true one (GeoVisio 2.15.1), its address replaced by `http://127.0.0.1`.

mod support;

use std::io::Write;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use arpent::area::Area;
use arpent::picture::{Camera, Crop, HeadingSource, Image, Picture, Pose};
use arpent::source::panoramax::Settings;
use arpent::source::{FetchError, Listing, Panoramax, Query, Source, SourceError, Unusable};
use serde_json::{Value, json};
use support::server::{Reply, Request, Server};

const ODD: &str = include_str!("recorded/odd.json");
const LONE: &str = include_str!("recorded/lone.json");
const STRASBOURG: &str = include_str!("recorded/strasbourg.json");
const EMPTY: &str = include_str!("recorded/empty.json");
const BAD_TOKEN: &str = include_str!("recorded/bad_token.json");
const NOT_FOUND: &str = include_str!("recorded/not_found.html");
/// The whole answer for a picture that is not processed yet: its final status is 102.
const WAITING: &[u8] = include_bytes!("recorded/waiting.http");

/// Patient where the machine may be slow, impatient where the script makes a test wait.
fn settings() -> Settings {
    Settings {
        connect_timeout: Duration::from_secs(5),
        stall_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(10),
        attempts: 3,
        backoff: Duration::from_millis(1),
        max_retry_after: Duration::from_millis(150),
        ..Settings::default()
    }
}

/// For tests in which the server goes silent or slow.
fn impatient() -> Settings {
    Settings { stall_timeout: Duration::from_millis(200), total_timeout: Duration::from_millis(400), ..settings() }
}

fn source(server: &Server) -> Panoramax {
    Panoramax::with_settings(&server.url("/api"), None, settings()).unwrap()
}

fn query(bbox: &str) -> Query {
    Query { area: Some(Area::parse_bbox(bbox).unwrap()), ..Query::default() }
}

/// All the world but the poles.
fn everywhere() -> Query {
    query("-180,-89,180,89")
}

/// What is listed where every search is answered with this.
fn list_answer(answer: String) -> Listing {
    let server = Server::start(move |_| Reply::json(answer.clone()));
    source(&server).list(&everywhere()).unwrap()
}

fn collection(items: &[Value]) -> String {
    json!({"type": "FeatureCollection", "features": items, "links": []}).to_string()
}

/// A sound item; tests spoil it.
fn item(id: &str, lon_deg: f64, lat_deg: f64) -> Value {
    json!({
        "type": "Feature", "id": id, "collection": "drive",
        "geometry": {"type": "Point", "coordinates": [lon_deg, lat_deg]},
        "properties": {
            "datetime": "2024-05-06T08:00:05+00:00", "license": "etalab-2.0", "view:azimuth": 10,
            "exif": {"Exif.GPSInfo.GPSImgDirection": "1025/100"}, "geovisio:producer": "Ada",
            "quality:horizontal_accuracy": 2.448
        },
        "assets": {"hd": {"href": "/hd.jpg"}},
        "links": [{"rel": "next", "type": "application/geo+json"}]
    })
}

/// The sound item with one value replaced, as it is listed.
fn list_with(pointer: &str, value: Value) -> Listing {
    let mut item = item("p", 2.0, 48.0);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    item.pointer_mut(parent).unwrap()[key] = value;
    list_answer(collection(&[item]))
}

fn picture_with(pointer: &str, value: Value) -> Picture {
    let listing = list_with(pointer, value);
    assert_eq!(listing.unusable, []);
    let [picture] = listing.pictures.try_into().unwrap();
    picture
}

fn unusable_with(pointer: &str, value: Value) -> Unusable {
    let listing = list_with(pointer, value);
    assert_eq!(listing.pictures, []);
    let [unusable] = listing.unusable.try_into().unwrap();
    unusable
}

fn ids(listing: &Listing) -> Vec<&str> {
    listing.pictures.iter().map(|p| p.id.as_str()).collect()
}

// --- Items ---

#[test]
fn recorded_pictures_are_read() {
    let listing = list_answer(ODD.to_owned());
    assert_eq!(listing.unusable, []);
    let [panorama, flat]: [Picture; 2] = listing.pictures.try_into().unwrap();

    let crop = Crop { full_width: 4000.0, full_height: 2000.0, left: 0.0, top: 600.0, width: 4000.0, height: 1000.0 };
    assert_eq!(panorama.camera, Camera::Equirectangular { crop: Some(crop) });
    assert_eq!(panorama.pose, HeadingSource::Measured.pose(200.25));
    assert_eq!((panorama.lon_deg, panorama.lat_deg), (3.205, 45.005));
    assert_eq!(panorama.taken_at.unwrap().to_string(), "2024-05-06T08:00:00Z");
    assert_eq!(panorama.license.as_deref(), Some("CC-BY-SA-4.0"));
    assert_eq!(panorama.producer.as_deref(), Some("Default account"));
    assert_eq!(panorama.image, Image::Url(format!("http://127.0.0.1/api/pictures/{}/hd.jpg", panorama.id)));

    // It has annotations, one of them with the semantics [{}], and a focal length but no field of view.
    assert!(ODD.contains("annotations") && flat.sequence == panorama.sequence);
    assert_eq!(flat.camera, Camera::Perspective { long_side_fov_deg: Some(90.0) });
    assert_eq!((panorama.rank, flat.rank), (Some(1), Some(2)));
    assert!((flat.position_sd_m - 4.9 / 2.448).abs() < 1e-3);
    assert!(flat.size_bytes.unwrap() > 1000);
}

#[test]
fn the_page_of_a_picture_is_in_the_web_viewer() {
    let server = Server::start(|_| Reply::json(collection(&[item("a b", 2.0, 48.0)])));
    let listing = source(&server).list(&everywhere()).unwrap();
    assert_eq!(listing.pictures[0].page_url, Some(server.url("/#focus=pic&pic=a%20b")));
}

#[test]
fn a_measured_heading_is_taken_from_the_exif() {
    assert!(STRASBOURG.contains("\"view:azimuth\": 341"));
    let picture = list_answer(STRASBOURG.to_owned()).pictures.remove(0);
    assert_eq!(picture.pose, HeadingSource::Measured.pose(340.57));
    assert_eq!(picture.camera, Camera::Equirectangular { crop: None });
}

#[test]
fn a_lone_picture_has_no_heading() {
    assert!(LONE.contains("\"view:azimuth\": 0"));
    let listing = list_answer(LONE.to_owned());
    assert_eq!(listing.pictures[0].pose, HeadingSource::Unknown.pose(0.0));
    assert_eq!(listing.pictures[0].camera, Camera::Perspective { long_side_fov_deg: None });
}

#[test]
fn a_heading_counts_as_measured_only_where_the_exif_agrees() {
    let pose = |azimuth: Value, direction: Value| {
        let mut item = item("p", 2.0, 48.0);
        item["properties"]["view:azimuth"] = azimuth;
        item["properties"]["exif"] = json!({"Exif.GPSInfo.GPSImgDirection": direction});
        list_answer(collection(&[item])).pictures[0].pose
    };
    use HeadingSource::{Measured, Travel, Unknown};
    let cases: [(Value, Value, Pose); 9] = [
        (json!(10), json!("1025/100"), Measured.pose(10.25)),
        // Rounded over north.
        (json!(0), json!("35970/100"), Measured.pose(359.7)),
        (json!(57), Value::Null, Travel.pose(57.0)),
        // 0 in the EXIF is what cameras write that do not know.
        (json!(57), json!("0/1"), Travel.pose(57.0)),
        (json!(0), json!("0/1"), Travel.pose(0.0)),
        // Set by a user later; the EXIF keeps the old one.
        (json!(90), json!("10/1"), Travel.pose(90.0)),
        (json!(57), json!("0/0"), Travel.pose(57.0)),
        (Value::Null, json!("1025/100"), Measured.pose(10.25)),
        (Value::Null, Value::Null, Unknown.pose(0.0)),
    ];
    for (azimuth, direction, wanted) in cases {
        assert_eq!(pose(azimuth.clone(), direction.clone()), wanted, "{azimuth} {direction}");
    }
}

#[test]
fn a_magnetic_heading_is_trusted_less() {
    let exif = json!({"Exif.GPSInfo.GPSImgDirection": "10/1", "Exif.GPSInfo.GPSImgDirectionRef": "M"});
    let pose = picture_with("/properties/exif", exif).pose;
    assert_eq!((pose.heading_deg, pose.heading_source), (10.0, HeadingSource::Measured));
    assert!(pose.heading_sd_deg > HeadingSource::Measured.sd_deg());
}

#[test]
fn the_field_of_view_tells_the_camera() {
    let camera = |orientation: Value| picture_with("/properties/pers:interior_orientation", orientation).camera;
    let flat = |fov| Camera::Perspective { long_side_fov_deg: fov };
    assert_eq!(camera(json!({"field_of_view": 97})), flat(Some(97.0)));
    assert_eq!(camera(json!({"camera_model": "unknown"})), flat(None));
    assert_eq!(camera(json!({"field_of_view": 0})), flat(None));
    // A fisheye is no pinhole camera.
    assert_eq!(camera(json!({"field_of_view": 190})), flat(None));
    let whole = Camera::Equirectangular { crop: None };
    assert_eq!(camera(json!({"field_of_view": 360})), whole);
    let margins = |m: [i32; 4]| json!({"field_of_view": 360, "sensor_array_dimensions": [40, 20], "visible_area": m});
    assert_eq!(camera(margins([0, 0, 0, 0])), whole);
    assert_eq!(camera(margins([0, 30, 0, 30])), whole, "margins that leave nothing are nonsense");
    let crop = Crop { full_width: 40.0, full_height: 20.0, left: 4.0, top: 6.0, width: 30.0, height: 10.0 };
    assert_eq!(camera(margins([4, 6, 6, 4])), Camera::Equirectangular { crop: Some(crop) });
}

#[test]
fn the_accuracy_is_a_radius_of_95_percent() {
    for (accuracy, wanted) in [(json!(2.448), 1.0), (json!(0.01), 0.3), (json!(900), 20.0), (Value::Null, 4.0)] {
        let sd = picture_with("/properties/quality:horizontal_accuracy", accuracy.clone()).position_sd_m;
        assert!((sd - wanted).abs() < 1e-3, "{accuracy}: {sd}");
    }
}

#[test]
fn what_is_missing_or_odd_is_only_not_known() {
    let position = json!({"coordinates": [2.0, 48.0, 170.5]});
    let bare = json!({"id": "bare", "geometry": position, "assets": {"hd": {"href": "/hd.jpg"}}});
    let mut nulls = item("nulls", 2.0, 48.0);
    let mut wrong = item("wrong", 2.0, 48.0);
    for key in ["collection", "properties", "links", "providers"] {
        nulls[key] = Value::Null;
        wrong[key] = json!(["surprise", 7, {}]);
    }
    let listing = list_answer(collection(&[bare, nulls, wrong]));
    assert_eq!(listing.unusable, []);
    assert_eq!(ids(&listing), ["bare", "nulls", "wrong"]);
    for picture in &listing.pictures {
        assert_eq!(picture.sequence, picture.id, "without a collection a picture is on its own");
        assert_eq!(picture.pose, HeadingSource::Unknown.pose(0.0));
        assert_eq!(picture.camera, Camera::Perspective { long_side_fov_deg: None });
        assert_eq!(picture.position_sd_m, 4.0);
        assert_eq!((picture.rank, picture.taken_at, picture.size_bytes), (None, None, None));
        assert_eq!((&picture.license, &picture.producer), (&None, &None));
    }
}

#[test]
fn annotations_without_tags_do_no_harm() {
    assert_eq!(picture_with("/properties/semantics", json!([{}])).id, "p");
    assert_eq!(picture_with("/properties/annotations", json!([{"semantics": [{}], "shape": null}])).id, "p");
}

#[test]
fn the_producer_may_be_among_the_providers() {
    let mut item = item("p", 2.0, 48.0);
    item["properties"]["geovisio:producer"] = Value::Null;
    item["providers"] = json!([{"name": "Host", "roles": ["host"]}, {"name": "Ada", "roles": ["producer"]}]);
    assert_eq!(list_answer(collection(&[item])).pictures[0].producer.as_deref(), Some("Ada"));
}

#[test]
fn what_cannot_be_used_is_listed_with_its_reason() {
    for geometry in [Value::Null, json!({}), json!({"coordinates": [2.0]}), json!({"coordinates": [2.0, 98.0]})] {
        assert_eq!(unusable_with("/geometry", geometry).reason, "no position");
    }
    for assets in [Value::Null, json!({}), json!({"hd": {}}), json!({"hd": {"href": "ftp://example.org/a.jpg"}})] {
        assert_eq!(unusable_with("/assets", assets).reason, "no address of its image");
    }
    for id in [Value::Null, json!(7), json!("")] {
        assert_eq!(unusable_with("/id", id).reason, "no identifier");
    }
    let waiting = unusable_with("/properties/geovisio:status", json!("waiting-for-process"));
    assert_eq!((waiting.id.as_str(), waiting.reason.as_str()), ("p", "not ready on the server"));
    assert_eq!(list_with("/properties/geovisio:status", json!("ready")).pictures.len(), 1);
}

#[test]
fn relative_addresses_belong_to_the_server_that_the_item_came_from() {
    let server = Server::start(|request| match request.path() {
        "/api/search" => Reply::redirect("/elsewhere/search"),
        _ => {
            let mut far = item("far", 2.0, 48.0);
            far["links"] = json!([{"rel": "via", "href": "https://instance.example/api/collections/c/items/far"}]);
            let mut near = item("near", 2.0, 48.0);
            near["assets"]["hd"]["href"] = json!("pictures/near.jpg");
            Reply::json(collection(&[far, near]))
        }
    });
    let listing = source(&server).list(&everywhere()).unwrap();
    let images: Vec<_> = listing.pictures.iter().map(|p| p.image.clone()).collect();
    let far = "https://instance.example/hd.jpg".to_owned();
    assert_eq!(images, [Image::Url(far), Image::Url(server.url("/elsewhere/pictures/near.jpg"))]);
}

// --- Search ---

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

fn limited(server: &Server, search_limit: u32, max_search_limit: u32) -> Panoramax {
    let settings = Settings { search_limit, max_search_limit, ..settings() };
    Panoramax::with_settings(&server.url("/api"), None, settings).unwrap()
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

// --- Failures of the search ---

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

// --- Pictures ---

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
    let times = std::sync::Arc::new(Mutex::new(Vec::new()));
    let noted = times.clone();
    let server = Server::start(move |_| {
        noted.lock().unwrap().push(Instant::now());
        Reply::status(500)
    });
    let settings = Settings { backoff: Duration::from_millis(20), attempts: 4, ..settings() };
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
    let patient = Settings { max_retry_after: Duration::from_secs(60), ..settings() };
    let start = Instant::now();
    assert_eq!(fetch_with(&server, patient).unwrap(), b"picture");
    assert!(start.elapsed() >= Duration::from_secs(1));
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
