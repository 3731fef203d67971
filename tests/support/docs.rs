//! The code of the project's pages.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::command::Ended;

/// The code of the blocks of a page that have this mark, one after another.
pub fn code(page: &str, mark: &str) -> String {
    let mut inside = false;
    let mut code = String::new();
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(info) => inside = info == mark,
            None if inside => {
                code += line;
                code += "\n";
            }
            None => {}
        }
    }
    code
}

/// Runs code by bash in a folder, to which the examples of the project are added; `typed` is what a person types.
#[cfg(unix)]
pub fn run_code(code: &str, folder: &Path, typed: &str) -> Ended {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for shown in ["examples", "models", "tests"] {
        std::os::unix::fs::symlink(root.join(shown), folder.join(shown)).unwrap();
    }
    let program = assert_cmd::cargo::cargo_bin!("arpent").parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(program).chain(std::env::split_paths(&path))).unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", code]).current_dir(folder).env("PATH", path);
    bash.env_remove("PANORAMAX_TOKEN").env_remove("ARPENT_TOKEN");
    // Given relative to the folder of the project.
    bash.envs(std::env::var_os("ORT_DYLIB_PATH").map(|library| ("ORT_DYLIB_PATH", root.join(library))));
    bash.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = bash.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
