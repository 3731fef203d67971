//! What the file keeps, and what it refuses.

use super::noting::Noted;
use super::*;
use crate::picture::{Camera, Crop, HeadingSource, Image, sort_as_taken};
use crate::source::Listing;

fn picture(id: &str) -> Picture {
    Picture {
        id: id.to_owned(),
        sequence: "drive".to_owned(),
        rank: Some(3),
        lon_deg: 7.123_456_789_012_3,
        lat_deg: 0.1 + 0.2,
        position_sd_m: 2.0 / 3.0,
        pose: HeadingSource::Measured.pose(359.999_999_999),
        camera: Camera::Perspective { long_side_fov_deg: None },
        taken_at: "2026-05-12T08:14:05.123456789Z".parse().ok(),
        license: Some("etalab-2.0".to_owned()),
        producer: None,
        image: Image::File("drive/a.jpg".into()),
        page_url: None,
        size_bytes: Some(u64::MAX),
    }
}

/// Pictures of every kind.
fn pictures() -> Vec<Picture> {
    let crop =
        Crop { full_width: 5760.0, full_height: 2880.0, left: 0.5, top: 0.1 + 0.2, width: 5000.0, height: 900.0 };
    let sphere = |crop| Camera::Equirectangular { crop };
    vec![
        picture("a"),
        Picture { rank: None, taken_at: None, size_bytes: None, license: None, ..picture("b") },
        Picture { camera: sphere(None), pose: HeadingSource::Travel.pose(7.0), ..picture("c") },
        Picture { camera: sphere(Some(crop)), pose: HeadingSource::Unknown.pose(0.0), ..picture("d") },
        Picture { image: Image::Url("https://example.org/d.jpg?a=b".to_owned()), ..picture("e") },
        Picture { camera: Camera::Perspective { long_side_fov_deg: Some(200.0 / 3.0) }, ..picture("f") },
    ]
}

fn begun(file: &mut SurveyFile, pictures: Vec<Picture>) -> i64 {
    let mut noting = file.begin_noting().unwrap();
    let survey = noting.begin_survey(&Terms::default(), &[], None, None).unwrap();
    noting.note(survey, &Listing { pictures, ..Listing::default() }).unwrap();
    noting.finish(survey, None).unwrap();
    survey
}

fn note(file: &mut SurveyFile, survey: i64, listing: &Listing, max: Option<usize>) -> Result<Noted, FileError> {
    let mut noting = file.begin_noting()?;
    noting.note(survey, listing)?;
    noting.finish(survey, max)
}

fn listing(pictures: Vec<Picture>) -> Listing {
    Listing { pictures, ..Listing::default() }
}

/// What the file holds of pictures: those that can be used, and those that cannot.
fn kept(file: &SurveyFile, survey: i64) -> (Vec<Picture>, Vec<Unusable>) {
    let mut pictures = Vec::new();
    let unusable = file.records(survey, &[], |record| pictures.push(record.picture)).unwrap();
    (pictures, unusable)
}

fn todo_keys(file: &SurveyFile, survey: i64) -> Vec<i64> {
    let mut keys = Vec::new();
    file.todo(survey, |key, _| keys.push(key)).unwrap();
    keys
}

/// The names of those that are still to be looked at.
fn todo(file: &SurveyFile, survey: i64) -> Vec<String> {
    todo_keys(file, survey).into_iter().map(|key| file.picture(key).unwrap().unwrap().id).collect()
}

/// Pictures in the order of the file.
fn as_taken(mut pictures: Vec<Picture>) -> Vec<Picture> {
    sort_as_taken(&mut pictures);
    pictures
}

#[test]
fn pictures_come_back_to_the_bit() {
    let mut file = SurveyFile::in_memory().unwrap();
    let survey = begun(&mut file, pictures());
    assert_eq!(kept(&file, survey).0, as_taken(pictures()));
    // Noted again they are known, and what was seen in them stays.
    file.keep(survey, &picture("a"), &Ok((Turn::from_exif(1, 9, 9).unwrap(), Vec::new())), None).unwrap();
    let noted = note(&mut file, survey, &listing(pictures()), None).unwrap();
    assert_eq!(noted, Noted { pictures: 6, beyond: 0 });
    assert_eq!(todo(&file, survey), ["b", "c", "d", "e", "f"]);
}

#[test]
fn a_survey_that_never_came_to_its_end_has_no_landmarks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let mut file = SurveyFile::open(&path).unwrap();
    let error = SurveyReader::open(&path).unwrap_err().to_string();
    assert!(error.contains("no run over this survey came to its end"), "{error}");
    begun(&mut file, pictures());
    // Read while the file is open to write.
    let reader = SurveyReader::open(&path).unwrap();
    assert!(matches!(reader.inventory(), Err(FileError::Unfinished { .. })));
    let kept = reader.pictures().unwrap().into_iter().map(|kept| (kept.picture, kept.state));
    assert_eq!(
        kept.collect::<Vec<_>>(),
        as_taken(pictures()).into_iter().map(|p| (Some(p), PictureState::Todo)).collect::<Vec<_>>()
    );
}

#[test]
fn a_picture_that_loses_its_position_and_finds_it_again() {
    let mut file = SurveyFile::in_memory().unwrap();
    let survey = begun(&mut file, vec![picture("a")]);
    let unusable = vec![Unusable { id: "a".to_owned(), reason: "no position".to_owned() }];
    let lost = Listing { unusable: unusable.clone(), ..Listing::default() };
    note(&mut file, survey, &lost, None).unwrap();
    assert_eq!((kept(&file, survey), todo(&file, survey)), ((Vec::new(), unusable), Vec::new()));
    note(&mut file, survey, &listing(vec![picture("a")]), None).unwrap();
    assert_eq!((kept(&file, survey).0, todo(&file, survey)), (vec![picture("a")], vec!["a".to_owned()]));
}

#[test]
fn a_listing_that_breaks_off_changes_nothing() {
    let mut file = SurveyFile::in_memory().unwrap();
    let survey = begun(&mut file, pictures());
    let mut noting = file.begin_noting().unwrap();
    noting.note(survey, &listing(vec![picture("g")])).unwrap();
    drop(noting);
    assert_eq!(kept(&file, survey).0, as_taken(pictures()));
}

#[test]
fn a_limit_counts_in_the_order_of_the_pictures() {
    let at = |id: &str, rank, second: &str| {
        let taken_at = format!("2026-05-12T08:14:{second}Z").parse().ok();
        Picture { rank, taken_at, ..picture(id) }
    };
    let all = vec![
        at("e", Some(2), "00"),
        at("d", Some(1), "05.5"),
        at("c", Some(1), "05.25"),
        at("b", Some(1), "05"),
        at("a", None, "09"),
        Picture { taken_at: None, ..at("f", Some(1), "00") },
    ];
    let sorted = as_taken(all.clone());
    for max in 0..=all.len() {
        let mut file = SurveyFile::in_memory().unwrap();
        let survey = begun(&mut file, vec![all[1].clone()]);
        let noted = note(&mut file, survey, &listing(all.clone()), Some(max)).unwrap();
        assert_eq!(noted, Noted { pictures: max, beyond: all.len() - max });
        assert_eq!(kept(&file, survey).0, sorted[..max]);
    }
}

#[test]
fn a_full_disk_is_told_and_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let mut file = SurveyFile::open(&path).unwrap();
    let survey = begun(&mut file, pictures());
    let pages: i64 = file.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    file.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let many = (0..500).map(|n| picture(&format!("{n}"))).collect();
    let error = note(&mut file, survey, &listing(many), None).unwrap_err().to_string();
    assert!(error.contains("the disk is full: make room, and run the same command again"), "{error}");
    drop(file);
    let file = SurveyFile::open(&path).unwrap();
    assert_eq!(kept(&file, survey).0.len(), pictures().len(), "as it was before");
}

#[test]
fn one_run_at_a_time_and_readers_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let mut file = SurveyFile::open(&path).unwrap();
    begun(&mut file, pictures());
    let error = SurveyFile::open(&path).unwrap_err().to_string();
    assert!(error.contains("another arpent is at work on this file"), "{error}");
    assert_eq!(status(&path).unwrap()[0].todo, pictures().len());
    drop(file);
    drop(SurveyFile::open(&path).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "one plain file is left");
}

#[test]
fn a_file_in_which_nothing_was_begun_is_not_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    drop(SurveyFile::open(&path).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let error = SurveyFile::open(&folder.path().join("no/a.gpkg")).unwrap_err().to_string();
    assert!(error.contains("cannot be written (No such file or directory"), "{error}");
}

/// A file that this user may not write. Who may write everything cannot see that.
#[cfg(unix)]
#[test]
fn a_file_that_must_not_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    begun(&mut SurveyFile::open(&path).unwrap(), pictures());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    if OpenOptions::new().append(true).open(&path).is_ok() {
        return;
    }
    let error = SurveyFile::open(&path).unwrap_err().to_string();
    assert!(error.contains("cannot be written (Permission denied"), "{error}");
    assert_eq!(status(&path).unwrap().len(), 1, "it can still be read");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let error = status(&path).unwrap_err().to_string();
    assert!(error.contains("cannot be read ("), "{error}");
}

/// How long a run over many pictures takes to begin. Measured by hand: `cargo test --release -- --ignored million`.
#[test]
#[ignore = "takes long"]
fn a_million_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let pictures: Vec<Picture> = (0..1_000_000).map(|n| picture(&format!("{n:032x}"))).collect();
    let timed = |what: &str, work: &mut dyn FnMut()| {
        let begin = std::time::Instant::now();
        work();
        eprintln!("{what}: {:.2} s", begin.elapsed().as_secs_f64());
    };
    let listing = Listing { pictures, ..Listing::default() };
    let mut file = SurveyFile::open(&path).unwrap();
    let survey = begun(&mut file, Vec::new());
    timed("noted", &mut || assert_eq!(note(&mut file, survey, &listing, None).unwrap().pictures, 1_000_000));
    timed("closed", &mut || drop(std::mem::replace(&mut file, SurveyFile::in_memory().unwrap())));
    timed("opened", &mut || file = SurveyFile::open(&path).unwrap());
    timed("found", &mut || assert!(file.find(&Terms::default()).unwrap().is_some()));
    timed("noted again", &mut || assert_eq!(note(&mut file, survey, &listing, None).unwrap().pictures, 1_000_000));
    timed("queued", &mut || assert_eq!(todo_keys(&file, survey).len(), 1_000_000));
    timed("status", &mut || assert_eq!(status(&path).unwrap()[0].todo, 1_000_000));
}
