//! `arpent compare`: two lists in, what became of each place out; and against `score.py` by others.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::command::{Ended, run, text};
use support::{shared, street};

const OLD: &str = "\u{feff}Nature;Texte;X;Y;Numero\r\nB14;50;7,7100000;48,6000000;12\r\nAB4;;7,7110000;48,6000000;13\r\n\
    C12;;7,7120000;48,6000000;14\r\n";

/// Points as other tools write them, with metres between.
fn new_points() -> String {
    let point = |id: &str, tag: &str, lon: f64, lat: f64| {
        format!(
            r#"{{"type":"Feature","id":"{id}","geometry":{{"type":"Point","coordinates":[{lon},{lat}]}},"properties":{{"traffic_sign":"{tag}"}}}}"#
        )
    };
    let points = [
        point("node/1", "FR:B14[30]", 7.71001, 48.6),
        point("node/2", "FR:AB4", 7.711, 48.60001),
        point("node/3", "FR:A13a", 7.712, 48.6),
    ];
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, points.join(","))
}

fn rows(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    document["features"].as_array().unwrap().iter().map(|feature| feature["properties"].clone()).collect()
}

#[test]
fn a_towns_list_meets_openstreetmap() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("town.csv"), OLD).unwrap();
    fs::write(path("osm.geojson"), new_points()).unwrap();
    let columns = ["--class-column", "Nature", "--value-column", "Texte", "--id-column", "Numero"];
    let compare = |output: &str| {
        let (town, osm, out) = (path("town.csv"), path("osm.geojson"), path(output));
        run(["compare", text(&town), text(&osm), "-o", text(&out)].into_iter().chain(columns)).with_code(0)
    };
    let Ended { out, .. } = compare("out.geojson");
    for line in ["changed        1  another", "matched        1", "not seen       1", "B14 [50] → B14 [30]"] {
        assert!(out.contains(line), "'{line}' is missing in:\n{out}");
    }
    let rows = rows(&path("out.geojson"));
    let told: Vec<_> =
        rows.iter().map(|row| (row["status"].as_str(), row["id_old"].as_str(), row["id_new"].as_str())).collect();
    assert_eq!(
        told,
        [
            (Some("matched"), Some("13"), Some("node/2")),
            (Some("changed"), Some("12"), Some("node/1")),
            (Some("not seen"), Some("14"), None),
            (Some("new"), None, Some("node/3")),
        ]
    );
    compare("out.csv");
    let table = fs::read_to_string(path("out.csv")).unwrap();
    assert!(table.starts_with("status,class_old,value_old,class_new,value_new,distance_m,"), "{table}");
    assert!(table.contains("\r\nmatched,AB4,,AB4,,1.11,"), "{table}");
}

#[test]
fn what_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("town.csv"), OLD).unwrap();
    fs::write(path("bad.csv"), OLD.replace("48,6000000;13", "148,6;13")).unwrap();
    let (town, bad) = (path("town.csv"), path("bad.csv"));
    run(["compare", text(&town), text(&bad)]).fails(1, &["bad.csv, line 3: Y is '148,6'"]);
    run(["compare", text(&town), text(&town), "--class-column", "Nom"]).fails(1, &["no file has a column 'Nom'"]);
    run(["compare", text(&town), "none.csv"]).fails(1, &["none.csv: No such file"]);
    run(["compare", text(&town), text(&town), "-o", "out.xls"]).fails(2, &["does not end in .geojson or .csv"]);
    run(["compare", text(&town), text(&town), "--within=-1"]).fails(2, &["a length from 0.01 to 1000"]);
    let out = run(["compare", text(&town), text(&town)]).with_code(0);
    assert!(out.err.contains("town.csv has no column of classes (--class-column NAME)"), "{}", out.err);
}

/// Numbers that stand behind a word in a line.
fn numbers_after(out: &str, line: &str) -> Vec<f64> {
    let line = out
        .lines()
        .map(str::trim_start)
        .find_map(|l| l.strip_prefix(line))
        .unwrap_or_else(|| panic!("{line}: {out}"));
    line.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn scores_are_those_of_another_program() {
    let (Some(script), Some(towns)) = (shared("locate/score.py"), shared("locate/sim")) else { return };
    let python = Path::new("tests/.venv/bin/python");
    if !python.exists() {
        eprintln!("skipped: there is no {}; make test installs it", python.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let found = folder.path().join("landmarks.geojson");
    for town in ["fov360-gps1.5-head2-seed21", "fov70-gps4-head6-seed22"] {
        let table = |name: &str| towns.join(format!("{town}-{name}.csv.gz"));
        let (pictures, sightings, truth) = (table("pictures"), table("sightings"), table("truth"));
        run(["locate", text(&pictures), text(&sightings), "-o", text(&found)]).with_code(0);
        for any_class in [false, true] {
            let mut theirs = Command::new(python);
            theirs.arg(&script).args([&found, &truth]).args(["--json", "--min-views", "2"]);
            let mut ours = vec!["compare", text(&truth), text(&found), "--truth", "--min-sightings", "2"];
            if any_class {
                theirs.arg("--any-class");
                ours.push("--any-class");
            }
            let theirs: Value = serde_json::from_slice(&theirs.output().unwrap().stdout).unwrap();
            let out = run(ours).with_code(0).out;
            let all = numbers_after(&out, "all ");
            let near = &theirs["4m"];
            let expected = [&near["precision"], &near["recall"], &near["f1"]].map(|n| n.as_f64().unwrap());
            assert_eq!(all[3..], expected, "{town} {any_class}: {out}");
            if any_class {
                continue;
            }
            let errors = numbers_after(&out, "median ");
            let close = |ours: f64, theirs: &Value, by: f64| (ours - theirs.as_f64().unwrap()).abs() <= by;
            assert!(close(errors[0], &theirs["error_m"]["median"], 0.0011), "{theirs} {out}");
            assert!(close(errors[3], &theirs["error_m"]["p95"], 0.0011), "{theirs} {out}");
            let inside = out.lines().find(|line| line.contains("inside their")).unwrap();
            let inside: f64 = inside.trim_start().split(' ').next().unwrap().parse().unwrap();
            assert!(close(inside, &theirs["inside_95"], 0.0), "{theirs} {out}");
        }
    }
}

#[test]
fn the_street_is_compared_with_its_truth_and_with_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (signs, survey) = (path("signs.geojson"), path("signs.gpkg"));
    run(["survey", "--pictures", street::FOLDER, "-o", text(&signs)]).with_code(0);
    let truth = Path::new(street::FOLDER).join("truth.geojson");
    let score =
        ["compare", text(&truth), text(&signs), "--truth", "--any-class", "--class-column", "code", "--within", "3"];
    let out = run(score).with_code(0).out;
    let all = numbers_after(&out, "all ");
    assert_eq!(all[0], 18.0, "{out}");
    assert!(all[2] >= 16.0 && all[3] >= 0.9, "{out}");

    // What the same pictures show has not changed, and what a list has beside it is gone only where they looked.
    let same = run(["compare", text(&survey), text(&signs)]).with_code(0);
    assert!(same.err.contains("signs.gpkg tell what was looked at"), "{}", same.err);
    assert_eq!(numbers_after(&same.out, "changed ")[0] + numbers_after(&same.out, "gone ")[0], 0.0, "{}", same.out);
    let list = path("list.csv");
    // In the middle of the street, 10 m from any sign of its kind; and a kilometre away.
    fs::write(&list, "id,class,lon,lat\nnear,C12,7.7108,48.60115\nfar,C12,7.73,48.6011\n").unwrap();
    let rows_path = path("rows.geojson");
    run(["compare", text(&list), text(&survey), "-o", text(&rows_path)]).with_code(0);
    let rows = rows(&rows_path);
    let status = |id: &str| rows.iter().find(|row| row["id_old"] == id).unwrap()["status"].clone();
    assert_eq!((status("near"), status("far")), ("gone".into(), "not seen".into()));
}
