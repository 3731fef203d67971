//! A folder of JPEGs as a source: what is found, what is read, and what is refused.

mod support;

use std::fs;
use std::path::Path;

use arpent::area::Area;
use arpent::picture::{Camera, HeadingSource, Image, Picture};
use arpent::source::{FetchError, Folder, Listing, Query, Source, SourceError};
use exif::Tag;
use support::shot::{CROPPED, Shot};
use tempfile::TempDir;

/// A folder with these files; a name may hold sub-folders.
fn folder_of(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn list(folder: &Path) -> Listing {
    Folder::open(folder).unwrap().list(&Query::default()).unwrap()
}

/// The only picture of a folder that holds just this one.
fn picture_of(shot: &Shot) -> Picture {
    let folder = folder_of(&[("a.jpg", shot.bytes())]);
    let listing = list(folder.path());
    assert_eq!(listing.unusable, []);
    let [picture] = listing.pictures.try_into().unwrap();
    picture
}

/// Why the only picture of a folder is unusable.
fn reason_for(bytes: Vec<u8>) -> String {
    let folder = folder_of(&[("a.jpg", bytes)]);
    let listing = list(folder.path());
    assert_eq!(listing.pictures, []);
    assert_eq!(listing.unusable.len(), 1);
    assert_eq!(listing.unusable[0].id, "a.jpg");
    listing.unusable[0].reason.clone()
}

fn assert_near(value: f64, wanted: f64, tolerance: f64) {
    assert!((value - wanted).abs() <= tolerance, "{value} is not {wanted} within {tolerance}");
}

fn ids(listing: &Listing) -> Vec<&str> {
    listing.pictures.iter().map(|p| p.id.as_str()).collect()
}

#[test]
fn everything_a_camera_writes_is_read() {
    let shot = Shot::at(-1.553621, 47.218371, 5)
        .heading(123.45)
        .ascii(Tag::GPSImgDirectionRef, "T")
        .rationals(Tag::GPSHPositioningError, &[(15, 10)])
        .ascii(Tag::SubSecTimeOriginal, "25")
        .focal_length_35mm(18)
        .ascii(Tag::Artist, " Ada \0");
    let folder = folder_of(&[("drive/a.JPG", shot.bytes())]);
    let listing = list(folder.path());
    let [picture] = &listing.pictures[..] else { panic!("{listing:?}") };
    let path = folder.path().join("drive").join("a.JPG");

    assert_eq!((picture.id.as_str(), picture.sequence.as_str(), picture.rank), ("drive/a.JPG", "drive", Some(0)));
    assert_near(picture.lon_deg, -1.553621, 1e-9);
    assert_near(picture.lat_deg, 47.218371, 1e-9);
    assert_eq!(picture.position_sd_m, 1.5);
    assert_eq!(picture.pose, HeadingSource::Measured.pose(123.45));
    let Camera::Perspective { long_side_fov_deg: Some(fov) } = picture.camera else { panic!("{:?}", picture.camera) };
    assert_near(fov, 90.0, 1e-9);
    assert_eq!(picture.taken_at.unwrap().to_string(), "2024-05-06T08:00:05.25Z");
    assert_eq!(picture.producer.as_deref(), Some("Ada"));
    assert_eq!(picture.license, None);
    assert_eq!(picture.image, Image::File(path.clone()));
    assert_eq!(picture.page_url, Some(path.display().to_string()));
    assert_eq!(picture.size_bytes, Some(shot.bytes().len() as u64));
}

#[test]
fn what_a_camera_leaves_out_is_not_invented() {
    let picture = picture_of(&Shot::bare().position(2.0, 48.0));
    assert_eq!(picture.sequence, ".");
    assert_eq!(picture.position_sd_m, 4.0);
    assert_eq!(picture.pose, HeadingSource::Unknown.pose(0.0));
    assert_eq!(picture.camera, Camera::Perspective { long_side_fov_deg: None });
    assert_eq!((picture.taken_at, picture.producer), (None, None));
}

#[test]
fn a_position_error_is_kept_within_what_is_credible() {
    for (stated, wanted) in [((1, 100), 0.3), ((500, 1), 20.0), ((0, 0), 4.0), ((0, 1), 4.0)] {
        let shot = Shot::at(2.0, 48.0, 0).rationals(Tag::GPSHPositioningError, &[stated]);
        assert_eq!(picture_of(&shot).position_sd_m, wanted, "{stated:?}");
    }
}

#[test]
fn a_magnetic_heading_is_trusted_less() {
    let pose = picture_of(&Shot::at(2.0, 48.0, 0).heading(90.0).ascii(Tag::GPSImgDirectionRef, "M")).pose;
    assert_eq!((pose.heading_deg, pose.heading_source), (90.0, HeadingSource::Measured));
    assert!(pose.heading_sd_deg > HeadingSource::Measured.sd_deg());
}

#[test]
fn the_panorama_heading_stands_in_for_the_direction() {
    let shot =
        Shot::at(2.0, 48.0, 0).gpano(&[("ProjectionType", "equirectangular"), ("PoseHeadingDegrees", "200.5")]);
    assert_eq!(picture_of(&shot).pose, HeadingSource::Measured.pose(200.5));
    assert_eq!(picture_of(&shot.clone().heading(10.0)).pose, HeadingSource::Measured.pose(10.0));
    // Cameras without a compass write 0.
    let zero = shot.gpano(&[("PoseHeadingDegrees", "0.0")]).heading(0.0);
    assert_eq!(picture_of(&zero).pose.heading_source, HeadingSource::Unknown);
}

#[test]
fn a_missing_heading_is_taken_from_travel() {
    // North for 11 m, east for 7 m, then a stop of which the last picture knows nothing.
    let shots = [(2.0, 48.0), (2.0, 48.0001), (2.0001, 48.0001), (2.0001, 48.0001)];
    let files: Vec<_> = shots
        .iter()
        .enumerate()
        // Named against the order of time.
        .map(|(i, &(lon, lat))| (["d.jpg", "c.jpg", "b.jpg", "a.jpg"][i], Shot::at(lon, lat, i as u32).bytes()))
        .collect();
    let folder = folder_of(&files);
    let listing = list(folder.path());
    assert_eq!(ids(&listing), ["d.jpg", "c.jpg", "b.jpg", "a.jpg"]);
    let poses: Vec<_> = listing.pictures.iter().map(|p| p.pose).collect();
    let sources: Vec<_> = poses.iter().map(|p| p.heading_source).collect();
    use HeadingSource::{Travel, Unknown};
    assert_eq!(sources, [Travel, Travel, Travel, Unknown]);
    assert_near(poses[0].heading_deg, 0.0, 0.01);
    assert_near(poses[1].heading_deg, 90.0, 0.01);
    assert_near(poses[2].heading_deg, 90.0, 0.01);
}

#[test]
fn a_jump_is_no_travel() {
    let folder = folder_of(&[("a.jpg", Shot::at(2.0, 48.0, 0).bytes()), ("b.jpg", Shot::at(2.5, 48.0, 9).bytes())]);
    let listing = list(folder.path());
    assert_eq!(listing.pictures.len(), 2);
    assert!(listing.pictures.iter().all(|p| p.pose.heading_source == HeadingSource::Unknown));
}

#[test]
fn a_neighbour_outside_the_area_still_tells_the_direction() {
    let files = [("a.jpg", Shot::at(2.0, 48.0, 0).bytes()), ("b.jpg", Shot::at(2.0001, 48.0, 1).bytes())];
    let folder = folder_of(&files);
    let area = Some(Area::bbox(1.0, 47.0, 2.00005, 49.0).unwrap());
    let listing = Folder::open(folder.path()).unwrap().list(&Query { area, ..Query::default() }).unwrap();
    assert_eq!(ids(&listing), ["a.jpg"]);
    assert_near(listing.pictures[0].pose.heading_deg, 90.0, 0.01);
}

#[test]
fn sub_folders_are_sequences() {
    let files: Vec<_> = ["z.jpeg", "b/2.jpg", "b/1.JPEG", "a/x/y.Jpg", "a/readme.txt", "jpg"]
        .into_iter()
        .map(|name| (name, Shot::at(2.0, 48.0, 0).bytes()))
        .collect();
    let folder = folder_of(&files);
    let listing = list(folder.path());
    assert_eq!(ids(&listing), ["z.jpeg", "a/x/y.Jpg", "b/1.JPEG", "b/2.jpg"]);
    let sequences: Vec<_> = listing.pictures.iter().map(|p| p.sequence.as_str()).collect();
    assert_eq!(sequences, [".", "a/x", "b", "b"]);
    assert_eq!(listing.unusable, []);
}

#[test]
fn without_all_times_a_sequence_goes_by_name() {
    let late = Shot::at(2.0, 48.0, 30).bytes();
    let files = [("a.jpg", late), ("b.jpg", Shot::bare().position(2.0, 48.0).bytes())];
    let folder = folder_of(&files);
    assert_eq!(ids(&list(folder.path())), ["a.jpg", "b.jpg"]);
}

#[test]
fn times_are_utc() {
    let zoned = Shot::at(2.0, 48.0, 0);
    let by_receiver = Shot::bare()
        .position(2.0, 48.0)
        .time("2024:05:06 10:00:00", None)
        .ascii(Tag::GPSDateStamp, "2024:05:06")
        .rationals(Tag::GPSTimeStamp, &[(7, 1), (59, 1), (585, 10)]);
    let unzoned = Shot::bare().position(2.0, 48.0).time("2024:05:06 10:00:00", None);
    let nonsense = Shot::bare().position(2.0, 48.0).time("2024:13:46 30:00:00", Some("+99:00"));
    let blank = Shot::bare().position(2.0, 48.0).time("    :  :     :  :  ", None);
    let time = |shot: &Shot| picture_of(shot).taken_at.map(|t| t.to_string());
    assert_eq!(time(&zoned).as_deref(), Some("2024-05-06T08:00:00Z"));
    assert_eq!(time(&by_receiver).as_deref(), Some("2024-05-06T07:59:58.5Z"));
    assert_eq!(time(&unzoned).as_deref(), Some("2024-05-06T10:00:00Z"));
    assert_eq!(time(&nonsense), None);
    assert_eq!(time(&blank), None);
}

#[test]
fn a_query_for_times_leaves_the_others_out() {
    let files: Vec<_> =
        [("a.jpg", 10), ("b.jpg", 20), ("c.jpg", 30)].map(|(n, s)| (n, Shot::at(2.0, 48.0, s).bytes())).into();
    let folder = folder_of(&files);
    let at = |s: &str| Some(s.parse().unwrap());
    let query = Query { since: at("2024-05-06T08:00:11Z"), until: at("2024-05-06T08:00:30Z"), ..Query::default() };
    assert_eq!(ids(&Folder::open(folder.path()).unwrap().list(&query).unwrap()), ["b.jpg", "c.jpg"]);
}

#[test]
fn panoramas_are_told_from_their_metadata() {
    let here = Shot::at(2.0, 48.0, 0);
    assert_eq!(picture_of(&here.clone().gpano(&CROPPED[..1])).camera, Camera::Equirectangular { crop: None });
    let Camera::Equirectangular { crop: Some(part) } = picture_of(&here.clone().gpano(&CROPPED)).camera else {
        panic!("no crop")
    };
    assert_eq!((part.top, part.width, part.height, part.full_height), (600.0, 4000.0, 1000.0, 2000.0));
}

#[test]
fn a_wide_picture_twice_as_wide_as_high_looks_all_round() {
    let wide = Shot::at(2.0, 48.0, 0).size(4000, 2000);
    assert!(picture_of(&wide).camera.is_equirectangular());
    assert!(!picture_of(&wide.clone().focal_length_35mm(24)).camera.is_equirectangular());
    assert!(!picture_of(&wide.clone().size(4000, 2001)).camera.is_equirectangular());
    assert!(!picture_of(&wide.size(400, 200)).camera.is_equirectangular());
}

#[test]
fn another_projection_is_refused() {
    let shot = Shot::at(2.0, 48.0, 0).gpano(&[("ProjectionType", "cylindrical")]);
    assert_eq!(reason_for(shot.bytes()), "projection not supported");
}

#[test]
fn without_a_sound_position_a_picture_is_unusable() {
    let here = Shot::at(2.0, 48.0, 0);
    let shots = [
        Shot::bare(),
        here.clone().rationals(Tag::GPSLatitude, &[(48, 1), (0, 0), (0, 0)]),
        here.clone().rationals(Tag::GPSLatitude, &[]),
        here.clone().rationals(Tag::GPSLongitude, &[(182, 1), (0, 1), (0, 1)]),
        here.clone().ascii(Tag::GPSLatitude, "48 N"),
        here.clone().without(Tag::GPSLongitudeRef),
        here.clone().ascii(Tag::GPSLatitudeRef, "?"),
        Shot::at(0.0, 0.0, 0),
    ];
    for (i, shot) in shots.iter().enumerate() {
        assert_eq!(reason_for(shot.bytes()), "no position in its EXIF", "shot {i}");
    }
}

#[test]
fn what_is_no_jpeg_is_unusable() {
    for bytes in [&b""[..], b"<html>not found</html>", b"\x89PNG\r\n\x1a\n"] {
        assert_eq!(reason_for(bytes.to_vec()), "not a JPEG");
    }
}

#[test]
fn a_file_cut_short_behind_its_headers_is_still_listed() {
    let mut bytes = Shot::at(2.0, 48.0, 0).bytes();
    bytes.truncate(bytes.len() - 60);
    let folder = folder_of(&[("a.jpg", bytes)]);
    assert_eq!(ids(&list(folder.path())), ["a.jpg"]);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_unusable_and_blocks_nothing() {
    let folder = folder_of(&[("ok.jpg", Shot::at(2.0, 48.0, 0).bytes())]);
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling.jpg")).unwrap();
    let pipe = folder.path().join("pipe.jpg");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let listing = list(folder.path());
    assert_eq!(ids(&listing), ["ok.jpg"]);
    let unusable: Vec<_> = listing.unusable.iter().map(|u| (u.id.as_str(), u.reason.as_str())).collect();
    assert_eq!(unusable, [("dangling.jpg", "file not readable"), ("pipe.jpg", "file not readable")]);

    let picture = Picture { image: Image::File(pipe), ..listing.pictures[0].clone() };
    assert_eq!(Folder::open(folder.path()).unwrap().fetch(&picture), Err(FetchError::Unreadable));
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_loops_end() {
    use std::os::unix::fs::symlink;
    let elsewhere = folder_of(&[("far.jpg", Shot::at(2.0, 48.0, 0).bytes())]);
    let folder = folder_of(&[("a/near.jpg", Shot::at(2.0, 48.0, 0).bytes())]);
    symlink(folder.path(), folder.path().join("a/up")).unwrap();
    symlink(elsewhere.path(), folder.path().join("link")).unwrap();
    assert_eq!(ids(&list(folder.path())), ["a/near.jpg", "link/far.jpg"]);
}

#[test]
fn the_whole_file_is_fetched() {
    let bytes = Shot::at(2.0, 48.0, 0).bytes();
    let folder = folder_of(&[("a.jpg", bytes.clone())]);
    let source = Folder::open(folder.path()).unwrap();
    let picture = list(folder.path()).pictures.remove(0);
    assert_eq!(source.fetch(&picture).unwrap(), bytes);
    assert_eq!(source.root(), folder.path().display().to_string());

    let remote = Picture { image: Image::Url("http://example.org/a.jpg".into()), ..picture.clone() };
    assert_eq!(source.fetch(&remote), Err(FetchError::Address));
    fs::remove_file(folder.path().join("a.jpg")).unwrap();
    assert_eq!(source.fetch(&picture), Err(FetchError::Unreadable));
}

#[test]
fn a_file_of_impossible_size_is_not_read() {
    let folder = folder_of(&[("a.jpg", Shot::at(2.0, 48.0, 0).bytes())]);
    let picture = list(folder.path()).pictures.remove(0);
    let file = fs::OpenOptions::new().write(true).open(folder.path().join("a.jpg")).unwrap();
    // Sparse: takes no room.
    file.set_len(1 << 40).unwrap();
    assert_eq!(Folder::open(folder.path()).unwrap().fetch(&picture), Err(FetchError::TooLarge));
}

#[test]
fn a_folder_without_pictures_is_no_source() {
    let folder = folder_of(&[("a.txt", b"no picture".to_vec())]);
    let error = Folder::open(folder.path()).unwrap().list(&Query::default()).unwrap_err();
    assert!(error.to_string().contains("holds no picture: JPEGs are wanted"), "{error}");
}

#[test]
fn a_folder_is_the_same_however_it_is_written() {
    for path in ["./examples/street/", "examples/./street", "examples/street"] {
        assert_eq!(Folder::open(path).unwrap().root(), "examples/street");
    }
    assert_eq!(Folder::open("./").unwrap().root(), ".");
}

/// The file of a survey keeps paths as text.
#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text_is_told() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder_of(&[]);
    for name in [b"rue \xe9cole", b"rue \xe8cole"] {
        let street = folder.path().join(std::ffi::OsStr::from_bytes(name));
        fs::create_dir(&street).unwrap();
        fs::write(street.join("1.jpg"), Shot::at(2.0, 48.0, 0).bytes()).unwrap();
    }
    let unusable: Vec<(String, String)> =
        list(folder.path()).unusable.into_iter().map(|u| (u.id, u.reason)).collect();
    let reason = "name not in UTF-8: rename the file or its folder".to_owned();
    let wanted = [("rue \\xE8cole/1.jpg".to_owned(), reason.clone()), ("rue \\xE9cole/1.jpg".to_owned(), reason)];
    assert_eq!(unusable, wanted);
}

#[test]
fn a_wrong_folder_is_named_with_its_remedy() {
    let folder = folder_of(&[("a.jpg", Vec::new())]);
    for (path, words) in [("nowhere", "check the path"), ("a.jpg", "name the folder")] {
        let error = Folder::open(folder.path().join(path)).unwrap_err();
        assert!(matches!(error, SourceError::Folder { .. }));
        let message = error.to_string();
        assert!(message.contains(path) && message.contains(words), "{message}");
    }
}
