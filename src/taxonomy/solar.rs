//! The table of photovoltaics, and of the solar collectors that look like it.

use std::sync::LazyLock;

use super::{Language, rows};

/// What a solar installation is called and how it is tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Solar {
    /// The class of detectors.
    pub class: &'static str,
    name_fr: &'static str,
    name_en: &'static str,
    /// Tags for OpenStreetMap, joined by `;`.
    pub tags: &'static str,
}

/// All of them.
pub static SOLAR: LazyLock<Vec<Solar>> = LazyLock::new(|| {
    let solar = |[class, name_fr, name_en, tags]: [&'static str; 4]| Solar { class, name_fr, name_en, tags };
    rows(include_str!("solar.tsv")).map(solar).collect()
});

/// The one that detectors call `class`.
pub fn solar(class: &str) -> Option<&'static Solar> {
    SOLAR.iter().find(|solar| solar.class.eq_ignore_ascii_case(class))
}

impl Solar {
    /// Its name for people.
    pub fn name(&self, language: Language) -> &'static str {
        language.of(self.name_fr, self.name_en)
    }
}

#[cfg(test)]
mod tests {
    use super::super::are_tags;
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        assert!(!SOLAR.is_empty());
        for row in SOLAR.iter() {
            assert!(!row.class.is_empty() && !row.name_fr.is_empty() && !row.name_en.is_empty(), "{row:?}");
            assert!(row.tags.starts_with("power=generator;generator:source=solar") && are_tags(row.tags), "{row:?}");
            assert_eq!(SOLAR.iter().filter(|other| other.class == row.class).count(), 1, "{row:?}");
        }
        assert!(solar("solar_panel_roof").unwrap().tags.ends_with("location=roof"));
    }
}
