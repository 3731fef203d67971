//! Under which licence data made from pictures can be published.

use std::collections::BTreeMap;

use thiserror::Error;

/// A licence that is known well enough to be reasoned about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct License {
    /// SPDX identifier.
    pub id: &'static str,
    /// Its name in French.
    pub title: &'static str,
    /// Where its text is.
    pub url: &'static str,
    /// What data.gouv.fr calls it.
    pub datagouv: &'static str,
    demand: Demand,
}

/// What a licence asks of those who make something of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    Nothing,
    Attribution,
    /// Attribution and the same licence for adaptations (Creative Commons).
    ShareAlike,
    /// Attribution and the same licence for derivative databases (Open Data Commons).
    ShareDatabase,
}

const fn license(
    id: &'static str,
    title: &'static str,
    url: &'static str,
    datagouv: &'static str,
    demand: Demand,
) -> License {
    License { id, title, url, datagouv, demand }
}

/// The licences that are known.
pub const LICENSES: [License; 8] = [
    license(
        "etalab-2.0",
        "Licence Ouverte 2.0",
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
        "lov2",
        Demand::Attribution,
    ),
    license(
        "ODbL-1.0",
        "Open Database License 1.0 (ODbL)",
        "https://opendatacommons.org/licenses/odbl/1-0/",
        "odc-odbl",
        Demand::ShareDatabase,
    ),
    license(
        "CC-BY-SA-4.0",
        "Creative Commons Attribution – Partage dans les mêmes conditions 4.0",
        "https://creativecommons.org/licenses/by-sa/4.0/deed.fr",
        "cc-by-sa",
        Demand::ShareAlike,
    ),
    license(
        "CC-BY-4.0",
        "Creative Commons Attribution 4.0",
        "https://creativecommons.org/licenses/by/4.0/deed.fr",
        "cc-by",
        Demand::Attribution,
    ),
    license(
        "CC0-1.0",
        "Creative Commons CC0 1.0 (domaine public)",
        "https://creativecommons.org/publicdomain/zero/1.0/deed.fr",
        "cc-zero",
        Demand::Nothing,
    ),
    license(
        "ODC-By-1.0",
        "Open Data Commons Attribution License 1.0",
        "https://opendatacommons.org/licenses/by/1-0/",
        "odc-by",
        Demand::Attribution,
    ),
    license(
        "PDDL-1.0",
        "Open Data Commons Public Domain Dedication 1.0",
        "https://opendatacommons.org/licenses/pddl/1-0/",
        "odc-pddl",
        Demand::Nothing,
    ),
    license(
        "OGL-UK-3.0",
        "Open Government Licence 3.0",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        "other-at",
        Demand::Attribution,
    ),
];

/// A licence for data, and what has to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The licence.
    pub license: License,
    /// Why it is this one, in French, for those who read the data's description.
    pub reason_fr: String,
    /// Whether it asks less than a licence of the pictures, which only those who publish can answer for.
    pub asks_less: bool,
}

/// Why no licence can be chosen.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LicenseError {
    /// Nothing is known of the licence of some pictures.
    #[error(
        "{pictures} of the pictures name no licence: ask who took them, and name the licence of the data with --license"
    )]
    Unnamed {
        /// How many.
        pictures: usize,
    },
    /// The terms of a licence are not known here.
    #[error(
        "pictures are under {license}, whose terms arpent does not know: name the licence of the data with --license"
    )]
    Unknown {
        /// The licence.
        license: String,
    },
    /// Two licences each ask for themselves.
    #[error(
        "pictures are under CC-BY-SA-4.0 and under ODbL-1.0, which each ask that what is made of them has their own \
         licence: survey them apart, or name the licence of the data with --license"
    )]
    Mixed,
    /// A person named a licence that is not known.
    #[error("the licence {0} is not known here; known are: {known}", known = known())]
    NotALicense(String),
}

fn known() -> String {
    LICENSES.map(|license| license.id).join(", ")
}

/// The licence of an identifier.
pub fn by_id(id: &str) -> Option<License> {
    LICENSES.into_iter().find(|license| license.id.eq_ignore_ascii_case(id.trim()))
}

/// The licence under which data made from so many pictures of each licence can be published.
///
/// Places read off pictures are taken for an adaptation of them, on the safe side. So a licence that asks for itself is
/// kept; where attribution is all that is asked for, or nothing, it is the Licence Ouverte, one of the two for data that
/// French administrations may use (article D323-2-1 of the code on relations between the public and the
/// administration), which asks for attribution as well. `unnamed` pictures name no licence; `asked` is what a person
/// decided.
///
/// # Errors
///
/// [`LicenseError`] where the pictures do not tell, or contradict each other, and nothing was asked for.
pub fn choose(
    pictures: &BTreeMap<String, usize>,
    unnamed: usize,
    asked: Option<&str>,
) -> Result<Choice, LicenseError> {
    let of_pictures: Vec<Option<License>> = pictures.keys().map(|id| by_id(id)).collect();
    let demands = |demand| of_pictures.iter().flatten().any(|license| license.demand == demand);
    let (share_alike, share_database) = (demands(Demand::ShareAlike), demands(Demand::ShareDatabase));
    if let Some(asked) = asked {
        let license = by_id(asked).ok_or_else(|| LicenseError::NotALicense(asked.to_owned()))?;
        let is_all_known = unnamed == 0 && of_pictures.iter().all(Option::is_some);
        let asks_less = !is_all_known
            || (share_alike && license.demand != Demand::ShareAlike)
            || (share_database && license.demand != Demand::ShareDatabase)
            || (demands(Demand::Attribution) && license.demand == Demand::Nothing);
        let reason_fr = if asks_less {
            "Cette licence a été choisie par l'éditeur du jeu de données, qui s'est assuré que les conditions d'usage \
             des photographies le permettent."
        } else {
            "Cette licence a été choisie par l'éditeur du jeu de données ; elle respecte celles des photographies."
        };
        return Ok(Choice { license, reason_fr: reason_fr.to_owned(), asks_less });
    }
    if let Some(license) = pictures.keys().zip(&of_pictures).find(|(_, known)| known.is_none()).map(|(id, _)| id) {
        return Err(LicenseError::Unknown { license: license.clone() });
    }
    if unnamed > 0 || pictures.is_empty() {
        return Err(LicenseError::Unnamed { pictures: unnamed });
    }
    let (id, reason_fr) = match (share_alike, share_database) {
        (true, true) => return Err(LicenseError::Mixed),
        (true, false) => (
            "CC-BY-SA-4.0",
            "Des photographies sont sous CC-BY-SA-4.0, qui demande que ce qui en est dérivé garde cette licence : par \
             prudence, les données la gardent. Si le serveur des photographies permet d'autres licences ouvertes pour \
             les données qui en sont tirées, l'éditeur peut en choisir une autre.",
        ),
        (false, true) => (
            "ODbL-1.0",
            "Des photographies sont sous ODbL-1.0, qui demande qu'une base de données dérivée garde cette licence.",
        ),
        (false, false) => (
            "etalab-2.0",
            "Les licences des photographies demandent au plus d'en citer les auteurs : la Licence Ouverte, qui le \
             demande aussi, leur est compatible.",
        ),
    };
    let license = by_id(id).ok_or_else(|| LicenseError::NotALicense(id.to_owned()))?;
    Ok(Choice { license, reason_fr: reason_fr.to_owned(), asks_less: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(pictures: &[&str], unnamed: usize, asked: Option<&str>) -> Result<(&'static str, bool), LicenseError> {
        let pictures = pictures.iter().map(|id| ((*id).to_owned(), 3)).collect();
        choose(&pictures, unnamed, asked).map(|choice| (choice.license.id, choice.asks_less))
    }

    #[test]
    fn what_pictures_ask_for_is_kept() {
        for (pictures, expected) in [
            (&["etalab-2.0"][..], "etalab-2.0"),
            (&["CC0-1.0"], "etalab-2.0"),
            (&["CC-BY-4.0", "CC0-1.0", "OGL-UK-3.0"], "etalab-2.0"),
            (&["CC-BY-SA-4.0", "etalab-2.0"], "CC-BY-SA-4.0"),
            (&["ODbL-1.0", "CC-BY-4.0"], "ODbL-1.0"),
        ] {
            assert_eq!(chosen(pictures, 0, None), Ok((expected, false)), "{pictures:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_asked_for() {
        assert_eq!(chosen(&["etalab-2.0"], 2, None), Err(LicenseError::Unnamed { pictures: 2 }));
        assert_eq!(chosen(&["proprietary"], 0, None), Err(LicenseError::Unknown { license: "proprietary".into() }));
        assert_eq!(chosen(&["ODbL-1.0", "CC-BY-SA-4.0"], 0, None), Err(LicenseError::Mixed));
        let wrong = chosen(&["etalab-2.0"], 0, Some("GPL")).unwrap_err().to_string();
        assert!(wrong.contains("GPL is not known here; known are: etalab-2.0, ODbL-1.0"), "{wrong}");
    }

    #[test]
    fn a_person_decides_and_is_told() {
        assert_eq!(chosen(&["etalab-2.0"], 0, Some("odbl-1.0")), Ok(("ODbL-1.0", false)));
        assert_eq!(chosen(&["CC-BY-SA-4.0"], 0, Some("etalab-2.0")), Ok(("etalab-2.0", true)));
        assert_eq!(chosen(&["etalab-2.0"], 0, Some("CC0-1.0")), Ok(("CC0-1.0", true)));
        assert_eq!(chosen(&[], 9, Some("etalab-2.0")), Ok(("etalab-2.0", true)));
    }
}
