//! The table of the French road signs.

use std::sync::LazyLock;

use thiserror::Error;

use super::{Language, rows};

/// A French road sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// Its code: `B14`.
    pub code: &'static str,
    /// The code that the instruction and OpenStreetMap know it by: another one where `code` names one of its drawings.
    pub official: &'static str,
    /// What kind of sign it is.
    pub family: Family,
    /// Its outline.
    pub shape: Shape,
    /// What is written on it, where that changes from one to another.
    pub value: Option<Value>,
    name_fr: &'static str,
    name_en: &'static str,
    consequences: &'static str,
}

/// All signs of the table, by family and code.
pub static SIGNS: LazyLock<Vec<Sign>> = LazyLock::new(|| {
    let wrong = |what: &str, code: &str| -> ! { panic!("the table inside the program is wrong at {code}: {what}") };
    let sign = |row: [&'static str; 8]| {
        let [code, of, family, shape, value, name_fr, name_en, consequences] = row;
        Sign {
            code,
            official: if of.is_empty() { code } else { of },
            family: Family::of_key(family).unwrap_or_else(|| wrong(family, code)),
            shape: Shape::of_key(shape).unwrap_or_else(|| wrong(shape, code)),
            value: (!value.is_empty()).then(|| Value::of_key(value).unwrap_or_else(|| wrong(value, code))),
            name_fr,
            name_en,
            consequences,
        }
    };
    rows(include_str!("signs.tsv")).map(sign).collect()
});

/// The sign of a code as it is written: class names such as `c3` stand for no sign.
pub fn sign(code: &str) -> Option<&'static Sign> {
    SIGNS.iter().find(|sign| sign.code == code)
}

/// No sign has such a code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no French sign has the code {code}; near it: {}", near.join(", "))]
pub struct UnknownSign {
    /// What was asked for.
    pub code: String,
    /// Codes that look like it, most alike first.
    pub near: Vec<&'static str>,
}

/// The sign of a code, or the signs whose codes begin so, in upper or lower case: `B14`, `B21`, `A`.
///
/// Letters alone are a whole kind, so that `A` has none of `AB`; a number is a whole one, so that `A1` has none of
/// `A13`.
pub fn look_up(text: &str) -> Result<Vec<&'static Sign>, UnknownSign> {
    let lower = || SIGNS.iter().find(|sign| sign.code.eq_ignore_ascii_case(text));
    if let Some(sign) = sign(text).or_else(lower) {
        return Ok(vec![sign]);
    }
    let ends_with_digit = text.ends_with(|c: char| c.is_ascii_digit());
    let ends_with_letters = text.chars().all(|c| c.is_ascii_alphabetic());
    let begins = |sign: &&Sign| {
        let (start, rest) = match sign.code.split_at_checked(text.len()) {
            Some(parts) if !text.is_empty() => parts,
            _ => return false,
        };
        let next_is_digit = rest.starts_with(|c: char| c.is_ascii_digit());
        start.eq_ignore_ascii_case(text)
            && !(ends_with_digit && next_is_digit)
            && (next_is_digit || !ends_with_letters)
    };
    let found: Vec<&Sign> = SIGNS.iter().filter(begins).collect();
    if found.is_empty() { Err(UnknownSign { code: text.to_owned(), near: near(text) }) } else { Ok(found) }
}

/// The five codes that take the fewest changes of a letter to make `text` of.
fn near(text: &str) -> Vec<&'static str> {
    let wanted: Vec<char> = text.to_lowercase().chars().take(16).collect();
    let mut codes: Vec<(usize, &str)> = SIGNS.iter().map(|s| (changes(&wanted, s.code), s.code)).collect();
    codes.sort_unstable();
    codes.into_iter().take(5).map(|(_, code)| code).collect()
}

/// How many letters have to be put in, taken out or changed (Levenshtein 1966).
fn changes(wanted: &[char], code: &str) -> usize {
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (i, letter) in code.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in wanted.iter().enumerate() {
            let changed = diagonal + usize::from(letter.to_ascii_lowercase() != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[wanted.len()]
}

impl Sign {
    /// Its name for people: that of its family where it has none here.
    pub fn name(&self, language: Language) -> &'static str {
        let name = language.of(self.name_fr, self.name_en);
        if name.is_empty() { self.family.name(language) } else { name }
    }

    /// The tag of the sign itself: `traffic_sign=FR:B14[50]`.
    pub fn tag(&self, value: Option<&str>) -> String {
        let value = value.map_or_else(String::new, |value| format!("[{value}]"));
        format!("traffic_sign=FR:{}{value}", self.official)
    }

    /// The tags that follow for the road or the thing that the sign speaks of, not for the sign: `maxspeed=50`.
    ///
    /// One that needs what is written on the sign has `{value}` in its place where that is not known.
    pub fn consequences(&self, value: Option<&str>) -> Vec<String> {
        let tags = self.consequences.split(';').filter(|tag| !tag.is_empty());
        tags.map(|tag| value.map_or_else(|| tag.to_owned(), |value| tag.replace("{value}", value))).collect()
    }

    /// Side or diameter in millimetres: miniature, small, normal, large, very large (article 5-3 of the instruction).
    /// `None` where the size follows from what is written.
    pub fn sizes_mm(&self) -> Option<[u32; 5]> {
        match (self.family, self.shape) {
            (Family::Ideogram | Family::Delineation | Family::Plate | Family::Private, _) => None,
            (_, Shape::Triangle | Shape::TriangleDown) => Some([500, 700, 1000, 1250, 1500]),
            (_, Shape::Disc) => Some([450, 650, 850, 1050, 1250]),
            (_, Shape::Octagon) => Some([400, 600, 800, 1000, 1200]),
            (Family::Temporary, _) => None,
            (_, Shape::Square | Shape::Diamond) => Some([350, 500, 700, 900, 1050]),
            _ => None,
        }
    }
}

/// An enumeration whose variants have a key in the table and a name in two languages.
macro_rules! keyed {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $key:literal $french:literal $english:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            fn of_key(key: &str) -> Option<Self> {
                match key {
                    $($key => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The name for people.
            pub fn name(self, language: Language) -> &'static str {
                match self {
                    $(Self::$variant => language.of($french, $english),)*
                }
            }
        }
    };
}

keyed! {
    /// The kind of a sign.
    Family {
        /// A: dangers.
        Danger "danger" "Panneau de danger" "Danger warning sign",
        /// AB: intersections and priority.
        Intersection "intersection" "Panneau d'intersection et de priorité" "Intersection or priority sign",
        /// B: what is forbidden.
        Prohibition "prohibition" "Panneau d'interdiction" "Prohibition sign",
        /// B: what one has to do.
        Obligation "obligation" "Panneau d'obligation" "Obligation sign",
        /// B: the end of either.
        End "end" "Panneau de fin de prescription" "End of prohibition or obligation",
        /// B: zones and their ends.
        Zone "zone" "Panneau de prescription zonale" "Zone sign",
        /// C: useful for driving.
        Information "information" "Panneau d'indication" "Information sign",
        /// CE: useful for travelling.
        Service "service" "Panneau de service" "Service sign",
        /// D and Dp: where to go.
        Direction "direction" "Panneau de direction" "Direction sign",
        /// E: where one is.
        Location "location" "Panneau de localisation" "Place-name or road-number sign",
        /// G: level crossings.
        LevelCrossing "level_crossing" "Signal de position de passage à niveau" "Level crossing sign",
        /// ID: pictures on direction signs.
        Ideogram "ideogram" "Idéogramme" "Ideogram",
        /// J: along the road.
        Delineation "delineation" "Balise" "Delineator",
        /// AK, K and KC: road works and the like.
        Temporary "temporary" "Signalisation temporaire" "Temporary sign",
        /// M: under or over a sign.
        Plate "plate" "Panonceau" "Plate under a sign",
        /// Signs of private people.
        Private "private" "Panneau privé" "Private sign",
    }
}

keyed! {
    /// The outline of a sign.
    Shape {
        /// On its base.
        Triangle "triangle" "triangle" "triangle",
        /// On its tip.
        TriangleDown "triangle_down" "triangle pointe en bas" "triangle on its tip",
        /// The stop sign.
        Octagon "octagon" "octogone" "octagon",
        /// Round.
        Disc "disc" "disque" "disc",
        /// On a side.
        Square "square" "carré" "square",
        /// On a corner.
        Diamond "diamond" "carré sur pointe" "square on a corner",
        /// As large as what it says.
        Rectangle "rectangle" "rectangle" "rectangle",
        /// A rectangle with a tip.
        Arrow "arrow" "flèche" "arrow",
        /// A saltire.
        Cross "cross" "croix" "cross",
        /// Upright.
        Post "post" "balise verticale" "post",
        /// None of these.
        Other "other" "autre forme" "another shape",
    }
}

keyed! {
    /// What is written on a sign, by its unit.
    Value {
        /// A speed.
        Speed "km/h" "vitesse en km/h" "speed in km/h",
        /// A length or distance.
        Length "m" "longueur en mètres" "length in metres",
        /// A mass.
        Mass "t" "masse en tonnes" "mass in tonnes",
        /// A slope.
        Slope "%" "pente en %" "slope in %",
        /// Words or numbers.
        Text "text" "inscription" "text",
    }
}

#[cfg(test)]
mod tests {
    use super::super::are_tags;
    use super::*;

    /// The families that a code may be of, by its letters.
    fn families(code: &str) -> &'static [Family] {
        use Family::*;
        match code {
            _ if code.starts_with("AB") => &[Intersection],
            _ if code.starts_with("AK") || code.starts_with('K') => &[Temporary],
            _ if code.starts_with('A') => &[Danger],
            _ if code.starts_with('B') => &[Prohibition, Obligation, End, Zone],
            _ if code.starts_with("CE") => &[Service],
            _ if code.starts_with('C') => &[Information],
            _ if code.starts_with('D') => &[Direction],
            _ if code.starts_with('E') => &[Location],
            _ if code.starts_with('G') => &[LevelCrossing],
            _ if code.starts_with("ID") => &[Ideogram],
            _ if code.starts_with('J') => &[Delineation],
            _ if code.starts_with('L') => &[Private],
            _ if code.starts_with('M') => &[Plate],
            _ => &[],
        }
    }

    /// The shapes that the signs of a family have.
    fn shapes(family: Family) -> &'static [Shape] {
        use Shape::*;
        match family {
            Family::Danger => &[Triangle],
            Family::Intersection => &[Triangle, TriangleDown, Octagon, Diamond],
            Family::Prohibition => &[Disc, Square],
            Family::Obligation | Family::End | Family::Private => &[Disc],
            Family::Zone | Family::Information | Family::Service => &[Square, Rectangle],
            Family::Direction => &[Arrow, Rectangle],
            Family::Location | Family::Plate => &[Rectangle],
            Family::LevelCrossing => &[Cross],
            Family::Ideogram => &[Square],
            Family::Delineation => &[Square, Rectangle, Post, Other],
            Family::Temporary => &[Triangle, Square, Rectangle],
        }
    }

    #[test]
    fn the_table_is_well_formed() {
        assert!(SIGNS.len() > 350);
        for sign in SIGNS.iter() {
            let is_code = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            assert!(
                sign.code.starts_with(|c: char| c.is_ascii_uppercase()) && sign.code.chars().all(is_code),
                "{sign:?}"
            );
            let same = SIGNS.iter().filter(|other| other.code == sign.code).count();
            assert_eq!(same, 1, "{sign:?}");
            assert!(families(sign.code).contains(&sign.family), "{sign:?}");
            assert!(shapes(sign.family).contains(&sign.shape), "{sign:?}");
            let begins =
                sign.code.get(..sign.official.len()).is_some_and(|start| start.eq_ignore_ascii_case(sign.official));
            assert!(begins && sign.official.len() >= 2, "{sign:?}");
            assert_eq!(sign.name_fr.is_empty(), sign.name_en.is_empty(), "{sign:?}");
            for name in [sign.name_fr, sign.name_en] {
                assert_eq!(name.trim(), name, "{sign:?}");
                assert!(name.starts_with(|c: char| !c.is_lowercase()) || name.is_empty(), "{sign:?}");
            }
            assert!(are_tags(sign.consequences), "{sign:?}");
            assert!(!sign.consequences.contains("{value}") || sign.value.is_some(), "{sign:?}");
        }
    }

    #[test]
    fn a_drawing_is_of_the_kind_of_its_sign() {
        for drawing in SIGNS.iter().filter(|sign| sign.official != sign.code) {
            if let Some(official) = sign(drawing.official) {
                assert_eq!((official.family, official.official), (drawing.family, official.code), "{drawing:?}");
            }
        }
    }

    #[test]
    fn a_sign_says_what_it_means() {
        let limit = sign("B14").unwrap();
        assert_eq!(limit.name(Language::En), "Speed limit");
        assert_eq!(limit.name(Language::Fr), "Limitation de vitesse");
        assert_eq!(limit.tag(Some("50")), "traffic_sign=FR:B14[50]");
        assert_eq!(limit.consequences(Some("50")), ["maxspeed=50"]);
        assert_eq!(limit.consequences(None), ["maxspeed={value}"]);
        assert_eq!(limit.sizes_mm(), Some([450, 650, 850, 1050, 1250]));
        assert_eq!(sign("AB4").unwrap().sizes_mm(), Some([400, 600, 800, 1000, 1200]));
        assert_eq!(sign("AB4").unwrap().consequences(None), ["highway=stop"]);
        assert_eq!(sign("C28FR_2").unwrap().tag(None), "traffic_sign=FR:C28");
        assert_eq!(sign("EB10").unwrap().sizes_mm(), None);
        assert_eq!(sign("M4z").unwrap().name(Language::Fr), "Panonceau");
    }

    #[test]
    fn codes_are_looked_up_by_how_they_begin() {
        let codes = |text: &str| look_up(text).map(|found| found.iter().map(|sign| sign.code).collect::<Vec<_>>());
        assert_eq!(codes("B14").unwrap(), ["B14"]);
        assert_eq!(codes("a1").unwrap(), ["A1a", "A1b", "A1c", "A1d"]);
        assert!(codes("B21").unwrap().contains(&"B21-1"));
        assert!(codes("A").unwrap().iter().all(|code| !code.starts_with("AB") && !code.starts_with("AK")));
        let error = look_up("B41a").unwrap_err();
        assert!(error.near.contains(&"B41") && error.to_string().contains("B41a"), "{error}");
        for none in ["", "é", "XY", "B14[50]", "A00", "Azz"] {
            assert_eq!(look_up(none).unwrap_err().near.len(), 5, "{none}");
        }
    }
}
