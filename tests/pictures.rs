//! `arpent pictures`: what there is in an area, and what surveying it would take.

mod support;

use std::fs;

use support::command::{Ended, run, text};
use support::server::{Reply, Server};
use support::shot::Shot;
use support::street;

/// What is told but for the last line, whose time depends on the processor.
fn told(ended: &Ended) -> String {
    let mut lines: Vec<&str> = ended.out.lines().collect();
    let last = lines.pop().unwrap();
    assert!(last.starts_with("survey       about ") && last.contains(" with "), "{last}");
    lines.join("\n")
}

#[test]
fn a_folder_is_described() {
    let ended = run(["pictures", "--pictures", street::FOLDER]).with_code(0);
    insta::assert_snapshot!(told(&ended), @r"
    pictures     33
    360°         14
    flat         19
    headings     33 measured, 0 from the direction of travel, 0 unknown
    sequences    2
    taken        2026-05-12 to 2026-05-12
    producer     arpent, drawn by examples/draw_street (33)
    licence      CC0-1.0 (33)
    on disk      3 MB
    ");
}

#[test]
fn a_server_is_described_without_fetching_a_picture() {
    let listed = street::search_answer(&street::first_pass(4));
    let server = Server::start(move |_| Reply::json(listed.clone()));
    let (bbox, api) = ("7.709,48.600,7.713,48.603", server.url("/api"));
    let arguments = ["pictures", "--bbox", bbox, "--api", &api, "--max-pictures", "3"];
    insta::assert_snapshot!(told(&run(arguments).with_code(0)), @r"
    pictures     3
                 of 4, by --max-pictures
    360°         0
    flat         3
    headings     3 measured, 0 from the direction of travel, 0 unknown
    sequences    1
    taken        2026-05-12 to 2026-05-12
    producer     Ada (3)
    licence      etalab-2.0 (3)
    download     9 MB, typical sizes taken for 3
    ");
    assert!(server.requests().iter().all(|request| request.path() == "/api/search"));
}

#[test]
fn pictures_that_cannot_be_used_are_told_with_their_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    put("sound.jpg", Shot::at(7.7, 48.6, 0).heading(10.0).bytes());
    put("nowhere.jpg", Shot::bare().bytes());
    put("words.jpg", b"no picture".to_vec());
    let ended = run(["pictures", "--pictures", text(folder.path())]).with_code(3);
    insta::assert_snapshot!(told(&ended), @r"
    pictures     1
    not usable   1 × no position in its EXIF
    not usable   1 × not a JPEG
    360°         0
    flat         1 (1 of unknown field of view)
    headings     1 measured, 0 from the direction of travel, 0 unknown
    sequences    1
    taken        2024-05-06 to 2024-05-06
    producer     unknown (1)
    licence      unknown (1)
    on disk      1 kB
    ");
}

#[test]
fn an_area_without_pictures_is_told_in_one_line() {
    let server = Server::start(|_| Reply::json(street::search_answer(&[])));
    let ended = run(["pictures", "--bbox", "7.0,48.0,7.1,48.1", "--api", &server.url("/api")]).with_code(0);
    assert_eq!(ended.out, "pictures     0\n");
}

#[test]
fn a_server_that_fails_is_named_with_what_may_help() {
    let server = Server::start(|_| Reply::status(404));
    let api = server.url("/nothing");
    let ended = run(["pictures", "--bbox", "7.0,48.0,7.1,48.1", "--api", &api]);
    ended.fails(1, &[&format!("{api} did not list its pictures: HTTP status 404"), "check --api"]);
}
