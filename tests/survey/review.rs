//! What people say of landmarks, in the file of a survey and in what is made of it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::support::command::{run, text};
use super::support::inventory::Inventory;
use super::support::street;

fn write_marks(path: &Path, marks: &[Value]) {
    fs::write(path, json!({"arpent_marks": 1, "marks": marks}).to_string()).unwrap();
}

fn exported(survey: &Path) -> Inventory {
    let out = survey.with_file_name("exported.geojson");
    run(["export", text(survey), "-o", text(&out)]).with_code(0);
    Inventory::read(&out)
}

fn of_class<'a>(inventory: &'a Inventory, class: &str) -> &'a Value {
    inventory.features().iter().find(|feature| feature["properties"]["class"] == class).unwrap()
}

#[test]
fn marks_bear_on_the_inventory_and_survive_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (survey, marks) = (path("a.gpkg"), path("marks.json"));
    let pass = format!("{}/pass-1", street::FOLDER);
    let look = |folder: &str| run(["survey", "--pictures", folder, "--lang", "fr", "-o", text(&survey)]).with_code(0);
    look(&pass);
    let before = exported(&survey);
    let id = |class: &str| of_class(&before, class)["properties"]["id"].clone();
    let (stop, no_entry, children) = (id("AB4"), id("B1"), id("A13a"));
    write_marks(
        &marks,
        &[
            json!({"landmark": stop, "mark": "wrong", "note": "a poster", "reviewer": "Ada"}),
            json!({"landmark": no_entry, "mark": "class", "class": "B14", "value": "70"}),
            json!({"landmark": no_entry, "mark": "moved", "lon": 7.71, "lat": 48.601}),
            json!({"landmark": children, "mark": "right", "time": "2026-11-24T15:00:00Z"}),
            json!({"landmark": "nobody", "mark": "right"}),
            json!({"landmark": children, "mark": "class", "class": "B999"}),
        ],
    );
    let ended = run(["review", text(&survey), text(&marks)]).with_code(3);
    for said in ["nobody: no such landmark", "the class 'B999' is not known", "4 marks applied, 2 not"] {
        assert!(ended.err.contains(said), "'{said}' is missing in:\n{}", ended.err);
    }

    let check = |after: &Inventory| {
        assert_eq!(after.features().len() + 1, before.features().len());
        let find = |id: &Value| after.features().iter().find(|feature| feature["properties"]["id"] == *id);
        assert!(find(&stop).is_none());
        let corrected = find(&no_entry).unwrap();
        assert_eq!(corrected["geometry"]["coordinates"], json!([7.71, 48.601]));
        let properties = &corrected["properties"];
        assert_eq!((&properties["class"], &properties["value"]), (&"B14".into(), &"70".into()));
        assert_eq!(
            (&properties["label"], &properties["reviewed"]),
            (&"Limitation de vitesse".into(), &"class;moved".into())
        );
        assert!(properties["osm_tags"].as_str().unwrap().starts_with("traffic_sign=FR:B14[70]"));
        assert_eq!(find(&children).unwrap()["properties"]["reviewed"], "right");
        let lineage = after.survey();
        assert_eq!(lineage["reviews"], json!({"class;moved": 1, "right": 1, "wrong": 1}));
        let count = |name: &str| lineage["sightings"][name].as_u64().unwrap();
        assert_eq!(count("found"), count("in_landmarks") + count("left_out"));
    };
    check(&exported(&survey));
    look(&pass);
    check(&exported(&survey));

    // Also when all pictures are looked at again, as another survey in the same file.
    run(["survey", "--pictures", &pass, "--lang", "fr", "--again", "-o", text(&survey)]).with_code(0);
    check(&exported(&survey));

    let listed = run(["review", text(&survey), "--list"]).with_code(0).out;
    assert_eq!(listed.lines().count(), 3);
    assert!(listed.contains(&format!("{}\twrong\t\tAda\ta poster", stop.as_str().unwrap())), "{listed}");
    assert!(listed.contains("B1 → B14[70] → 7.7100000,48.6010000"), "{listed}");

    // Taken back, all is as it was found.
    let ids = [&stop, &no_entry, &children].map(|id| id.as_str().unwrap());
    let remove = ["review", text(&survey), "--remove", ids[0], "--remove", ids[1], "--remove", ids[2]];
    run(remove).with_code(0);
    assert_eq!(exported(&survey).features(), before.features());
    run(remove).fails(1, &["nothing was said of such a landmark", "nothing was changed"]);
}

#[test]
fn nonsense_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let marks = path("marks.json");
    fs::write(&marks, "hello").unwrap();
    run(["review", text(&path("no.gpkg")), text(&marks)]).fails(1, &["marks.json", "is no file of marks"]);
    write_marks(&marks, &[]);
    run(["review", text(&path("no.gpkg")), text(&marks)]).fails(1, &["no.gpkg: no such file"]);
    run(["review", text(&path("no.gpkg")), "--list"]).fails(1, &["no.gpkg: no such file"]);
    assert!(!path("no.gpkg").exists());
    run(["review", text(&path("no.gpkg"))]).fails(2, &["MARKS.json"]);
}
