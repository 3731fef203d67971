//! What the names mean that detectors and classifiers give to their classes.

use super::sign::{Family, Sign, sign};
use super::{Language, solar};

/// A sign that a name stands for, and what is written on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    /// The sign.
    pub sign: &'static Sign,
    /// What is written on it, where the name says so: `50`.
    pub value: Option<&'a str>,
}

/// The French sign that a name stands for: `B14`, `B14[50]`, `FR:B14[50]`, `B14_(50)` or, as the classifier that
/// Panoramax publishes has it, `B14-50`. `None` where it stands for none.
pub fn named(name: &str) -> Option<Named<'_>> {
    let name = name.trim();
    let code = name.strip_prefix("FR:").or_else(|| name.strip_prefix("FR_")).unwrap_or(name);
    if let Some(sign) = sign(code) {
        return Some(Named { sign, value: None });
    }
    let (code, value) = match code.split_once(['[', '(']) {
        Some((code, value)) => (code, value.strip_suffix([']', ')'])?),
        None => code.split_once('-')?,
    };
    let sign = sign(code.trim_end_matches('_')).filter(|sign| sign.value.is_some())?;
    let value = value.trim();
    (!value.is_empty()).then_some(Named { sign, value: Some(value) })
}

/// What a class without a code is called: photovoltaics, or a family of signs, by the names of the shipped detectors.
pub fn class_name(class: &str, language: Language) -> Option<&'static str> {
    Some(match class {
        "stop" => language.of("Panneau stop", "Stop sign"),
        "yield" => language.of("Panneau cédez-le-passage", "Give way sign"),
        "direction" => language.of("Panneau de direction ou de localisation", "Direction or place-name sign"),
        "other" => language.of("Autre panneau", "Other traffic sign"),
        "danger" => Family::Danger.name(language),
        "prohibition" => Family::Prohibition.name(language),
        "obligation" => Family::Obligation.name(language),
        "plate" => Family::Plate.name(language),
        _ => solar(class)?.name(language),
    })
}

/// What a class of the inventory is called: a sign by its code, or a class without one.
pub fn name_of(class: &str, language: Language) -> Option<&'static str> {
    sign(class).map(|sign| sign.name(language)).or_else(|| class_name(class, language))
}

/// The parts of a tag `traffic_sign`, each a sign: two in `FR:B1,FR:M9z[vélos, bus]`.
pub(crate) fn parts_of_tag(value: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    let between = move |letter: char| {
        depth += i32::from(letter == '[') - i32::from(letter == ']');
        depth <= 0 && matches!(letter, ',' | ';')
    };
    value.split(between).map(str::trim)
}

/// The family that the shipped detector gives a sign of this official code, by the name of its class: `prohibition` for
/// `B14`. As its training has it (`models/train/families.py`).
pub fn detected_family(code: &str) -> &'static str {
    let begins = |starts: &[&str]| starts.iter().any(|start| code.starts_with(start));
    let is_after = |letters: &str| {
        code.strip_prefix(letters).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
    };
    match () {
        () if begins(&["AB4"]) => "stop",
        () if begins(&["AB3", "AB5"]) => "yield",
        () if begins(&["AB6", "AB7"]) => "other",
        () if is_after("A") || begins(&["AB", "AK"]) => "danger",
        () if (is_after("B2") && !begins(&["B20"])) || is_after("B4") => "obligation",
        () if is_after("B5") || begins(&["B6b", "B30"]) => "other",
        () if begins(&["B"]) => "prohibition",
        () if begins(&["M"]) => "plate",
        () if begins(&["D", "E", "ID"]) => "direction",
        () => "other",
    }
}

/// Whether a name is that of a class for what is no sign, as the classifiers that Panoramax publishes have them: `A00`,
/// `0A00`, `Azz`.
pub fn is_reject(name: &str) -> bool {
    let kind = name.strip_suffix("00").or_else(|| name.strip_suffix("zz"));
    kind.map(|kind| kind.trim_start_matches('0'))
        .is_some_and(|kind| (1..=2).contains(&kind.len()) && kind.chars().all(|letter| letter.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    #[test]
    fn names_stand_for_signs() {
        for (name, code, value) in [
            ("B14", "B14", None),
            ("FR:B14[50]", "B14", Some("50")),
            ("B14_(50)", "B14", Some("50")),
            ("B33-50", "B33", Some("50")),
            ("B30-30", "B30", Some("30")),
            ("B21-1", "B21-1", None),
            ("B13A", "B13A", None),
            ("FR:AB4", "AB4", None),
        ] {
            let named = named(name).unwrap();
            assert_eq!((named.sign.code, named.value), (code, value), "{name}");
        }
        for name in
            ["", "FR_", "stop sign", "person", "AB4-50", "B14[50", "B14-", "sign", "face", "plate", "c3", "b14"]
        {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn rejects_stand_for_none() {
        for name in ["A00", "0A00", "Azz", "Bzz", "AB00", "CEzz"] {
            assert!(is_reject(name) && named(name).is_none(), "{name}");
        }
        for name in ["B14", "pizza", "jazz", "100", "sign", "", "B100"] {
            assert!(!is_reject(name), "{name}");
        }
    }

    #[test]
    fn families_of_any_code_are_those_of_the_training() {
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
        assert!(families.iter().all(|(code, expected)| detected_family(code) == *expected));
    }

    #[test]
    fn codes_belong_to_the_families_of_the_detector() {
        for (code, family) in [
            ("B14", "prohibition"),
            ("B2a", "prohibition"),
            ("B21-1", "obligation"),
            ("B22a", "obligation"),
            ("B40", "obligation"),
            ("B4", "prohibition"),
            ("B5a", "prohibition"),
            ("B54", "other"),
            ("B30", "other"),
            ("B6b1", "other"),
            ("B6a1", "prohibition"),
            ("A13a", "danger"),
            ("AB1", "danger"),
            ("AK5", "danger"),
            ("AB3a", "yield"),
            ("AB4", "stop"),
            ("AB6", "other"),
            ("M1", "plate"),
            ("EB10", "direction"),
            ("ID1a", "direction"),
            ("C12", "other"),
            ("CE1", "other"),
        ] {
            assert_eq!(detected_family(sign(code).unwrap().official), family, "{code}");
        }
    }

    #[test]
    fn every_code_of_the_drawings_is_known() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/sign-templates-fr");
        let Ok(drawings) = std::fs::read_dir(&folder) else {
            eprintln!("skipped: {} is not there", folder.display());
            return;
        };
        let files = drawings.map(|file| file.unwrap().file_name().into_string().unwrap());
        // One is the plain plate of the country.
        let names: Vec<String> = files.filter(|file| file != "FR_.png").collect();
        assert!(names.len() > 300);
        let unknown: Vec<&String> =
            names.iter().filter(|name| named(name.trim_end_matches(".png")).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn every_class_of_the_shipped_models_is_known() {
        let classes = |manifest| {
            let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
            manifest["classes"].as_array().unwrap().clone()
        };
        for class in classes(include_str!("../../models/sign-codes.json")) {
            let Some(code) = class["code"].as_str() else {
                assert_eq!(class["reject"], true, "{class}");
                continue;
            };
            let sign = sign(code).unwrap_or_else(|| panic!("{code}"));
            assert!(class["value"].is_null() || sign.value.is_some(), "{class}");
        }
        for manifest in [include_str!("../../models/signs.json"), include_str!("../../models/solar.json")] {
            for class in classes(manifest) {
                let name = class_name(class["name"].as_str().unwrap(), Language::En);
                assert_eq!(name, class["label"].as_str(), "{class}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_name_upsets_it(name in "(FR:)?[A-Zé0-9_()\\[\\] -]{0,10}") {
            if let Some(named) = named(&name) {
                prop_assert!(named.value.is_none_or(|value| !value.is_empty()));
            }
            let _ = is_reject(&name);
        }
    }
}
