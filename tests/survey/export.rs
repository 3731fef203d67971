//! What is made of the file of a survey afterwards.

use std::fs;
use std::path::{Path, PathBuf};

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

#[test]
fn what_is_given_for_a_survey_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pass = format!("{}/pass-1", street::FOLDER);
    let survey = path("signs.gpkg");
    run(["survey", "--pictures", &pass, "-o", text(&survey)]).with_code(0);
    let (inventory, out, page) = (path("inventory.gpkg"), path("out.csv"), path("page.html"));
    run(["export", text(&survey), "-o", text(&inventory)]).with_code(0);
    fs::create_dir(path("folder.gpkg")).unwrap();
    let commands: [&[&str]; 3] = [&["status"], &["export", "-o", text(&out)], &["report", "-o", text(&page)]];
    for command in commands {
        let given = |file: &PathBuf| run(command.iter().copied().chain([text(file)]));
        given(&inventory).fails(1, &["inventory.gpkg holds an inventory, not a survey: give the file of the survey"]);
        given(&path("folder.gpkg")).fails(1, &["folder.gpkg cannot be read (it is a folder"]);
    }
    assert!(!out.exists() && !page.exists());

    // Lists are compared, and ids taken over, from an inventory as well.
    let places = Inventory::read(&export(&survey, path("signs.geojson"), &[])).features().len();
    let told = run(["compare", text(&inventory), text(&survey)]).with_code(0).out;
    let matched = told.lines().find_map(|line| line.strip_prefix("matched")).unwrap();
    assert_eq!(matched.split_whitespace().next(), Some(places.to_string().as_str()), "{told}");
    let tables = ["tests/tables/pictures.csv", "tests/tables/sightings.csv"];
    let previous = ["--previous", text(&inventory), "-o", text(&out)];
    run(["locate"].iter().chain(&tables).chain(&previous)).with_code(0);
    for (name, options, said) in [
        ("lambert.gpkg", ["--crs", "EPSG:2154"], "lambert.gpkg is in EPSG:2154, and WGS 84 is wanted"),
        ("signs.fgb", ["--crs", "EPSG:4326"], "signs.fgb is a FlatGeobuf: give it as GeoJSON or CSV"),
    ] {
        let other = export(&survey, path(name), &options);
        run(["compare", text(&other), text(&survey)]).fails(1, &[said]);
    }
}

fn export(survey: &Path, output: PathBuf, options: &[&str]) -> PathBuf {
    run(["export", text(survey), "-o", text(&output)].iter().chain(options)).with_code(0);
    output
}
