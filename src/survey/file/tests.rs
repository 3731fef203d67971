//! What the file keeps, and what it refuses.

use super::*;
use crate::picture::{Camera, Crop, HeadingSource, Image};

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
    let survey = file.begin(&Terms::default(), &[], None, None).unwrap();
    file.note(survey, &Listing { pictures, ..Listing::default() }).unwrap();
    survey
}

#[test]
fn pictures_come_back_to_the_bit() {
    let mut file = SurveyFile::in_memory().unwrap();
    let survey = begun(&mut file, pictures());
    let (records, _) = file.records(survey, &[]).unwrap();
    assert_eq!(records.into_iter().map(|r| r.picture).collect::<Vec<_>>(), pictures());
    // Noted again they are known, and what was seen in them stays.
    file.keep(survey, &picture("a"), &Ok((Turn::from_exif(1, 9, 9).unwrap(), Vec::new())), None).unwrap();
    let todo = file.note(survey, &Listing { pictures: pictures(), ..Listing::default() }).unwrap();
    assert_eq!(todo, [false, true, true, true, true, true]);
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
        pictures().into_iter().map(|p| (Some(p), PictureState::Todo)).collect::<Vec<_>>()
    );
}

#[test]
fn a_picture_that_loses_its_position_and_finds_it_again() {
    let mut file = SurveyFile::in_memory().unwrap();
    let survey = begun(&mut file, vec![picture("a")]);
    let unusable = vec![Unusable { id: "a".to_owned(), reason: "no position".to_owned() }];
    file.note(survey, &Listing { pictures: Vec::new(), unusable: unusable.clone(), ..Listing::default() }).unwrap();
    let (records, without) = file.records(survey, &[]).unwrap();
    assert!(records.is_empty() && without == unusable);
    let todo = file.note(survey, &Listing { pictures: vec![picture("a")], ..Listing::default() }).unwrap();
    assert_eq!(file.records(survey, &[]).unwrap().0[0].picture, picture("a"));
    assert_eq!(todo, [true]);
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
    let error = file.note(survey, &Listing { pictures: many, ..Listing::default() }).unwrap_err().to_string();
    assert!(error.contains("the disk is full: make room, and run the same command again"), "{error}");
    drop(file);
    let file = SurveyFile::open(&path).unwrap();
    assert_eq!(file.records(survey, &[]).unwrap().0.len(), pictures().len(), "as it was before");
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
    let survey = file.begin(&Terms::default(), &[], None, None).unwrap();
    timed("noted", &mut || assert!(file.note(survey, &listing).unwrap()[0]));
    timed("closed", &mut || drop(std::mem::replace(&mut file, SurveyFile::in_memory().unwrap())));
    timed("opened", &mut || file = SurveyFile::open(&path).unwrap());
    timed("found", &mut || assert!(file.find(&Terms::default()).unwrap().is_some()));
    timed("noted again", &mut || assert!(file.note(survey, &listing).unwrap()[0]));
    timed("status", &mut || assert_eq!(status(&path).unwrap()[0].todo, 1_000_000));
}
