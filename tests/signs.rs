//! `arpent signs`: what it knows of French road signs.

mod support;

use std::fs;

use support::command::{run, text};

#[test]
fn a_code_is_described() {
    let said = run(["signs", "B14[50]"]).with_code(0).out;
    let lines = [
        "B14  Speed limit",
        "sign      traffic_sign=FR:B14[50]",
        "means     maxspeed=50",
        "450, 650, 850, 1050, 1250 mm",
    ];
    assert!(lines.iter().all(|line| said.contains(line)), "{said}");
    let said = run(["signs", "--lang", "fr", "ab4"]).with_code(0).out;
    assert!(said.starts_with("AB4  Arrêt à l'intersection") && said.contains("entraîne  highway=stop"), "{said}");
}

#[test]
fn many_codes_are_listed() {
    let said = run(["signs", "A1", "B21"]).with_code(0).out;
    let (bends, directions) = said.split_once("\n\n").unwrap();
    assert_eq!(bends.lines().count(), 4);
    assert!(directions.starts_with("B21-1  Turn right before the sign\n"), "{said}");
    assert!(run(["signs"]).with_code(0).out.lines().count() > 350);
}

#[test]
fn an_unknown_code_is_wrong_usage() {
    run(["signs", "B14", "B62"]).fails(2, &["no French sign has the code B62", "near it: B"]);
}

#[test]
fn landmarks_of_tables_have_the_names_of_their_signs() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("signs.geojson");
    let tables = ["locate", "tests/tables/pictures.csv", "tests/tables/sightings.csv"];
    run(tables.into_iter().chain(["--lang", "fr", "-o", text(&output)])).with_code(0);
    let written = fs::read_to_string(output).unwrap();
    assert!(written.contains(r#""class":"B14","value":null,"label":"Limitation de vitesse""#), "{written}");
    assert!(written.contains(r#""osm_tags":"traffic_sign=FR:AB4;direction="#), "{written}");
}
