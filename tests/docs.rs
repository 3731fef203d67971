//! The pages of `docs/`, run as they are written.
//!
//! Blocks marked `sh` are run by bash, those of a page one after another in one folder, which has the `examples` of the
//! project; nothing may fail. Blocks marked `sh network` need a server; that their commands are understood is tested
//! beside the arguments.

mod support;

use std::fs;
use std::path::Path;

use support::docs::{code, run_code};

/// Runs a page.
#[cfg(unix)]
fn run_page(name: &str) {
    let page = fs::read_to_string(Path::new("docs").join(name)).unwrap();
    let code = code(&page, "sh");
    assert!(code.contains("arpent "), "{name} runs nothing");
    let folder = tempfile::tempdir().unwrap();
    let ended = run_code(&code, folder.path(), "");
    eprintln!("{}{}", ended.out, ended.err);
    ended.with_code(0);
}

#[test]
fn blocks_are_told_apart() {
    let page = "a\n```sh\none\n```\ntext\n```sh network\ntwo\n```\n```json\n{}\n```\n```sh\nthree\n```\n";
    assert_eq!((code(page, "sh"), code(page, "sh network")), ("one\nthree\n".to_owned(), "two\n".to_owned()));
}

/// A test for each page.
macro_rules! pages {
    ($($name:ident $page:literal,)*) => {
        $(
            #[test]
            #[cfg(unix)]
            fn $name() {
                run_page($page);
            }
        )*

        #[test]
        fn every_page_is_run_and_listed() {
            let index = fs::read_to_string("docs/README.md").unwrap();
            for page in support::command::names_in(Path::new("docs")) {
                if page.ends_with(".md") && page != "README.md" {
                    // This one is run by the tests of what it tells, which have a server.
                    let is_run = page == "publish.md" || [$($page),*].contains(&page.as_str());
                    assert!(is_run, "{page} is not run");
                    assert!(index.contains(&format!("({page})")), "{page} is not listed");
                }
            }
        }
    };
}

pages! {
    survey "survey.md",
    photovoltaics "photovoltaics.md",
    own_detector "own-detector.md",
    review "review.md",
    compare "compare.md",
    open_data "open-data.md",
    keep_fresh "keep-fresh.md",
}

#[test]
fn both_readmes_tell_all_columns() {
    for page in ["README.md", "LISEZMOI.md"] {
        let text = fs::read_to_string(page).unwrap();
        for column in arpent::inventory::Entry::COLUMNS {
            assert!(text.contains(&format!("`{column}`")), "{page} says nothing of {column}");
        }
    }
}
