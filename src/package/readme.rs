//! The description of a package in French, as a town hall can put it online.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Package, schema};

/// So many classes and authors are named; the rest are counted.
const MOST_NAMED: usize = 60;

/// The text of `LISEZMOI.md`.
pub(super) fn readme(package: &Package) -> String {
    let mut text = format!("# {}\n\n{}\n", package.title, package.description());
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
        writeln!(text, "| … | {} autres classes | {rest} |", classes.len() - MOST_NAMED)?;
    }

    writeln!(text, "\n## Comment ces données ont été produites\n")?;
    writeln!(
        text,
        "Un détecteur a cherché ces objets dans {} photographies prises depuis la rue ; chaque objet a été placé à partir \
         de toutes les photographies qui le montrent, sans visite sur le terrain. {} photographies montraient quelque \
         chose, {} rien, et {} n'ont pas pu être examinées.",
        pictures.found, pictures.done, pictures.empty, pictures.failed
    )?;
    writeln!(text, "\n- Logiciel : {}", lineage.tool)?;
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
        writeln!(text, "- Relecture : {reviewed} objets ont été relus par une personne (colonne `reviewed`)")?;
    }

    writeln!(text, "\n## Limites\n")?;
    writeln!(
        text,
        "- Des objets manquent : ceux qu'aucune photographie ne montre bien. Une absence ici ne prouve pas une absence \
         dans la rue.\n- Quelques objets n'existent pas : la colonne `probability` dit combien chacun est sûr, et \
         `picture_url` permet de vérifier.\n- La position est celle que les photographies permettent : l'ellipse de \
         confiance à 95 % dit à combien près.\n- Ce relevé ne vaut pas inventaire réglementaire de la signalisation."
    )?;
    if !lineage.complete {
        writeln!(text, "- **Le relevé est incomplet** : il a été interrompu avant la fin.")?;
    }

    writeln!(text, "\n## Licence\n\nCes données sont publiées sous [{}]({}).", license.title, license.url)?;
    writeln!(text, "{}", package.choice.reason_fr)?;
    if !lineage.licenses.is_empty() {
        writeln!(text, "\n| licence des photographies | nombre |\n|---|---:|")?;
        for (name, number) in &lineage.licenses {
            writeln!(text, "| {} | {number} |", cell(name))?;
        }
    }
    writeln!(
        text,
        "\n## Auteurs des photographies\n\nÀ citer avec les données :\n\n| auteur | photographies |\n|---|---:|"
    )?;
    for (name, number) in package.producers().iter().take(MOST_NAMED) {
        writeln!(text, "| {} | {number} |", cell(name))?;
    }
    if package.producers().len() > MOST_NAMED {
        writeln!(text, "\nLes autres auteurs sont nommés dans `datapackage.json` et dans la colonne `producer`.")?;
    }
    writeln!(text, "\n## Colonnes\n\n| colonne | titre | description |\n|---|---|---|\n{}", schema::in_markdown())
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
    #[test]
    fn names_are_no_markup() {
        assert_eq!(super::cell("a|b\n<img>"), "a\\|b \\<img>");
    }
}
