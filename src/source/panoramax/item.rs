//! One picture of a search answer: a STAC item, read leniently.
//!
//! Whatever is missing, null or of another type than documented counts as not known; only without a position or an
//! address of its image is a picture unusable.

use reqwest::Url;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Quality;
use super::search::Found;
use crate::annotation::{Annotated, Annotation};
use crate::camera::wrap_degrees;
use crate::picture::{Camera, Crop, HeadingSource, Image, Picture, Pose};
use crate::source::exif::{credible_position_sd_m, fov_of_focal_length_35mm, measured_pose};
use crate::source::http::is_http;
use crate::view::{PixelBox, Turn};

/// Metres of 95 % radius to one metre of standard deviation along each axis: √(−2 ln 0.05).
const RADIUS_95_PER_SD: f64 = 2.448;

/// A picture as far as the server describes it.
#[derive(Debug)]
pub struct Item {
    id: String,
    lon_lat_deg: Option<(f64, f64)>,
    /// The picture, or why it cannot be worked on.
    pub picture: Result<Picture, &'static str>,
    /// What it carries already.
    pub annotated: Annotated,
}

impl Found for Item {
    fn id(&self) -> &str {
        &self.id
    }

    fn lon_lat_deg(&self) -> Option<(f64, f64)> {
        self.lon_lat_deg
    }
}

impl Item {
    /// Reads an item that `answered` delivered; `root` is the root of the API.
    pub fn read(feature: &Value, answered: &Url, root: &Url, quality: Quality) -> Self {
        let feature = Node(feature);
        let lon_lat_deg = position(feature);
        let annotations = feature.items("/properties/annotations").filter_map(annotation).collect();
        let annotated = Annotated { turn: turn(feature), annotations };
        match feature.text("/id") {
            Some(id) => Self {
                picture: picture(feature, &id, lon_lat_deg, image(feature, answered, quality), root),
                id,
                lon_lat_deg,
                annotated,
            },
            // Told from others like it by its place, and by all else that is said of it.
            None => {
                let digest = crate::hex(&Sha256::digest(feature.0.to_string())[..4]);
                let id = format!("at {lon_lat_deg:?}, {digest}");
                Self { id, lon_lat_deg, picture: Err("no identifier"), annotated }
            }
        }
    }
}

fn picture(
    item: Node<'_>,
    id: &str,
    lon_lat_deg: Option<(f64, f64)>,
    image: Option<Url>,
    root: &Url,
) -> Result<Picture, &'static str> {
    let (lon_deg, lat_deg) = lon_lat_deg.ok_or("no position")?;
    if item.text("/properties/geovisio:status").is_some_and(|s| s != "ready") {
        return Err("not ready on the server");
    }
    let image = image.ok_or("no address of its image")?;
    let accuracy_m = item.number("/properties/quality:horizontal_accuracy");
    Ok(Picture {
        id: id.to_owned(),
        sequence: item.text("/collection").unwrap_or_else(|| id.to_owned()),
        rank: item.integer("/properties/geovisio:rank_in_collection"),
        lon_deg,
        lat_deg,
        position_sd_m: credible_position_sd_m(accuracy_m.map(|radius| radius / RADIUS_95_PER_SD)),
        pose: pose(item),
        camera: camera(item),
        taken_at: ["/properties/datetime", "/properties/datetimetz"]
            .iter()
            .find_map(|path| item.text(path)?.parse().ok()),
        license: item.text("/properties/license"),
        producer: item.text("/properties/geovisio:producer").or_else(|| producer(item)),
        image: Image::Url(image.into()),
        page_url: page(root, id),
        size_bytes: ["/assets/hd/file:size", "/properties/original_file:size"].iter().find_map(|p| item.integer(p)),
    })
}

fn position(item: Node<'_>) -> Option<(f64, f64)> {
    let lon = item.number("/geometry/coordinates/0")?;
    let lat = item.number("/geometry/coordinates/1")?;
    (lon.abs() <= 180.0 && lat.abs() <= 90.0).then_some((lon, lat))
}

/// `view:azimuth` is a whole number, and often only the direction of travel: the EXIF tells whether it was measured.
fn pose(item: Node<'_>) -> Pose {
    let exif = |name: &str| item.text(&format!("/properties/exif/Exif.GPSInfo.{name}"));
    let azimuth_deg = item.number("/properties/view:azimuth");
    let written = exif("GPSImgDirection")
        .and_then(|text| fraction(&text))
        .and_then(|deg| measured_pose(deg, exif("GPSImgDirectionRef").as_deref()));
    match (azimuth_deg, written) {
        // The finer number. Another azimuth was set later: the EXIF keeps the old one.
        (Some(azimuth), Some(pose)) if turn_deg(azimuth, pose.heading_deg) < 1.0 => pose,
        (None, Some(pose)) => pose,
        // A picture alone in its sequence is given 0 for want of a direction.
        (Some(0.0), _) if !has_neighbour(item) => HeadingSource::Unknown.pose(0.0),
        (Some(azimuth), _) => HeadingSource::Travel.pose(azimuth),
        (None, None) => HeadingSource::Unknown.pose(0.0),
    }
}

/// The angle between two directions, 0 to 180.
fn turn_deg(a: f64, b: f64) -> f64 {
    wrap_degrees(a - b).abs()
}

fn has_neighbour(item: Node<'_>) -> bool {
    item.items("/links").any(|link| link.text("/rel").is_some_and(|rel| rel == "next" || rel == "prev"))
}

/// A number as EXIF values are written: `271/100` or `2.71`.
fn fraction(text: &str) -> Option<f64> {
    let number = |part: &str| part.trim().parse::<f64>().ok();
    let value = match text.split_once('/') {
        Some((numerator, denominator)) => number(numerator)? / number(denominator)?,
        None => number(text)?,
    };
    value.is_finite().then_some(value)
}

fn camera(item: Node<'_>) -> Camera {
    let fov_deg = item.number("/properties/pers:interior_orientation/field_of_view");
    let projection = item.text("/properties/exif/Xmp.GPano.ProjectionType");
    if fov_deg == Some(360.0) || projection.is_some_and(|p| p.eq_ignore_ascii_case("equirectangular")) {
        return Camera::Equirectangular { crop: crop(item) };
    }
    // A pinhole camera sees less than a half circle; what says more is a fisheye, or wrong.
    let stated = fov_deg.filter(|fov| (1.0..=170.0).contains(fov));
    let focal = item.text("/properties/exif/Exif.Photo.FocalLengthIn35mmFilm").and_then(|text| fraction(&text));
    Camera::Perspective { long_side_fov_deg: stated.or_else(|| focal.and_then(fov_of_focal_length_35mm)) }
}

/// `visible_area` is the margins left, top, right and bottom of what the file covers.
fn crop(item: Node<'_>) -> Option<Crop> {
    let orientation = |name: &str| item.number(&format!("/properties/pers:interior_orientation/{name}"));
    let full_width = orientation("sensor_array_dimensions/0")?;
    let full_height = orientation("sensor_array_dimensions/1")?;
    let left = orientation("visible_area/0")?;
    let top = orientation("visible_area/1")?;
    let width = full_width - left - orientation("visible_area/2")?;
    let height = full_height - top - orientation("visible_area/3")?;
    let crop = Crop { full_width, full_height, left, top, width, height };
    let whole = width >= full_width && height >= full_height;
    (crop.is_sound() && !whole).then_some(crop)
}

/// An annotation with tags. Its shape is a polygon in pixels of the file, of which the bounds count.
fn annotation(item: Node<'_>) -> Option<Annotation> {
    let tags = item.items("/semantics").filter_map(|tag| Some((tag.text("/key")?, tag.text("/value")?)));
    let tags: Vec<(String, String)> = tags.collect();
    let corner = |corner: Node<'_>| Some((corner.number("/0")? as f32, corner.number("/1")? as f32));
    let corners: Vec<(f32, f32)> = item.items("/shape/coordinates/0").filter_map(corner).collect();
    let least = |side: fn(&(f32, f32)) -> f32| corners.iter().map(side).reduce(f32::min);
    let most = |side: fn(&(f32, f32)) -> f32| corners.iter().map(side).reduce(f32::max);
    let pixels = PixelBox { x0: least(|c| c.0)?, y0: least(|c| c.1)?, x1: most(|c| c.0)?, y1: most(|c| c.1)? };
    (!tags.is_empty()).then_some(Annotation { id: item.text("/id"), pixels, tags })
}

/// Size and orientation of the file. A cropped sphere's size is that of the crop.
fn turn(item: Node<'_>) -> Option<Turn> {
    let side =
        |index: usize| item.number(&format!("/properties/pers:interior_orientation/sensor_array_dimensions/{index}"));
    let (width, height) = match crop(item) {
        Some(crop) => (crop.width, crop.height),
        None => (side(0)?, side(1)?),
    };
    let pixels = |side: f64| (1.0..=65_535.0).contains(&side).then_some(side as u32);
    let orientation = item.text("/properties/exif/Exif.Image.Orientation").and_then(|text| text.parse().ok());
    Turn::from_exif(orientation.unwrap_or(1), pixels(width)?, pixels(height)?)
}

/// The address of the picture, of a quality that there is. In a catalogue of several servers it may be relative to the server that
/// the item came from.
fn image(item: Node<'_>, answered: &Url, quality: Quality) -> Option<Url> {
    let small = (quality == Quality::Sd).then(|| item.text("/assets/sd/href")).flatten();
    let href = small.or_else(|| item.text("/assets/hd/href")).or_else(|| item.text("/properties/geovisio:image"))?;
    let origin = item.items("/links").find(|link| link.text("/rel").as_deref() == Some("via"));
    let origin = origin.and_then(|link| answered.join(&link.text("/href")?).ok());
    origin.as_ref().unwrap_or(answered).join(&href).ok().filter(is_http)
}

/// The first named producer: the account; others are what the EXIF names.
fn producer(item: Node<'_>) -> Option<String> {
    item.items("/providers").find_map(|provider| {
        let is_producer = provider.items("/roles").any(|role| role.text("").as_deref() == Some("producer"));
        if is_producer { provider.text("/name") } else { None }
    })
}

/// The server's web viewer, showing the picture.
fn page(root: &Url, id: &str) -> Option<String> {
    let mut page = root.join("/").ok()?;
    page.set_fragment(Some(&format!("focus=pic&pic={id}")));
    Some(page.into())
}

/// A JSON value and what lies below it, by JSON pointer.
#[derive(Clone, Copy)]
struct Node<'a>(&'a Value);

impl<'a> Node<'a> {
    fn text(self, pointer: &str) -> Option<String> {
        let text = self.0.pointer(pointer)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A finite number.
    fn number(self, pointer: &str) -> Option<f64> {
        self.0.pointer(pointer)?.as_f64().filter(|n| n.is_finite())
    }

    fn integer(self, pointer: &str) -> Option<u64> {
        self.0.pointer(pointer)?.as_u64()
    }

    fn items(self, pointer: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.0.pointer(pointer).and_then(Value::as_array).into_iter().flatten().map(Node)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(feature: &Value) -> Item {
        let url = |text: &str| text.parse::<Url>().unwrap();
        Item::read(
            feature,
            &url("http://example.org/api/search?limit=9"),
            &url("http://example.org/api"),
            Quality::Hd,
        )
    }

    #[test]
    fn fractions_are_as_exif_writes_them() {
        assert_eq!(fraction("34057/100"), Some(340.57));
        assert_eq!(fraction("10"), Some(10.0));
        for nonsense in ["", "/", "1/0", "0/0", "north", "1/2/3", "inf"] {
            assert_eq!(fraction(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn directions_meet_over_north() {
        assert_eq!(turn_deg(359.5, 0.25), 0.75);
        assert_eq!(turn_deg(0.0, 360.0), 0.0);
        assert_eq!(turn_deg(90.0, 270.0), 180.0);
    }

    /// Any JSON that an item could have in one place.
    fn anything() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            Just(json!({})),
            Just(json!([])),
            Just(json!([{}])),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ]
    }

    proptest! {
        #[test]
        fn nothing_in_an_item_upsets_it(values in proptest::collection::vec(anything(), 22)) {
            let mut value = values.into_iter();
            let mut next = || value.next().unwrap_or_default();
            let item = read(&json!({
                "id": next(), "collection": next(), "links": next(), "providers": next(), "assets": {"hd": {"href": next()}},
                "geometry": {"coordinates": [2.0, next()]},
                "properties": {
                    "view:azimuth": next(), "datetime": next(), "license": next(),
                    "annotations": [next(), {"semantics": next(), "shape": next()}, {
                        "semantics": [{"key": next(), "value": next()}],
                        "shape": {"coordinates": [[[1, 2], [next(), next()], next()]]}
                    }],
                    "exif": {"Exif.GPSInfo.GPSImgDirection": next()}, "quality:horizontal_accuracy": next(),
                    "pers:interior_orientation": {
                        "field_of_view": 360, "sensor_array_dimensions": [next(), next()], "visible_area": [0, next(), 0, 0]
                    }
                }
            }));
            if let Ok(picture) = item.picture {
                prop_assert!((0.0..360.0).contains(&picture.pose.heading_deg));
                prop_assert!((0.3..=20.0).contains(&picture.position_sd_m));
                prop_assert!(picture.lat_deg.abs() <= 90.0);
            }
        }
    }
}
