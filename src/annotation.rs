//! What a picture carries already: boxes with tags, made by people or by detectors of others.

use crate::view::{PixelBox, Turn};

/// The key of the tag of signs.
pub(crate) const SIGN: &str = "osm|traffic_sign";

/// The annotations of a picture, and how its file lies to its upright image, without which they say nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotated {
    /// Size and orientation of the file, where the source states them.
    pub turn: Option<Turn>,
    /// In the order of the source.
    pub annotations: Vec<Annotation>,
}

/// A box with tags, whose keys are those of Panoramax: `osm|traffic_sign`.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// The server's name of it.
    pub id: Option<String>,
    /// In pixels of the file as served.
    pub pixels: PixelBox,
    /// Keys and values.
    pub tags: Vec<(String, String)>,
}

impl Annotation {
    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// What a qualifier says of a tag: `detection_confidence` in `detection_confidence[osm|traffic_sign=yes]`.
    ///
    /// A classifier may have changed the value since, so the key of the tag alone has to agree.
    pub fn qualifier(&self, name: &str, key: &str) -> Option<&str> {
        let speaks_of = |qualified: &str| {
            let tag = qualified.strip_prefix(name).and_then(|rest| rest.strip_prefix('['));
            tag.is_some_and(|tag| tag.strip_prefix(key).is_some_and(|rest| rest.starts_with(['=', ']'])))
        };
        self.tags.iter().find(|(qualified, _)| speaks_of(qualified)).map(|(_, value)| value.as_str())
    }

    /// The same as a number from 0 to 1.
    pub fn confidence(&self, name: &str, key: &str) -> Option<f32> {
        self.qualifier(name, key)?.trim().parse().ok().filter(|p| (0.0..=1.0).contains(p))
    }
}

/// Whether annotations are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Annotations {
    /// The detector alone.
    #[default]
    Ignored,
    /// The annotations beside what the detector sees.
    Added,
    /// The annotations alone: no picture has to be had.
    Alone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualifiers_belong_to_their_tag() {
        let tags = [
            ("osm|traffic_sign", "FR:B14[50]"),
            ("detection_model[osm|traffic_sign=yes]", "SGBlur-yolo11n/0.1.0"),
            ("detection_confidence[osm|traffic_sign=yes]", "0.313"),
            ("detection_confidence[osm|traffic_sign_more=yes]", "0.9"),
            ("classification_confidence[osm|traffic_sign=FR:B14[50]]", "1.7"),
        ];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let annotation = Annotation { id: None, pixels: PixelBox { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 }, tags };
        assert_eq!(annotation.tag("osm|traffic_sign"), Some("FR:B14[50]"));
        assert_eq!(annotation.qualifier("detection_model", "osm|traffic_sign"), Some("SGBlur-yolo11n/0.1.0"));
        assert_eq!(annotation.confidence("detection_confidence", "osm|traffic_sign"), Some(0.313));
        assert_eq!(annotation.confidence("classification_confidence", "osm|traffic_sign"), None, "no probability");
        assert_eq!(annotation.qualifier("detection", "osm|traffic_sign"), None);
    }
}
