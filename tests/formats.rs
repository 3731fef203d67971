//! The formats of inventories, each read back by a program that others wrote and compared with GeoJSON.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use arpent::export::{Dialect, Exporter, Format};
use arpent::inventory::{Entry, Inventory, Lineage};
use arpent::place::{Columns, Places};
use serde_json::{Value, json};
use support::command::{names_in, run, text};
use support::readers::read_by;
use support::street;

/// The names of files, each with the system that it is written in.
const FILES: [&str; 12] = [
    "a.gpkg",
    "a.fgb",
    "a.parquet",
    "a.csv",
    "a.osm",
    "a.maproulette.geojson",
    "lambert.gpkg@EPSG:2154",
    "lambert.fgb@EPSG:2154",
    "lambert.parquet@EPSG:2154",
    "lambert.csv@EPSG:2154",
    "utm.parquet@EPSG:32632",
    "europe.parquet@EPSG:3035",
];

#[test]
fn the_street_is_the_same_in_all_formats() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (survey, reference) = (path("signs.gpkg"), path("signs.geojson"));
    run(["survey", "--pictures", street::FOLDER, "-o", text(&reference)]).with_code(0);
    read_by("survey.py", [text(&survey)]);
    let mut read = vec![text(&reference).to_owned()];
    for file in FILES {
        let (name, crs) = file.split_once('@').unwrap_or((file, "EPSG:4326"));
        let export = |name: &str| {
            run(["export", text(&survey), "-o", text(&path(name)), "--crs", crs]).with_code(0);
            fs::read(path(name)).unwrap()
        };
        assert!(export(name) == export(&format!("again.{name}")), "{name} is not the same twice");
        read.push(text(&path(file)).to_owned());
    }
    for (name, option) in [("bom.csv", "--bom"), ("excel.csv", "--excel")] {
        run(["export", text(&survey), "-o", text(&path(name)), option]).with_code(0);
        read.push(text(&path(name)).to_owned());
    }
    read_by("inventory.py", read);
}

/// An inventory of entries that lack this or that, and whose texts are odd.
fn odd(number: usize) -> Inventory {
    let texts = ["", "a;b", "é \"quoted\", 'so'\r\nand\tso", "<tag k=\"a\"> & ]]>", "= 1 + 1", "日本 🚸"];
    let entry = |n: usize| {
        let known = |bit: usize, value: Value| if n >> bit & 1 == 1 { value } else { Value::Null };
        let said = texts[n % texts.len()];
        let entry = json!({
            "id": format!("{n:012x}"), "find": "signs", "class": format!("class {said}"), "value": known(0, json!(said)), "label": said,
            "class_confidence": 0.5, "probability": 1.0, "method": "range", "accuracy_m": 1.25,
            "ellipse_major_m": 1.25, "ellipse_minor_m": 0.1 + 0.2, "ellipse_azimuth_deg": 0.0,
            "direction_deg": known(1, json!(359.0)), "direction_sd_deg": known(2, json!(1e-7)),
            "support": known(3, json!("s")), "installation": known(4, json!("i")), "surface_m2": known(0, json!(1e9)),
            "surface_sd_m2": known(1, json!(0.0)), "sightings": n, "sequences": 1,
            "first_seen": known(2, json!("1999-12-31T23:59:59.999999999Z")),
            "last_seen": known(3, json!("2026-11-24T00:00:00Z")), "panoramax": said,
            "picture_url": known(4, json!("https://example.org/?a=1&b=2")), "picture_box": known(0, json!("1,2,3,4")),
            "license": known(1, json!("etalab-2.0;CC-BY-SA-4.0")), "producer": known(2, json!(said)),
            "osm_tags": known(3, json!("traffic_sign=FR:A1 & <é>;direction=1")), "reviewed": known(4, json!("right")),
        });
        let (lon_deg, lat_deg) = (7.0 + n as f64 / 1e4, 48.0 + (n * n % 17) as f64 / 1e4);
        let entry: Entry = serde_json::from_value(entry).unwrap();
        Entry { lon_deg: (lon_deg * 1e7).round() / 1e7, lat_deg: (lat_deg * 1e7).round() / 1e7, ..entry }
    };
    let mut lineage = Lineage::of_this_tool();
    lineage.source = "a folder, \"quoted\" <é>".to_owned();
    Inventory { entries: (0..number).map(entry).collect(), lineage }
}

#[test]
fn odd_inventories_are_the_same_in_all_formats() {
    // More than a row of the tree of an index, one, and none at all.
    for number in [100, 1, 0] {
        let folder = tempfile::tempdir().unwrap();
        let inventory = odd(number);
        let reference = write(folder.path(), "a.geojson", &inventory);
        let files = FILES.map(|file| write(folder.path(), file, &inventory));
        let read = std::iter::once(&reference).chain(&files);
        read_by("inventory.py", read);
    }
}

fn write(folder: &Path, file: &str, inventory: &Inventory) -> PathBuf {
    let (name, crs) = file.split_once('@').unwrap_or((file, "EPSG:4326"));
    let path = folder.join(name);
    let exporter = Exporter::new(Format::of(&path).unwrap(), Some(crs.parse().unwrap()), Dialect::Plain).unwrap();
    let mut bytes = Vec::new();
    exporter.write(inventory, &mut bytes).unwrap();
    fs::write(&path, bytes).unwrap();
    folder.join(file)
}

#[test]
fn a_table_for_excel_is_the_same_list() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = odd(100);
    let read = |name: &str, dialect: Dialect| {
        let path = folder.path().join(name);
        let mut bytes = Vec::new();
        Exporter::new(Format::Csv, None, dialect).unwrap().write(&inventory, &mut bytes).unwrap();
        fs::write(&path, &bytes).unwrap();
        (Places::read(&path, &Columns::default()).unwrap().places, bytes)
    };
    let (plain, _) = read("plain.csv", Dialect::Plain);
    let (excel, bytes) = read("excel.csv", Dialect::Excel);
    assert_eq!(plain, excel);
    assert!(excel.iter().any(|place| place.lon_deg == 7.0003 && place.probability == Some(1.0)));
    let table = String::from_utf8(bytes).unwrap();
    assert!(table.starts_with("\u{feff}lon;lat;id;find;"), "{table}");
    assert!(table.contains("\r\n7,0003000;48,0009000;000000000003;signs;"), "{table}");
}

#[test]
fn tables_are_located_into_any_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let locate = |name: &str| {
        run(["locate", "tests/tables/pictures.csv", "tests/tables/sightings.csv", "-o", text(&path(name))])
            .with_code(0)
    };
    locate("a.geojson");
    for name in ["a.gpkg", "a.fgb", "a.parquet", "a.csv", "a.maproulette.geojson"] {
        locate(name);
    }
    locate("a.osm");
    let files = ["a.gpkg", "a.fgb", "a.parquet", "a.csv", "a.osm", "a.maproulette.geojson"].map(path);
    read_by("inventory.py", std::iter::once(path("a.geojson")).chain(files));
}

#[test]
fn what_has_no_place_in_a_format_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (sightings, out) = (folder.path().join("sightings.csv"), folder.path().join("a.osm"));
    fs::write(&sightings, fs::read_to_string("tests/tables/sightings.csv").unwrap().replace("AB4", "bench")).unwrap();
    let ended = run(["locate", "tests/tables/pictures.csv", text(&sightings), "-o", text(&out)]).with_code(0);
    assert!(ended.err.contains("  1 landmark without tags for OpenStreetMap left out of"), "{}", ended.err);
    assert!(ended.err.contains("4 of 5 landmarks from"), "{}", ended.err);
}

#[test]
fn what_cannot_be_written_is_told_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pass = format!("{}/pass-1", street::FOLDER);
    let survey = |out: &str, options: &[&str]| {
        let out = path(out);
        let arguments = ["survey", "--pictures", &pass, "--max-pictures", "1", "-o", text(&out)];
        run(arguments.into_iter().chain(options.iter().copied()))
    };
    survey("a.osm", &["--crs", "EPSG:2154"]).fails(2, &["OSM XML is always in WGS 84: leave out --crs"]);
    survey("a.txt", &[]).fails(2, &["a.txt does not end in .geojson", "or the format with --format"]);
    survey("a.gpkg", &["--crs", "EPSG:2154"])
        .fails(2, &["leave out --format, --crs, --bom and --excel", "arpent export"]);
    survey("a.parquet", &["--bom"]).fails(2, &["only CSV can begin with a byte order mark"]);
    survey("a.fgb", &["--excel"]).fails(2, &["only CSV can be written for Excel: leave out --excel"]);
    survey("a.csv", &["--bom", "--excel"]).fails(2, &["cannot be used with"]);
    survey("a.csv", &["--crs", "EPSG:27572"]).fails(2, &["NTF (Paris) / Lambert zone II, has a datum of its own"]);
    survey("a.csv", &["--crs", "Lambert-93"]).fails(2, &["write it as EPSG:2154"]);
    assert_eq!(names_in(folder.path()), [""; 0]);

    survey("a.txt", &["--format", "csv", "--bom"]).with_code(0);
    assert!(fs::read(path("a.txt")).unwrap().starts_with(b"\xef\xbb\xbflon,lat,id,"));
    assert_eq!(names_in(folder.path()), ["a.gpkg", "a.txt"]);
    let file = path("a.gpkg");
    run(["export", text(&file), "-o", text(&file)])
        .fails(2, &["a.gpkg is what the command works on: name another file with -o"]);
}
