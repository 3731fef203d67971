//! How alike two classes are.

use crate::place::Place;
use crate::taxonomy::{Language, Sign, class_name, detected_family, named};

/// How alike the classes of two places are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The same, as far as both are known: a family and a code of that family do not contradict each other.
    Same,
    /// Two of one kind: the same sign with another value, signs of one family, or names that nothing is known of.
    Akin,
    /// Signs of different families.
    Foreign,
}

/// A class as far as it is understood.
#[derive(Debug, Clone)]
pub(super) struct Kind<'a> {
    name: &'a str,
    value: Option<&'a str>,
    sign: Option<&'static Sign>,
}

impl<'a> Kind<'a> {
    pub(super) fn of(place: &'a Place) -> Self {
        let sign = named(&place.class).map(|named| named.sign);
        Self { name: &place.class, value: place.value.as_deref(), sign }
    }

    pub(super) fn likeness(&self, other: &Self) -> Likeness {
        if self.name.is_empty() || other.name.is_empty() {
            return Likeness::Same;
        }
        let contradict = self.value.zip(other.value).is_some_and(|(a, b)| !a.eq_ignore_ascii_case(b));
        match (self.sign, other.sign) {
            (Some(a), Some(b)) if a.official == b.official => {
                if contradict {
                    Likeness::Akin
                } else {
                    Likeness::Same
                }
            }
            (Some(a), Some(b))
                if a.family == b.family || detected_family(a.official) == detected_family(b.official) =>
            {
                Likeness::Akin
            }
            (Some(_), Some(_)) => Likeness::Foreign,
            (Some(sign), None) => of_family(sign, other.name),
            (None, Some(sign)) => of_family(sign, self.name),
            (None, None) if self.name == other.name && !contradict => Likeness::Same,
            (None, None) => Likeness::Akin,
        }
    }
}

/// A sign beside a name that is no code: the name of its family, of another one, or of something else.
fn of_family(sign: &Sign, name: &str) -> Likeness {
    // Lists are typed by people: `STOP`.
    let name = name.to_lowercase();
    match () {
        () if detected_family(sign.official) == name => Likeness::Same,
        () if class_name(&name, Language::En).is_some() => Likeness::Foreign,
        () => Likeness::Akin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(a: (&str, &str), b: (&str, &str)) -> Likeness {
        let place = |(class, value): (&str, &str)| Place {
            class: class.into(),
            value: (!value.is_empty()).then(|| value.into()),
            ..Place::default()
        };
        let (a, b) = (place(a), place(b));
        let there = Kind::of(&a).likeness(&Kind::of(&b));
        assert_eq!(there, Kind::of(&b).likeness(&Kind::of(&a)));
        there
    }

    #[test]
    fn classes_are_as_alike_as_they_say() {
        use Likeness::{Akin, Foreign, Same};
        for (a, b, expected) in [
            (("B14", "50"), ("B14", "50"), Same),
            (("B14", "50"), ("B14", ""), Same),
            (("B14", "50"), ("B14", "30"), Akin),
            (("AB3a", ""), ("AB4", ""), Akin),
            (("B14", "50"), ("AB4", ""), Foreign),
            (("B14", "50"), ("prohibition", ""), Same),
            (("B14", "50"), ("danger", ""), Foreign),
            (("AB4", ""), ("STOP", ""), Same),
            (("B14", "50"), ("panneau 12", ""), Akin),
            (("B14", "50"), ("", ""), Same),
            (("c1", ""), ("c1", ""), Same),
            (("c1", ""), ("c2", ""), Akin),
        ] {
            assert_eq!(likeness(a, b), expected, "{a:?} {b:?}");
        }
    }
}
