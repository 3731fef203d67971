//! From the annotations of a picture to detections, as if a detector had made them.

use crate::annotation::Annotation;
use crate::model::{Detection, Model, Reading};
use crate::view::Turn;

/// The tag of signs.
const SIGN: &str = "osm|traffic_sign";

/// What an annotation counts that states no confidence: a person made it.
const PERSON: f32 = 0.9;

/// A detection that somebody else made, and who.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Foreign {
    pub detection: Detection,
    /// Name and version of the model, or `annotation`.
    pub origin: String,
}

/// The detections that the annotations of a picture stand for. What the model does not look for is left out.
pub(super) fn foreign(model: &Model, turn: &Turn, annotations: &[Annotation]) -> Vec<Foreign> {
    let (width, height) = (turn.width as f32, turn.height as f32);
    let within = |annotation: &&Annotation| {
        let b = annotation.pixels;
        0.0 <= b.x0 && b.x0 < b.x1 && b.x1 <= width && 0.0 <= b.y0 && b.y0 < b.y1 && b.y1 <= height
    };
    let detection = |annotation: &Annotation| {
        let (key, class, reading) = meaning(model, annotation)?;
        let score = annotation.confidence("detection_confidence", &key).unwrap_or(PERSON);
        let origin = annotation.qualifier("detection_model", &key).unwrap_or("annotation").to_owned();
        let pixels = turn.to_upright(annotation.pixels);
        Some(Foreign { detection: Detection { class, score, reading, pixels }, origin })
    };
    annotations.iter().filter(within).filter_map(detection).collect()
}

/// The key of the tag that an annotation is taken by, the class of the detector that it stands for, and what is read.
fn meaning(model: &Model, annotation: &Annotation) -> Option<(String, usize, Option<Reading>)> {
    let classes = &model.manifest().classes;
    let named = |name: &str| classes.iter().position(|class| class.name == name);
    if let Some(value) = annotation.tag(SIGN).filter(|_| model.manifest().find == "signs") {
        let Some((code, inscription)) = french_code(value) else {
            return Some((SIGN.to_owned(), named("other")?, None));
        };
        let of_code = classes.iter().position(|class| class.code.as_deref() == Some(code));
        let class = of_code.or_else(|| named(family(code))).or_else(|| named("other"))?;
        let probability = annotation.confidence("classification_confidence", SIGN).unwrap_or(PERSON);
        return Some((SIGN.to_owned(), class, model.reading_of(code, inscription, probability)));
    }
    // Other things by one of the tags that their class has in OpenStreetMap.
    annotation.tags.iter().find_map(|(key, value)| {
        let tag = format!("{}={value}", key.strip_prefix("osm|")?);
        let has_tag = |tags: &String| tags.split(';').any(|own| own == tag);
        let class = classes.iter().position(|class| class.osm_tags.as_ref().is_some_and(has_tag))?;
        Some((key.clone(), class, None))
    })
}

/// The first code of a value such as `FR:B14[50]` or `FR:B1,FR:M9z`, and what stands on the sign.
fn french_code(value: &str) -> Option<(&str, Option<&str>)> {
    let sign = value.trim().strip_prefix("FR:")?;
    let end = sign.find([',', ';', '[']).unwrap_or(sign.len());
    let (code, rest) = sign.split_at(end);
    let inscription = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inside, _)| inside.trim());
    let code = code.trim();
    (!code.is_empty()).then_some((code, inscription.filter(|inside| !inside.is_empty())))
}

/// The family of a French sign, as the detector's training has it (`models/train/families.py`).
fn family(code: &str) -> &'static str {
    let digit_after = |start: &str, digits: std::ops::RangeInclusive<char>| {
        code.strip_prefix(start).and_then(|rest| rest.chars().next()).is_some_and(|next| digits.contains(&next))
    };
    let starts = |starts: &[&str]| starts.iter().any(|start| code.starts_with(start));
    match code {
        _ if starts(&["AB4"]) => "stop",
        _ if starts(&["AB3", "AB5"]) => "yield",
        _ if starts(&["AB6", "AB7"]) => "other",
        _ if digit_after("A", '0'..='9') || starts(&["AB", "AK"]) => "danger",
        _ if digit_after("B2", '1'..='9') || digit_after("B4", '0'..='9') => "obligation",
        _ if starts(&["B6b", "B30"]) || digit_after("B5", '0'..='9') => "other",
        _ if starts(&["B"]) => "prohibition",
        _ if starts(&["M"]) => "plate",
        _ if starts(&["D", "E", "ID"]) => "direction",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_are_read_from_values() {
        assert_eq!(french_code("FR:B14[50]"), Some(("B14", Some("50"))));
        assert_eq!(french_code("FR:AB4"), Some(("AB4", None)));
        assert_eq!(french_code("FR:B1,FR:M9z[vélos]"), Some(("B1", None)));
        for none in ["yes", "", "FR:", "FR:[50]", "DE:274[50]"] {
            assert_eq!(french_code(none), None, "{none}");
        }
    }

    #[test]
    fn families_are_those_of_the_training() {
        let families = [
            ("A13a", "danger"),
            ("AB1", "danger"),
            ("AB4", "stop"),
            ("AB3a", "yield"),
            ("AB6", "other"),
            ("B14", "prohibition"),
            ("B21a1", "obligation"),
            ("B4", "prohibition"),
            ("B40", "obligation"),
            ("B5a", "prohibition"),
            ("B51", "other"),
            ("C20a", "other"),
            ("M9z", "plate"),
            ("EB10", "direction"),
        ];
        assert!(families.iter().all(|(code, expected)| family(code) == *expected));
    }

    proptest! {
        #[test]
        fn no_value_upsets_it(value in "(FR:)?[A-Zé0-9,;\\[\\]]{0,12}") {
            if let Some((code, _)) = french_code(&value) {
                prop_assert!(!code.is_empty() && !family(code).is_empty());
            }
        }
    }
}
