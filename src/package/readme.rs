//! The description of a package in French, as a town hall can put it online.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Package, schema};

/// So many classes and authors are named; the rest are counted.
const MOST_NAMED: usize = 60;
/// So many authors of pictures are named where the data are cited.
const MOST_CITED: usize = 5;

/// The text of `LISEZMOI.md`.
pub(super) fn readme(package: &Package) -> String {
    let mut text = format!("# {}\n\n{}\n", package.title, package.description());
    if let Some(publisher) = &package.publisher {
        text += &format!("\nÉditeur : {}\n", cell(publisher));
    }
    // Writing into a string cannot fail.
    let _ = write_parts(package, &mut text);
    text
}

fn write_parts(package: &Package, text: &mut String) -> std::fmt::Result {
    let lineage = &package.inventory.lineage;
    let (pictures, license) = (&lineage.pictures, &package.choice.license);
    writeln!(text, "\n## Contenu\n\n| fichier | contenu |\n|---|---|")?;
    for (file, what) in package.files() {
        writeln!(text, "| `{file}` | {what} |")?;
    }
    writeln!(
        text,
        "\nLes fichiers CSV et GeoJSON contiennent les mêmes objets, un par ligne ou par point (WGS 84)."
    )?;

    let mut classes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for entry in &package.inventory.entries {
        *classes.entry((&entry.class, &entry.label)).or_default() += 1;
    }
    writeln!(text, "\n| classe | libellé | nombre |\n|---|---|---:|")?;
    for ((class, label), number) in classes.iter().take(MOST_NAMED) {
        writeln!(text, "| {} | {} | {number} |", cell(class), cell(label))?;
    }
    if classes.len() > MOST_NAMED {
        let rest: usize = classes.values().skip(MOST_NAMED).sum();
        let others = number_of(classes.len() - MOST_NAMED, "autre classe", "autres classes");
        writeln!(text, "| … | {others} | {rest} |")?;
    }

    writeln!(text, "\n## Comment ces données ont été produites\n")?;
    writeln!(
        text,
        "Un détecteur a cherché ces objets dans des photographies prises depuis la rue ; chaque objet a été placé à partir \
         de toutes les photographies qui le montrent, sans visite sur le terrain."
    )?;
    writeln!(
        text,
        "\n- Photographies : {} (avec détection : {}, sans : {}, qui n'ont pas pu être examinées : {})",
        pictures.found, pictures.done, pictures.empty, pictures.failed
    )?;
    writeln!(text, "- Logiciel : {}", lineage.tool)?;
    if let Some(finished) = lineage.finished_at {
        writeln!(text, "- Relevé achevé le {}", finished.strftime("%d/%m/%Y"))?;
    }
    if let Some((first, last)) = package.period() {
        let period = if day(first) == day(last) {
            format!("du {}", day(first))
        } else {
            format!("du {} au {}", day(first), day(last))
        };
        writeln!(text, "- Photographies qui montrent les objets : {period}")?;
    }
    writeln!(text, "- Source des photographies : {}", cell(&lineage.source))?;
    for model in &lineage.models {
        writeln!(text, "- Modèle : {} {}, SHA-256 `{}`", cell(&model.name), cell(&model.version), model.sha256)?;
    }

    let reviewed: usize = lineage.reviews.values().sum();
    if reviewed > 0 {
        let were = number_of(reviewed, "objet a été relu", "objets ont été relus");
        writeln!(text, "- Relecture : {were} par une personne (colonne `reviewed`)")?;
    }

    writeln!(text, "\n## Limites\n")?;
    let has_pages = package.inventory.entries.iter().any(|entry| entry.picture_url.is_some());
    let page = if has_pages { ", et `picture_url` permet de vérifier" } else { "" };
    writeln!(
        text,
        "- Des objets manquent : ceux qu'aucune photographie ne montre bien. Une absence ici ne prouve pas une absence \
         dans la rue.\n- Quelques objets n'existent pas : la colonne `probability` dit à quel point chacun est \
         sûr{page}.\n- La position est celle que les photographies permettent : l'ellipse de \
         confiance à 95 % dit à combien près.\n- Ce relevé ne vaut pas inventaire réglementaire de la signalisation."
    )?;
    if !lineage.complete {
        writeln!(text, "- **Le relevé est incomplet** : il a été interrompu avant la fin.")?;
    }

    if pictures.beyond_max_pictures > 0 {
        writeln!(
            text,
            "- **Toutes les photographies du lieu n'ont pas été regardées** : leur nombre a été limité (`--max-pictures`), \
             et il en reste {}.",
            pictures.beyond_max_pictures
        )?;
    }

    writeln!(text, "\n## Licence\n\nCes données sont publiées sous [{}]({}).", license.title, license.url)?;
    writeln!(text, "{}", package.choice.reason_fr)?;
    if !lineage.licenses.is_empty() {
        writeln!(text, "\n| licence des photographies | nombre |\n|---|---:|")?;
        for (name, number) in &lineage.licenses {
            writeln!(text, "| {} | {number} |", cell(name))?;
        }
    }
    writeln!(text, "\nPour citer ces données :\n\n> {}", citation(package))?;
    writeln!(text, "\n## Auteurs des photographies\n")?;
    match package.producers().is_empty() {
        true => writeln!(text, "Les photographies ne nomment pas leurs auteurs.")?,
        false => writeln!(text, "À citer avec les données :\n\n| auteur | photographies |\n|---|---:|")?,
    }
    for (name, number) in package.producers().iter().take(MOST_NAMED) {
        writeln!(text, "| {} | {number} |", cell(name))?;
    }
    if package.producers().len() > MOST_NAMED {
        writeln!(text, "\nLes autres auteurs sont nommés dans `datapackage.json` et dans la colonne `producer`.")?;
    }
    writeln!(text, "\n## Colonnes\n\n| colonne | titre | description |\n|---|---|---|\n{}", schema::in_markdown())
}

/// What names the data where somebody uses them: who publishes them, their title, their date, their licence, and the
/// authors of the pictures.
fn citation(package: &Package) -> String {
    let lineage = &package.inventory.lineage;
    let known = [
        package.publisher.as_deref().map(cell),
        Some(format!("« {} »", cell(&package.title))),
        lineage.finished_at.map(|finished| format!("relevé du {}", day(finished))),
        Some(format!("[{}]({})", package.choice.license.title, package.choice.license.url)),
    ];
    let known: Vec<String> = known.into_iter().flatten().collect();
    let producers = package.producers();
    let cited: Vec<String> = producers.iter().take(MOST_CITED).map(|(name, _)| cell(name)).collect();
    let authors = match (cited.is_empty(), producers.len() > MOST_CITED) {
        (true, _) => String::new(),
        (false, false) => format!(", d'après des photographies de : {}", cited.join(", ")),
        (false, true) => format!(", d'après des photographies de : {} et d'autres", cited.join(", ")),
    };
    format!("{}{authors}", known.join(", "))
}

/// A number with its noun, which is singular after 0 and 1 in French.
fn number_of(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number < 2 { one } else { many })
}

fn day(time: jiff::Timestamp) -> String {
    time.strftime("%d/%m/%Y").to_string()
}

/// A text that stays within its cell, and is no markup.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => safe.push(' '),
            '|' | '<' | '[' | ']' | '`' | '*' | '_' | '\\' => safe.extend(['\\', letter]),
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Inventory, Lineage};
    use crate::package::Wishes;

    /// The description of a survey without landmarks, after `change`.
    fn text_of(change: impl FnOnce(&mut Lineage), publisher: Option<&str>) -> String {
        let mut lineage = Lineage { find: "signs".to_owned(), ..Lineage::of_this_tool() };
        lineage.finished_at = "2026-11-24T10:00:00Z".parse().ok();
        change(&mut lineage);
        let wishes = Wishes {
            place: Some("Vendenheim".to_owned()),
            publisher: publisher.map(str::to_owned),
            license: Some("etalab-2.0".to_owned()),
            ..Wishes::default()
        };
        readme(&Package::new(Inventory { entries: Vec::new(), lineage }, wishes).unwrap())
    }

    fn says(text: &str, parts: &[&str]) {
        for part in parts {
            assert!(text.contains(part), "'{part}' is missing in:\n{text}");
        }
    }

    #[test]
    fn names_are_no_markup() {
        assert_eq!(cell("a|b\n<img>"), "a\\|b \\<img>");
    }

    #[test]
    fn the_data_can_be_cited() {
        let producers = |lineage: &mut Lineage| {
            lineage.producers = [("Ada".to_owned(), 2), ("Bob".to_owned(), 9)].into();
        };
        let text = text_of(producers, Some("Ville de Vendenheim"));
        says(
            &text,
            &[
                "\nÉditeur : Ville de Vendenheim\n",
                "> Ville de Vendenheim, « Panneaux de signalisation relevés dans des photographies de rue – Vendenheim », \
                 relevé du 24/11/2026, [Licence Ouverte 2.0](https://www.etalab.gouv.fr/licence-ouverte-open-licence), \
                 d'après des photographies de : Bob, Ada\n",
            ],
        );
        let many = |lineage: &mut Lineage| lineage.producers = (0..6).map(|n| (format!("P{n}"), 1)).collect();
        let text = text_of(many, None);
        says(&text, &["\n> « Panneaux", "P3, P4 et d'autres\n", "| P5 | 1 |"]);
        let text = text_of(|_| {}, None);
        says(&text, &["Les photographies ne nomment pas leurs auteurs."]);
        assert!(!text.contains("Éditeur") && !text.contains("d'après des photographies"), "{text}");
    }

    #[test]
    fn what_is_missing_is_said() {
        let text = text_of(|lineage| lineage.pictures.beyond_max_pictures = 21, None);
        says(
            &text,
            &[
                "Aucun panneau de signalisation (Vendenheim) n'a été reconnu",
                "(`--max-pictures`), et il en reste 21.",
            ],
        );
        assert!(!text.contains("et `picture_url` permet") && !text.contains("incomplet"), "{text}");
        let one = |lineage: &mut Lineage| lineage.reviews = [("wrong".to_owned(), 1)].into();
        says(&text_of(one, None), &["- Relecture : 1 objet a été relu par une personne"]);
    }
}
