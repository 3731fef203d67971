//! What no command writes over: what it reads itself, the files of surveys, pictures, and layers of others.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::support::command::{names_in, run, text};
use super::support::street;

const PICTURES: &str = "tests/tables/pictures.csv";
const SIGHTINGS: &str = "tests/tables/sightings.csv";

/// A folder with files that must stay as they are.
struct Kept {
    folder: tempfile::TempDir,
    before: Vec<(String, Vec<u8>)>,
}

impl Kept {
    /// A survey, the file of another one, an inventory, one to which a town added layers, a picture, tables, and a
    /// town's own list.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let pass = format!("{}/pass-1", street::FOLDER);
        run(["survey", "--pictures", &pass, "--max-pictures", "2", "-o", text(&path("a.gpkg"))]).with_code(0);
        fs::copy(path("a.gpkg"), path("b.gpkg")).unwrap();
        fs::copy(path("a.gpkg"), path("hidden.csv")).unwrap();
        run(["export", text(&path("a.gpkg")), "-o", text(&path("inventory.gpkg"))]).with_code(0);
        fs::copy(path("inventory.gpkg"), path("town.gpkg")).unwrap();
        let town = Connection::open(path("town.gpkg")).unwrap();
        town.execute_batch("CREATE TABLE roads (fid INTEGER PRIMARY KEY, geom); CREATE TABLE layer_styles (a)")
            .unwrap();
        drop(town);
        fs::copy(format!("{pass}/0001.jpg"), path("picture.jpg")).unwrap();
        fs::copy(PICTURES, path("pictures.csv")).unwrap();
        fs::copy(SIGHTINGS, path("sightings.csv")).unwrap();
        fs::write(path("town.csv"), "id;lon;lat;class\n1;7.71;48.6;AB4\n").unwrap();
        let before = Self::files(folder.path());
        Self { folder, before }
    }

    fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
        names_in(folder).into_iter().map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs words of which those with a dot are files of the folder.
    fn refuses(&self, command: &str, said: &[&str]) {
        let word = |word: &str| match word.contains('.') {
            true => text(&self.path(word)).to_owned(),
            false => word.to_owned(),
        };
        run(command.split(' ').map(word)).fails(2, said);
        assert!(Self::files(self.folder.path()) == self.before, "something has changed: {command}");
    }
}

#[test]
fn inputs_and_surveys_are_never_written_over() {
    let kept = Kept::new();
    let own = "is what the command works on: name another file with -o";
    let survey = "holds a survey, with all that was seen and reviewed: name another file with -o";
    for (command, said) in [
        ("export a.gpkg -o a.gpkg", ["a.gpkg", own]),
        ("export a.gpkg -o b.gpkg", ["b.gpkg", survey]),
        ("export a.gpkg -o hidden.csv", ["hidden.csv", survey]),
        ("export a.gpkg -o b.gpkg --format coco", ["b.gpkg", survey]),
        ("report a.gpkg -o a.gpkg", ["a.gpkg", own]),
        ("report a.gpkg -o b.gpkg", ["b.gpkg", survey]),
        ("locate pictures.csv sightings.csv -o b.gpkg", ["b.gpkg", survey]),
        ("locate pictures.csv sightings.csv -o pictures.csv", ["pictures.csv", own]),
        ("locate pictures.csv sightings.csv -o sightings.csv", ["sightings.csv", own]),
        ("locate pictures.csv sightings.csv --previous a.gpkg -o a.gpkg", ["a.gpkg", survey]),
        ("compare town.csv a.gpkg -o town.csv", ["town.csv", own]),
        ("compare a.gpkg town.csv -o town.csv", ["town.csv", own]),
        ("compare town.csv a.gpkg -o hidden.csv", ["hidden.csv", survey]),
        ("survey --area town.csv -o town.csv", ["town.csv", own]),
    ] {
        kept.refuses(command, &said);
    }
}

#[test]
fn layers_of_others_are_never_written_over() {
    let kept = Kept::new();
    let said =
        ["town.gpkg holds other layers (layer_styles and 1 more), which would be lost: name another file with -o"];
    for command in [
        "export a.gpkg -o town.gpkg",
        "export a.gpkg -o town.gpkg --format csv",
        "locate pictures.csv sightings.csv -o town.gpkg",
    ] {
        kept.refuses(command, &said);
    }
}

#[test]
fn pictures_are_never_written_over() {
    let kept = Kept::new();
    let said = ["picture.jpg is a picture: name another file with -o"];
    for command in
        ["export a.gpkg -o picture.jpg --format csv", "survey --pictures examples -o picture.jpg --format csv"]
    {
        kept.refuses(command, &said);
    }
}

#[test]
fn a_log_is_no_file_of_the_command_either() {
    let kept = Kept::new();
    let own = "is what the command works on: name another file with --log";
    for (command, said) in [
        ("export a.gpkg -o o.csv --log a.gpkg", ["a.gpkg", own]),
        ("survey --pictures examples -o a.gpkg --log a.gpkg", ["a.gpkg", own]),
        ("status a.gpkg --log b.gpkg", ["b.gpkg", "holds a survey"]),
        ("compare town.csv a.gpkg --log town.csv", ["town.csv", own]),
        ("export a.gpkg -o o.csv --log o.csv", ["o.csv", "is to hold the result: name another file with --log"]),
        (
            "export a.gpkg -o o.csv --log inventory.gpkg",
            ["inventory.gpkg", "is no text: name another file with --log"],
        ),
    ] {
        kept.refuses(command, &said);
    }
}

#[test]
fn what_may_be_written_over_is() {
    let kept = Kept::new();
    let path = |name: &str| kept.path(name);
    let before = fs::read(path("inventory.gpkg")).unwrap();
    run(["export", text(&path("a.gpkg")), "-o", text(&path("inventory.gpkg"))]).with_code(0);
    assert!(fs::read(path("inventory.gpkg")).unwrap() == before);
    let out = path("out.csv");
    let locate = ["locate", PICTURES, SIGHTINGS, "-o", text(&out)];
    run(locate).with_code(0);
    let again = ["--previous", text(&out), "--log", text(&path("arpent.log"))].map(str::to_owned);
    let arguments: Vec<String> = locate.map(str::to_owned).into_iter().chain(again).collect();
    run(&arguments).with_code(0);
    run(&arguments).with_code(0);
    assert_eq!(fs::read_to_string(path("arpent.log")).unwrap().matches(" begins: locate ").count(), 2);
}

#[test]
fn options_that_do_not_go_together_are_wrong_usage() {
    let kept = Kept::new();
    for (command, said) in [
        ("report a.gpkg -o r.pdf", "r.pdf does not end in .html"),
        ("export a.gpkg -o o.shp", "o.shp does not end in .geojson"),
        ("export a.gpkg -o o.geojson --crs EPSG:2154", "GeoJSON is always in WGS 84"),
        ("export a.gpkg -o o.maproulette.geojson --crs EPSG:2154", "MapRoulette is always in WGS 84"),
        ("export a.gpkg -o o.geojson --bom", "only CSV can begin with a byte order mark"),
        ("export a.gpkg -o o.csv --crs EPSG:99999", "EPSG:99999 is not among the systems that are known"),
        ("export a.gpkg -o o.csv --all-pictures", "leave out --all-pictures"),
        ("survey --pictures examples -o o.xlsx", "o.xlsx does not end in .geojson"),
        ("survey --pictures examples -o o.geojson --format coco", "pictures with boxes are made of"),
        ("survey --pictures examples -o o.gpkg --format csv", "leave out --format"),
        ("survey --pictures examples -o o.gpkg --detections annotations", "carry no annotations"),
        ("compare town.csv a.gpkg -o o.gpkg", "o.gpkg does not end in .geojson or .csv"),
        ("locate pictures.csv sightings.csv -o o.pdf", "o.pdf does not end in .geojson"),
    ] {
        kept.refuses(command, &[said]);
    }
}
