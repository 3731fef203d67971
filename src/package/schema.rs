//! The Table Schema of an inventory, with what each column means in French.

use serde_json::{Map, Value, json};

/// Name, title, description, type and constraints of a column.
type Field = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// In the order of the CSV file.
#[rustfmt::skip]
const FIELDS: [Field; 31] = [
    ("lon", "Longitude", "Longitude de l'objet en degrés décimaux, WGS 84.", "number", r#"{"required":true,"minimum":-180,"maximum":180}"#),
    ("lat", "Latitude", "Latitude de l'objet en degrés décimaux, WGS 84.", "number", r#"{"required":true,"minimum":-90,"maximum":90}"#),
    ("id", "Identifiant", "Identifiant de l'objet, le même d'un relevé à l'autre tant que sa plus ancienne photographie reste.", "string", r#"{"required":true,"unique":true}"#),
    ("find", "Objet recherché", "Ce qui était recherché : signs pour les panneaux de signalisation, solar pour les modules photovoltaïques.", "string", r#"{"required":true}"#),
    ("class", "Classe", "Code du panneau (B14, AB3a) quand il a pu être lu, sinon sa famille (danger, prohibition…).", "string", r#"{"required":true}"#),
    ("value", "Inscription", "Ce qui est écrit sur le panneau : 50 pour une limitation à 50 km/h.", "string", "{}"),
    ("label", "Libellé", "Nom de la classe en toutes lettres.", "string", "{}"),
    ("class_confidence", "Confiance dans la classe", "Probabilité que la classe soit la bonne, de 0 à 1.", "number", r#"{"minimum":0,"maximum":1}"#),
    ("probability", "Probabilité d'existence", "Probabilité que l'objet existe, de 0 à 1.", "number", r#"{"minimum":0,"maximum":1}"#),
    ("method", "Méthode", "Comment l'objet a été placé : triangulated, par plusieurs photographies ; range, par une seule et sa taille apparente ; bearing, par une direction seule, la distance étant supposée.", "string", r#"{"enum":["triangulated","range","bearing"]}"#),
    ("accuracy_m", "Précision", "Demi-grand axe de l'ellipse de confiance à 95 %, en mètres.", "number", r#"{"minimum":0}"#),
    ("ellipse_major_m", "Demi-grand axe", "Demi-grand axe de l'ellipse qui contient la vraie position avec une probabilité de 95 %, en mètres.", "number", r#"{"minimum":0}"#),
    ("ellipse_minor_m", "Demi-petit axe", "Demi-petit axe de cette ellipse, en mètres.", "number", r#"{"minimum":0}"#),
    ("ellipse_azimuth_deg", "Azimut de l'ellipse", "Azimut du grand axe de cette ellipse, en degrés depuis le nord, dans le sens des aiguilles d'une montre.", "number", r#"{"minimum":0,"maximum":180}"#),
    ("direction_deg", "Orientation", "Azimut vers lequel la face de l'objet regarde, en degrés.", "number", r#"{"minimum":0,"maximum":360}"#),
    ("direction_sd_deg", "Écart-type de l'orientation", "Écart-type de l'orientation, en degrés.", "number", r#"{"minimum":0}"#),
    ("support", "Support", "Identifiant commun aux panneaux d'un même mât.", "string", "{}"),
    ("installation", "Installation", "Identifiant commun aux modules photovoltaïques d'une même installation.", "string", "{}"),
    ("surface_m2", "Surface", "Surface du module, en mètres carrés.", "number", r#"{"minimum":0}"#),
    ("surface_sd_m2", "Écart-type de la surface", "Écart-type de la surface, en mètres carrés.", "number", r#"{"minimum":0}"#),
    ("sightings", "Observations", "Nombre de détections sur lesquelles l'objet repose.", "integer", r#"{"minimum":0}"#),
    ("sequences", "Passages", "Nombre de séquences de photographies dont elles viennent.", "integer", r#"{"minimum":0}"#),
    ("first_seen", "Vu la première fois", "Date et heure de la première photographie qui le montre, en temps universel.", "datetime", "{}"),
    ("last_seen", "Vu la dernière fois", "Date et heure de la dernière photographie qui le montre, en temps universel.", "datetime", "{}"),
    ("panoramax", "Photographies", "Identifiants des photographies qui le montrent, la meilleure d'abord, séparés par des points-virgules.", "string", "{}"),
    ("picture_url", "Adresse de la photographie", "Page ou fichier qui montre la meilleure photographie.", "string", "{}"),
    ("picture_box", "Cadre dans la photographie", "Où l'objet se trouve dans cette photographie : x0,y0,x1,y1 en pixels du fichier.", "string", "{}"),
    ("license", "Licences des photographies", "Licences des photographies utilisées, séparées par des points-virgules.", "string", "{}"),
    ("producer", "Auteurs des photographies", "Auteurs des photographies utilisées, séparés par des points-virgules.", "string", "{}"),
    ("osm_tags", "Attributs OpenStreetMap", "Attributs de l'objet pour OpenStreetMap, séparés par des points-virgules.", "string", "{}"),
    ("reviewed", "Relecture", "Ce qu'un relecteur en a dit : right, l'objet est juste ; class, sa classe a été corrigée ; moved, sa position l'a été. Vide si personne ne l'a relu.", "string", "{}"),
];

/// The Table Schema.
pub(super) fn schema(name: &str, title: &str) -> Value {
    let field = |(name, title, description, kind, constraints): &Field| {
        let mut field = Map::new();
        for (key, text) in [("name", name), ("title", title), ("description", description), ("type", kind)] {
            field.insert(key.to_owned(), json!(text));
        }
        let constraints: Value = serde_json::from_str(constraints).unwrap_or_default();
        if constraints.as_object().is_some_and(|constraints| !constraints.is_empty()) {
            field.insert("constraints".to_owned(), constraints);
        }
        Value::Object(field)
    };
    json!({
        "$schema": "https://specs.frictionlessdata.io/schemas/table-schema.json",
        "name": name,
        "title": title,
        "description": "Un objet par ligne, avec son ellipse de confiance et les photographies qui le prouvent.",
        "fields": FIELDS.iter().map(field).collect::<Vec<_>>(),
        "missingValues": [""],
        "primaryKey": ["id"],
    })
}

/// The columns as lines of a table in Markdown.
pub(super) fn in_markdown() -> String {
    FIELDS.iter().map(|(name, title, text, ..)| format!("| `{name}` | {title} | {text} |\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Entry;

    #[test]
    fn every_column_is_described() {
        let names: Vec<&str> = FIELDS.iter().map(|field| field.0).collect();
        let columns: Vec<&str> = ["lon", "lat"].into_iter().chain(Entry::COLUMNS).collect();
        assert_eq!(names, columns);
        for (name, _, _, _, constraints) in FIELDS {
            assert!(serde_json::from_str::<Value>(constraints).is_ok(), "{name}");
        }
    }
}
