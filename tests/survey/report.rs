//! The page of a survey, as a file: what is in it, and what is not.

use std::fs;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::support::command::{names_in, run, text};
use super::support::inventory::Inventory;
use super::support::{server::Reply, street};
use super::{STREET_BBOX, offer};

/// A page, taken apart.
struct Page {
    html: String,
    data: Value,
    crops: Vec<Vec<u8>>,
}

impl Page {
    fn read(path: &Path) -> Self {
        let html = fs::read_to_string(path).unwrap();
        let script = |id: &str| {
            let (_, rest) = html.split_once(&format!("id=\"{id}\">")).unwrap();
            rest.split_once("</script>").unwrap().0.trim().to_owned()
        };
        let mut data = String::new();
        let packed = BASE64.decode(script("data")).unwrap();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut data).unwrap();
        let crops = script("crops").lines().map(|line| BASE64.decode(line).unwrap()).collect();
        Self { data: serde_json::from_str(&data).unwrap(), crops, html }
    }

    fn column(&self, table: &str, name: &str) -> &[Value] {
        self.data[table][name].as_array().unwrap()
    }
}

#[test]
fn a_page_holds_the_survey_and_its_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pass = format!("{}/pass-1", street::FOLDER);
    run(["survey", "--pictures", &pass, "-o", text(&path("signs.geojson"))]).with_code(0);
    let told = run(["report", text(&path("signs.gpkg")), "-o", text(&path("page.html"))]).with_code(0).err;
    let page = Page::read(&path("page.html"));
    let written = Inventory::read(&path("signs.geojson"));
    let ids: Vec<&Value> = written.features().iter().map(|feature| &feature["properties"]["id"]).collect();
    assert_eq!(page.column("landmarks", "id").iter().collect::<Vec<_>>(), ids);
    let sightings: u64 = written.features().iter().map(|f| f["properties"]["sightings"].as_u64().unwrap()).sum();
    assert_eq!(page.column("sightings", "landmark").len() as u64, sightings);
    assert_eq!(page.column("pictures", "id").len() as u64, written.pictures("found"));
    assert_eq!(page.data["lineage"]["source"], pass);

    // The best three of each landmark, small JPEGs.
    let three: u64 = written.features().iter().map(|f| f["properties"]["sightings"].as_u64().unwrap().min(3)).sum();
    assert_eq!(page.crops.len() as u64, three);
    assert!(told.contains(&format!("with {three} cut-outs")), "{told}");
    for crop in &page.crops {
        let image = image::load_from_memory(crop).unwrap();
        assert!((48..=160).contains(&image.width()) && image.width() == image.height());
    }
    // A picture is shown beside the landmark that it shows.
    let first = page.column("sightings", "picture")[0].as_u64().unwrap() as usize;
    let best = written.features()[0]["properties"]["panoramax"].as_str().unwrap().split(';').next().unwrap();
    assert_eq!(page.column("pictures", "id")[first], best);

    // Nothing is loaded from elsewhere, and only what belongs to it is run.
    for outside in ["<script src", "<link", "<iframe", "@import"] {
        assert!(!page.html.contains(outside), "{outside}");
    }
    assert!(page.html.contains("default-src 'none'; script-src 'sha256-"));

    run(["report", text(&path("signs.gpkg")), "-o", text(&path("again.html"))]).with_code(0);
    assert_eq!(fs::read(path("again.html")).unwrap(), fs::read(path("page.html")).unwrap(), "the same bytes");
    let options = ["--cut-outs", "0", "--lang", "fr", "--title", "Rue <b>de l'exemple</b>"];
    let (signs, small) = (path("signs.gpkg"), path("small.html"));
    let arguments = [&["report", text(&signs), "-o", text(&small)], &options[..]].concat();
    run(arguments).with_code(0);
    let small = Page::read(&small);
    assert!(small.crops.is_empty() && !small.html.contains("<b>de"));
    assert_eq!((&small.data["language"], &small.data["title"]), (&"fr".into(), &options[5].into()));
}

#[test]
fn what_cannot_be_had_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let missing = path("missing.gpkg");
    run(["report", text(&missing), "-o", text(&path("page.html"))]).fails(1, &["missing.gpkg: no such file"]);
    fs::write(path("text.gpkg"), "a text").unwrap();
    run(["report", text(&path("text.gpkg")), "-o", text(&path("page.html"))]).fails(1, &["no survey file of arpent"]);
    assert_eq!(names_in(folder.path()), ["text.gpkg"]);

    // Pictures that are gone: the page is made without their cut-outs.
    let pictures = path("pictures");
    fs::create_dir(&pictures).unwrap();
    for name in ["0001.jpg", "0002.jpg", "0003.jpg"] {
        fs::copy(street::path(&format!("pass-1/{name}")), pictures.join(name)).unwrap();
    }
    run(["survey", "--pictures", text(&pictures), "-o", text(&path("a.gpkg"))]).with_code(0);
    fs::remove_file(pictures.join("0003.jpg")).unwrap();
    fs::write(pictures.join("0002.jpg"), "no picture").unwrap();
    let told = run(["report", text(&path("a.gpkg")), "-o", text(&path("page.html"))]).with_code(0).err;
    assert!(told.contains("1 × no cut-outs of a picture: file not readable"), "{told}");
    assert!(told.contains("1 × no cut-outs of a picture: not a JPEG, PNG or WebP"), "{told}");
    let place = path("no/such/page.html");
    run(["report", text(&path("a.gpkg")), "-o", text(&place)]).fails(1, &["page.html cannot be written"]);
}

#[test]
fn pictures_of_a_server_are_downloaded_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pictures = street::first_pass(4);
    let server = offer(&pictures, |id| (id == "pass-1/0004.jpg").then(|| Reply::status(403)));
    let survey = path("a.gpkg");
    run(["survey", "--bbox", STREET_BBOX, "--api", &server.url("/api"), "-o", text(&survey)]).with_code(3);
    let looked = server.requests().len();
    let told = run(["report", text(&survey), "-o", text(&path("links.html"))]).with_code(0).err;
    assert!(told.contains("on a server: --download gets them"), "{told}");
    assert_eq!(server.requests().len(), looked, "nothing was asked of the server");
    assert!(Page::read(&path("links.html")).crops.is_empty());
    run(["report", text(&survey), "--download", "-o", text(&path("crops.html"))]).with_code(0);
    let page = Page::read(&path("crops.html"));
    assert!(!page.crops.is_empty());
    let states: Vec<u64> = page.column("pictures", "state").iter().map(|state| state.as_u64().unwrap()).collect();
    assert_eq!(states.iter().filter(|state| **state == 2).count(), 1);
    assert!(page.data["names"].as_array().unwrap().contains(&"HTTP status 403".into()));
}
