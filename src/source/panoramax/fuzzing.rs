//! What a server answers, for the fuzzer.

use reqwest::Url;
use serde_json::Value;

use super::item::Item;
use super::{Quality, next_page};
use crate::annotation::Annotated;
use crate::camera::Lens;
use crate::picture::Camera;

/// The answer to a search: its pictures, and the address of its next page.
pub fn items(bytes: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Value>(bytes) else { return };
    let (Ok(root), Ok(answered)) =
        (Url::parse("http://a.example/api"), Url::parse("http://b.example/api/search?limit=9"))
    else {
        return;
    };
    let _ = next_page(&json, &answered);
    let features = json.get("features").and_then(Value::as_array).map_or(std::slice::from_ref(&json), Vec::as_slice);
    for (feature, quality) in features.iter().zip([Quality::Hd, Quality::Sd].into_iter().cycle()) {
        let item = Item::read(feature, &answered, &root, quality);
        let Annotated { turn, annotations } = &item.annotated;
        for annotation in annotations {
            assert!(!annotation.tags.is_empty());
            let _ = turn.map(|turn| turn.to_upright(annotation.pixels));
        }
        let Ok(picture) = item.picture else { continue };
        assert!(picture.lon_deg.abs() <= 180.0 && picture.lat_deg.abs() <= 90.0, "{picture:?}");
        assert!((0.3..=20.0).contains(&picture.position_sd_m), "{picture:?}");
        assert!((0.0..360.0).contains(&picture.pose.heading_deg), "{picture:?}");
        if let Camera::Equirectangular { crop: Some(crop) } = picture.camera {
            assert!(crop.is_sound(), "{crop:?}");
        }
        let _ = Lens::new(&picture.camera, 4000, 2000);
    }
}
