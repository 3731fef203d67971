//! What is read from an item of an answer.

use arpent::picture::{Camera, Crop, HeadingSource, Image, Picture, Pose};
use arpent::source::{Listing, Source, Unusable};
use serde_json::{Value, json};

use super::support::server::{Reply, Server};
use super::{collection, everywhere, ids, item, list_answer, source};

const ODD: &str = include_str!("../recorded/odd.json");
const LONE: &str = include_str!("../recorded/lone.json");
const STRASBOURG: &str = include_str!("../recorded/strasbourg.json");

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
