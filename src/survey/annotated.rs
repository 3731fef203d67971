//! From the annotations of a picture to detections, as if a detector had made them.

use crate::annotation::{Annotation, SIGN};
use crate::model::{Detection, Manifest, Model, Reading, same};
use crate::taxonomy::{detected_family, parts_of_tag};
use crate::view::Turn;

/// What an annotation counts that states no confidence: a person made it.
const PERSON: f32 = 0.9;

/// The most annotations of one picture that are looked at. No street shows so many things.
const MAX_ANNOTATIONS: usize = 1000;

/// A detection that somebody else made, and who.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Foreign {
    pub detection: Detection,
    /// Name and version of the model, or `annotation`.
    pub origin: String,
}

/// The detections that the annotations of a picture stand for. What the model does not look for is left out, and what
/// several annotations show counts once: the blurring service of a server marks that there is a sign, others say which.
pub(super) fn foreign(model: &Model, turn: &Turn, annotations: &[Annotation]) -> Vec<Foreign> {
    let (width, height) = (turn.width as f32, turn.height as f32);
    let within = |annotation: &&Annotation| {
        let b = annotation.pixels;
        0.0 <= b.x0 && b.x0 < b.x1 && b.x1 <= width && 0.0 <= b.y0 && b.y0 < b.y1 && b.y1 <= height
    };
    let detection = |annotation: &Annotation| {
        let Meaning { key, class, reading, is_named } = meaning(model, annotation)?;
        let score = annotation.confidence("detection_confidence", &key).unwrap_or(PERSON);
        let origin = annotation.qualifier("detection_model", &key).unwrap_or("annotation").to_owned();
        let pixels = turn.to_upright(annotation.pixels);
        Some((is_named, Foreign { detection: Detection { class, score, reading, pixels }, origin }))
    };
    let all = annotations.iter().filter(within).filter_map(detection).take(MAX_ANNOTATIONS);
    let all: Vec<(bool, Foreign)> = all.collect();
    let Manifest { exclusive, iou, .. } = *model.manifest();
    let is_doubled = |number: usize, (is_named, foreign): &(bool, Foreign)| {
        all.iter().enumerate().any(|(other_number, (is_other_named, other))| {
            let (one, other) = (&foreign.detection, &other.detection);
            // Of two that are as good the first stays.
            let better = is_other_named.cmp(is_named).then(other.score.total_cmp(&one.score));
            better.then(number.cmp(&other_number)).is_gt()
                && (exclusive || one.class == other.class)
                && same(one, other, iou, None)
        })
    };
    let kept = all.iter().enumerate().filter(|(number, foreign)| !is_doubled(*number, foreign));
    kept.map(|(_, (_, foreign))| foreign.clone()).collect()
}

/// What an annotation says.
struct Meaning {
    /// The key of the tag that it is taken by.
    key: String,
    /// The class of the detector that it stands for.
    class: usize,
    reading: Option<Reading>,
    /// Whether it says which sign it is.
    is_named: bool,
}

fn meaning(model: &Model, annotation: &Annotation) -> Option<Meaning> {
    let classes = &model.manifest().classes;
    let named = |name: &str| classes.iter().position(|class| class.name == name);
    if let Some(value) = annotation.tag(SIGN).filter(|_| model.manifest().find == "signs") {
        let Some((code, inscription)) = french_code(value) else {
            return Some(Meaning { key: SIGN.to_owned(), class: named("other")?, reading: None, is_named: false });
        };
        let of_code = classes.iter().position(|class| class.code.as_deref() == Some(code));
        let class = of_code.or_else(|| named(detected_family(code))).or_else(|| named("other"))?;
        let probability = annotation.confidence("classification_confidence", SIGN).unwrap_or(PERSON);
        let reading = model.reading_of(code, inscription, probability);
        return Some(Meaning { key: SIGN.to_owned(), class, reading, is_named: true });
    }
    // Other things by one of the tags that their class has in OpenStreetMap.
    annotation.tags.iter().find_map(|(key, value)| {
        let tag = format!("{}={value}", key.strip_prefix("osm|")?);
        let has_tag = |tags: &String| tags.split(';').any(|own| own == tag);
        let class = classes.iter().position(|class| class.osm_tags.as_ref().is_some_and(has_tag))?;
        Some(Meaning { key: key.clone(), class, reading: None, is_named: true })
    })
}

/// The first code of a value such as `FR:B14[50]` or `FR:B1,FR:M9z`, and what stands on the sign.
fn french_code(value: &str) -> Option<(&str, Option<&str>)> {
    let sign = parts_of_tag(value.trim().strip_prefix("FR:")?).next()?;
    let (code, rest) = sign.split_at(sign.find('[').unwrap_or(sign.len()));
    let inscription = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inside, _)| inside.trim());
    let code = code.trim();
    (!code.is_empty()).then_some((code, inscription.filter(|inside| !inside.is_empty())))
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

    proptest! {
        #[test]
        fn no_value_upsets_it(value in "(FR:)?[A-Zé0-9,;\\[\\]]{0,12}") {
            if let Some((code, _)) = french_code(&value) {
                prop_assert!(!code.is_empty() && !detected_family(code).is_empty());
            }
        }
    }
}
