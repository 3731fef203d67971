//! What is made of the file of a survey afterwards.

use std::fs;

use arpent::survey::{PictureState, SurveyReader};

use super::support::command::{names_in, run, text};
use super::support::{inventory::Inventory, street};

#[test]
fn an_export_is_what_the_survey_would_have_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pass = format!("{}/pass-1", street::FOLDER);
    run(["survey", "--pictures", &pass, "-o", text(&path("signs.geojson"))]).with_code(0);
    let survey = path("signs.gpkg");
    let ended = run(["export", text(&survey), "-o", text(&path("again.geojson"))]).with_code(0);
    assert_eq!(fs::read(path("again.geojson")).unwrap(), fs::read(path("signs.geojson")).unwrap());
    let written = Inventory::read(&path("signs.geojson"));
    assert!(ended.err.contains(&format!("{} landmarks written to ", written.features().len())), "{}", ended.err);
    run(["survey", "--pictures", &pass, "-o", text(&path("signs.csv"))]).with_code(0);
    run(["export", text(&survey), "-o", text(&path("again.csv"))]).with_code(0);
    assert_eq!(fs::read(path("again.csv")).unwrap(), fs::read(path("signs.csv")).unwrap());

    let reader = SurveyReader::open(&survey).unwrap();
    let (pictures, sightings) = (reader.pictures().unwrap(), reader.sightings().unwrap());
    assert_eq!(pictures.len() as u64, written.pictures("found"));
    let done = pictures.iter().filter(|picture| picture.state == PictureState::Done).count();
    assert_eq!(done as u64, written.pictures("done"));
    assert!(pictures.iter().all(|picture| picture.picture.is_some() && picture.turn.is_some()));
    for feature in written.features() {
        let id = feature["properties"]["id"].as_str();
        let tied = sightings.iter().filter(|sighting| sighting.landmark.as_deref() == id).count();
        assert_eq!(tied as u64, feature["properties"]["sightings"].as_u64().unwrap());
    }
}

#[test]
fn what_has_no_landmarks_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let out = path("out.geojson");
    let missing = path("missing.gpkg");
    run(["export", text(&missing), "-o", text(&out)]).fails(1, &["missing.gpkg: no such file"]);
    fs::write(path("text.gpkg"), "a text").unwrap();
    run(["export", text(&path("text.gpkg")), "-o", text(&out)]).fails(1, &["is no survey file of arpent"]);
    assert_eq!(names_in(folder.path()), ["text.gpkg"]);
}
