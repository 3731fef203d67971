//! What a class means: the French road signs by their codes, and photovoltaics; their names, and their tags for
//! OpenStreetMap.
//!
//! `signs.tsv` and `solar.tsv` beside this file are the tables. The signs are those of the interministerial
//! instruction on road signs; where a row has no name, the code exists but only its family is known here.

mod class;
mod sign;
mod solar;

pub(crate) use class::parts_of_tag;
pub use class::{Named, class_name, detected_family, is_reject, name_of, named};
pub use sign::{Family, SIGNS, Shape, Sign, UnknownSign, Value, look_up, sign};
pub use solar::{SOLAR, Solar, solar};

/// The language of names for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Language {
    /// That of two texts which is in this language.
    fn of(self, french: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::En => english,
            Self::Fr => french,
        }
    }
}

/// The rows of a table: what stands between the tabs of each line after the first, `N` columns.
fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    table.lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        columns.try_into().unwrap_or_else(|_| panic!("a table inside the program is wrong: {line}"))
    })
}

/// Whether a text is empty or tags of OpenStreetMap joined by `;`.
#[cfg(test)]
fn are_tags(text: &str) -> bool {
    let is_key = |c: char| c.is_ascii_lowercase() || c == '_' || c == ':';
    text.is_empty()
        || text.split(';').all(|tag| {
            let pair = tag.split_once('=');
            pair.is_some_and(|(key, value)| !key.is_empty() && key.chars().all(is_key) && !value.trim().is_empty())
        })
}
