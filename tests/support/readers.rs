//! Programs that others wrote, which read results back: Python scripts over geopandas, GDAL, PROJ and pycocotools.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Runs a script of `tests/readers`, which fails where it does not find what it should. Says so and does nothing where
/// `make test` has not installed what it needs.
#[track_caller]
pub fn read_by<A: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = A>) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let python = tests.join(".venv/bin/python");
    if !python.exists() {
        eprintln!("skipped: there is no {}; make test installs it", python.display());
        return;
    }
    let output = Command::new(python).arg(tests.join("readers").join(script)).args(arguments).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stdout), said(&output.stderr));
}
