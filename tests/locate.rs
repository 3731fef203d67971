//! `arpent locate`: landmarks from tables of pictures and sightings.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use support::command::{Ended, names_in, run, text};
use support::inventory::{Inventory, Thing, pairs};
use support::shared;
use tempfile::TempDir;

/// A 360° camera drives east past a pole with two signs, another drives back; three more signs are seen seldom.
const PICTURES: &str = "tests/tables/pictures.csv";
const SIGHTINGS: &str = "tests/tables/sightings.csv";

fn locate(pictures: &Path, sightings: &Path, output: &Path) -> Ended {
    run(["locate", text(pictures), text(sightings), "-o", text(output)])
}

/// What the command writes about two tables.
fn located(pictures: impl AsRef<Path>, sightings: impl AsRef<Path>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("signs.geojson");
    let ended = locate(pictures.as_ref(), sightings.as_ref(), &output).with_code(0);
    assert_eq!(ended.out, "", "standard output is for results that are asked for there");
    Inventory::read(&output).assert_counts_add_up();
    assert_eq!(names_in(folder.path()), ["signs.geojson"]);
    fs::read_to_string(output).unwrap()
}

/// The features alone, a line each: the member `survey` names the tables.
fn features(written: &str) -> &str {
    written.split_once("\"features\":").unwrap().1
}

/// Every byte of the output. `INSTA_UPDATE=always cargo test --test locate` takes a new one as right.
#[test]
fn landmarks_of_small_tables() {
    let written = located(PICTURES, SIGHTINGS);
    insta::assert_snapshot!(written.replace(concat!("arpent ", env!("CARGO_PKG_VERSION")), "arpent VERSION"));
}

/// The same with their places as they were made up.
#[test]
fn landmarks_stand_where_the_signs_do() {
    let written: serde_json::Value = serde_json::from_str(&located(PICTURES, SIGHTINGS)).unwrap();
    let found = Inventory(written).things();
    let sign = |class: &str, lon_deg, lat_deg| {
        let (id, class) = (String::new(), class.to_owned());
        Thing { id, class, family: None, lon_deg, lat_deg }
    };
    let signs =
        [sign("B14", 2.0003494, 47.9999550), sign("A13a", 2.0003494, 47.9999550), sign("AB4", 2.0001075, 48.0000809)];
    assert_eq!(pairs(&signs, &found, 2.0).len(), signs.len(), "{found:#?}");
}

#[test]
fn compressed_tables_are_read_as_plain_ones() {
    let folder = tempfile::tempdir().unwrap();
    let compressed = |table: &str| {
        let path = folder.path().join(Path::new(table).file_name().unwrap()).with_extension("csv.gz");
        let mut gz = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
        gz.write_all(&fs::read(table).unwrap()).unwrap();
        gz.finish().unwrap();
        path
    };
    let written = located(compressed(PICTURES), compressed(SIGHTINGS));
    assert_eq!(features(&written), features(&located(PICTURES, SIGHTINGS)));
}

/// Columns as a spreadsheet may arrange and end them.
#[test]
fn the_order_of_columns_and_unknown_ones_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let turned = |table: &str| {
        let mut turned = "\u{feff}".to_owned();
        for line in fs::read_to_string(table).unwrap().lines() {
            let fields: Vec<&str> = line.split(',').rev().collect();
            let note = if turned.len() == 3 { "note" } else { "\"one, two\"" };
            turned += &format!("{},{note}\r\n", fields.join(","));
        }
        let path = folder.path().join(Path::new(table).file_name().unwrap());
        fs::write(&path, turned).unwrap();
        path
    };
    let written = located(turned(PICTURES), turned(SIGHTINGS));
    assert_eq!(features(&written), features(&located(PICTURES, SIGHTINGS)));
}

#[test]
fn tables_without_lines_give_an_empty_inventory() {
    let folder = tempfile::tempdir().unwrap();
    let header = |table: &str| {
        let path = folder.path().join(Path::new(table).file_name().unwrap());
        fs::write(&path, fs::read_to_string(table).unwrap().lines().next().unwrap()).unwrap();
        path
    };
    assert_eq!(features(&located(PICTURES, header(SIGHTINGS))), "[\n]}\n");
    assert_eq!(features(&located(header(PICTURES), header(SIGHTINGS))), "[\n]}\n");
}

/// The rows of a table as GeoJSON features, in the opposite order.
fn as_features(table: &str, folder: &TempDir) -> PathBuf {
    let text = fs::read_to_string(table).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let feature = |line: &str| {
        let cells = names.iter().copied().zip(line.split(',')).filter(|(_, cell)| !cell.is_empty());
        let mut properties: BTreeMap<&str, &str> = cells.collect();
        let place = properties.remove("lon").zip(properties.remove("lat"));
        let place = place.map(|(lon, lat)| format!(r#"{{"type":"Point","coordinates":[{lon},{lat}]}}"#));
        let geometry = place.unwrap_or_else(|| "null".to_owned());
        let properties = serde_json::to_string(&properties).unwrap();
        format!(r#"{{"type":"Feature","geometry":{geometry},"properties":{properties}}}"#)
    };
    let features: Vec<String> = lines.rev().map(feature).collect();
    let path = folder.path().join(Path::new(table).file_name().unwrap()).with_extension("geojson");
    fs::write(&path, format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))).unwrap();
    path
}

#[test]
fn features_in_any_order_give_the_same_as_tables() {
    let folder = tempfile::tempdir().unwrap();
    let written = located(as_features(PICTURES, &folder), as_features(SIGHTINGS, &folder));
    assert_eq!(features(&written), features(&located(PICTURES, SIGHTINGS)));
}

#[test]
fn landmarks_are_written_as_a_table_too() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("signs.csv");
    locate(Path::new(PICTURES), Path::new(SIGHTINGS), &output).with_code(0);
    let mut table = csv::Reader::from_path(&output).unwrap();
    let header: Vec<String> = table.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!((&*header[0], &*header[1], &*header[2], header.len()), ("lon", "lat", "id", 31));
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let inventory: serde_json::Value = serde_json::from_str(&located(PICTURES, SIGHTINGS)).unwrap();
    let written = inventory["features"].as_array().unwrap();
    assert_eq!(rows.len(), written.len());
    for (row, feature) in rows.iter().zip(written) {
        assert_eq!(row[2], *feature["properties"]["id"].as_str().unwrap());
        assert_eq!(row[0].parse::<f64>().unwrap(), feature["geometry"]["coordinates"][0].as_f64().unwrap());
    }
    let unknown = folder.path().join("signs.xyz");
    locate(Path::new(PICTURES), Path::new(SIGHTINGS), &unknown).fails(2, &["signs.xyz does not end in .geojson"]);
}

#[test]
fn what_was_seen_once_is_left_out_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("signs.geojson");
    run(["locate", PICTURES, SIGHTINGS, "--min-sightings", "2", "-o", text(&output)]).with_code(0);
    let all: serde_json::Value = serde_json::from_str(&located(PICTURES, SIGHTINGS)).unwrap();
    let often = Inventory::read(&output);
    often.assert_counts_add_up();
    let count = |feature: &serde_json::Value| feature["properties"]["sightings"].as_u64().unwrap();
    let singles = all["features"].as_array().unwrap().iter().filter(|feature| count(feature) < 2).count();
    assert!(singles > 0 && often.features().iter().all(|feature| count(feature) >= 2));
    assert_eq!(often.features().len() + singles, all["features"].as_array().unwrap().len());
}

/// What the command writes about a simulated town, about it without some of its pictures, and about all of it once more
/// with `--previous` naming that; how many of the landmarks that stand at one place then have one id, of how many.
fn ids_that_stay(is_left_out: impl Fn(&str, f64) -> bool) -> Option<[(usize, usize); 2]> {
    let pictures = shared("locate/sim/fov360-gps1.5-head2-seed21-pictures.csv.gz")?;
    let sightings = shared("locate/sim/fov360-gps1.5-head2-seed21-sightings.csv.gz")?;
    let folder = tempfile::tempdir().unwrap();
    let plain = |table: &Path| {
        let mut text = String::new();
        GzDecoder::new(fs::File::open(table).unwrap()).read_to_string(&mut text).unwrap();
        text
    };
    let (all, seen) = (plain(&pictures), plain(&sightings));
    let count = all.lines().count();
    let share = |line: usize| line as f64 / count as f64;
    let lines = all.lines().enumerate().filter(|(line, row)| *line == 0 || !is_left_out(row, share(*line)));
    let kept: Vec<&str> = lines.map(|(_, row)| row).collect();
    let ids: BTreeSet<&str> = kept.iter().map(|line| line.split(',').next().unwrap()).collect();
    let seen: Vec<&str> = seen.lines().filter(|line| ids.contains(line.split(',').next().unwrap())).collect();
    let write = |name: &str, lines: &[&str]| {
        let path = folder.path().join(name);
        fs::write(&path, lines.join("\n")).unwrap();
        path
    };
    let (some_pictures, some_sightings) = (write("pictures.csv", &kept), write("sightings.csv", &seen));
    let things = |path: &Path| Inventory::read(path).things();
    let result = folder.path().join("signs.geojson");
    locate(&some_pictures, &some_sightings, &result).with_code(0);
    let before = things(&result);
    let staying = |after: &[Thing]| {
        let same = pairs(&before, after, 0.5);
        (same.iter().filter(|(old, new)| before[*old].id == after[*new].id).count(), same.len())
    };
    let anew = folder.path().join("anew.geojson");
    locate(&pictures, &sightings, &anew).with_code(0);
    let anew = staying(&things(&anew));
    // Into the file that is read first.
    let arguments = ["locate", text(&pictures), text(&sightings), "--previous", text(&result), "-o", text(&result)];
    run(arguments).with_code(0);
    let after = things(&result);
    assert_eq!(
        after.iter().map(|thing| &thing.id).collect::<BTreeSet<_>>().len(),
        after.len(),
        "an id is one thing's"
    );
    Some([anew, staying(&after)])
}

/// A survey of more pictures keeps the ids of what it has found before.
#[test]
fn ids_stay_when_pictures_are_added() {
    let Some([anew, _]) = ids_that_stay(|_, share| share > 0.9) else { return };
    assert!(anew.1 > 600 && anew.0 * 100 >= anew.1 * 97, "{anew:?}");
}

/// Where the earlier result is named, so does one of half as many sequences, though the others' pictures come before.
#[test]
fn ids_of_an_earlier_result_stay() {
    let sequence = |row: &str| row.split(',').nth(1).unwrap().trim_start_matches('s').parse::<usize>().unwrap();
    let Some([anew, after]) = ids_that_stay(|row, _| sequence(row) % 2 == 0) else { return };
    assert!(after.1 > 150 && after.0 * 100 >= after.1 * 95 && after.0 > anew.0 + 50, "{anew:?} {after:?}");
}

#[test]
fn a_list_of_ones_own_gives_its_ids_to_what_stands_there() {
    let folder = tempfile::tempdir().unwrap();
    let (list, output) = (folder.path().join("list.csv"), folder.path().join("signs.csv"));
    let arguments = ["locate", PICTURES, SIGHTINGS, "--previous", text(&list), "-o", text(&output)];
    fs::write(&list, "id;lon;lat;class\nstop-7;2.0001075;48.0000809;AB4\nfar;2.1;48;AB4\n").unwrap();
    run(arguments).with_code(0);
    let written = fs::read_to_string(&output).unwrap();
    let with_id: Vec<&str> = written.lines().filter(|line| line.contains("stop-7")).collect();
    assert!(with_id.len() == 1 && with_id[0].contains(",AB4,"), "{written}");
    assert!(!written.contains("far"), "{written}");
    fs::write(&list, "id,class\n7,AB4\n").unwrap();
    run(arguments).fails(1, &[text(&list), "no column 'lon'"]);
    fs::remove_file(&list).unwrap();
    run(arguments).fails(1, &[text(&list), "No such file"]);
}

/// A copy of a table in which one text is replaced.
fn spoilt(folder: &TempDir, table: &str, from: &str, to: &str) -> PathBuf {
    let sound = fs::read_to_string(table).unwrap();
    assert!(sound.contains(from), "{from}");
    let path = folder.path().join("spoilt.csv");
    fs::write(&path, sound.replacen(from, to, 1)).unwrap();
    path
}

#[test]
fn what_is_wrong_with_a_table_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("signs.geojson");
    let pictures = [
        ("heading_deg,", "heading,", "has no column 'heading_deg'; it has: picture_id, sequence_id, lon, lat"),
        ("48.0000000", "148", "line 2: lat is '148': a number from -90 to 90 is wanted"),
        ("\na2,", "\na1,", "line 3: the picture 'a1' is there twice"),
        ("2024-05-06T08:00:02Z", "6 May", "line 4: time '6 May' is not RFC 3339, such as 2024-05-06T08:00:00Z"),
    ];
    for (from, to, why) in pictures {
        let spoilt = spoilt(&folder, PICTURES, from, to);
        locate(&spoilt, Path::new(SIGHTINGS), &output).fails(1, &[text(&spoilt), why]);
    }
    let sightings = [
        ("class,", "kind,", "has no column 'class'"),
        ("a2,106.5", "a9,106.5", "line 3: the picture 'a9' is not in the table of pictures"),
        ("106.5", "north", "line 3: azimuth_deg is 'north'"),
        ("0.9\n", "9\n", "line 2: score is '9': a number from 0 to 1 is wanted"),
    ];
    for (from, to, why) in sightings {
        let spoilt = spoilt(&folder, SIGHTINGS, from, to);
        locate(Path::new(PICTURES), &spoilt, &output).fails(1, &[text(&spoilt), why]);
    }
    let missing = folder.path().join("missing.csv");
    locate(&missing, Path::new(SIGHTINGS), &output).fails(1, &[text(&missing), "No such file"]);
    assert_eq!(names_in(folder.path()), ["spoilt.csv"], "no output, whole or in part");
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let said = format!("{} cannot be written: is a folder: name a file", folder.path().display());
    locate(Path::new(PICTURES), Path::new(SIGHTINGS), folder.path()).fails(1, &[&said]);
    run(["locate", PICTURES, SIGHTINGS]).fails(2, &["--output"]);
    run(["locate", PICTURES]).fails(2, &["SIGHTINGS.csv"]);
}

/// The true signs of a simulated town.
fn town(path: &Path) -> Vec<Thing> {
    let mut table = String::new();
    GzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut table).unwrap();
    let mut lines = table.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let signs = lines.map(|line| {
        let row: BTreeMap<&str, &str> = columns.iter().copied().zip(line.split(',')).collect();
        let degrees = |name: &str| row[name].parse().unwrap();
        Thing {
            id: row["id"].to_owned(),
            class: row["class"].to_owned(),
            family: None,
            lon_deg: degrees("lon"),
            lat_deg: degrees("lat"),
        }
    });
    signs.collect()
}

/// F1 of the landmarks that two sightings or more bear out, within 4 m and of the right class.
fn f1_of_a_town(town_name: &str) -> Option<f64> {
    let table = |name: &str| shared(&format!("locate/sim/{town_name}-{name}.csv.gz"));
    let (pictures, sightings, truth) = (table("pictures")?, table("sightings")?, town(&table("truth")?));
    let mut inventory = Inventory(serde_json::from_str(&located(pictures, sightings)).unwrap());
    let features = inventory.0["features"].as_array_mut().unwrap();
    features.retain(|feature| feature["properties"]["sightings"].as_u64().unwrap() >= 2);
    let found = inventory.things();
    let right = pairs(&truth, &found, 4.0).len();
    Some(2.0 * right as f64 / (truth.len() + found.len()) as f64)
}

#[test]
fn the_signs_of_simulated_towns_are_placed() {
    for (town, least) in [("fov360-gps1.5-head2-seed21", 0.96), ("fov70-gps4-head6-seed22", 0.40)] {
        let Some(f1) = f1_of_a_town(town) else { return };
        println!("{town}: {f1:.3}");
        assert!(f1 >= least, "{town}: {f1:.3}");
    }
}
