//! ONNX Runtime: where its library is looked for, and the one environment of the process.
//!
//! [`load`] must run before anything else of `ort`, on the main thread: without a library even the making of an
//! `ort` error panics.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::environment::Environment;
use thiserror::Error;

use crate::causes;

/// The command that gets the library to where it is looked for.
#[cfg(not(windows))]
pub const REMEDY: &str = "python3 -m pip install --target ~/.cache/arpent onnxruntime";
/// The command that gets the library to where it is looked for.
#[cfg(windows)]
pub const REMEDY: &str = "python -m pip install --target %LOCALAPPDATA%\\arpent onnxruntime";

/// Why ONNX Runtime is not there.
#[derive(Debug, Clone, Error)]
pub enum RuntimeError {
    /// No library in any of the places.
    #[error(
        "the ONNX Runtime library was not found. Looked in:\n{looked}get it with (on Debian after apt install python3-pip):\n  {REMEDY}"
    )]
    Missing {
        /// A line for each place.
        looked: String,
    },
    /// A library that cannot be loaded.
    #[error("the ONNX Runtime library {path} cannot be loaded: {why}\nget another with:\n  {REMEDY}")]
    Broken {
        /// The library.
        path: PathBuf,
        /// What the loader says.
        why: String,
    },
}

/// Loads ONNX Runtime, once; later calls return the same environment, whatever their option.
///
/// `option` is a library, or a folder that holds one. Without it the places are: `ORT_DYLIB_PATH`, beside the
/// executable, arpent's cache folder, `$VIRTUAL_ENV`, `./.venv`, and the path of the system's loader.
pub fn load(option: Option<&Path>) -> Result<&'static Environment, RuntimeError> {
    static LOADED: OnceLock<Result<Environment, RuntimeError>> = OnceLock::new();
    LOADED.get_or_init(|| build(option)).as_ref().map_err(Clone::clone)
}

fn build(option: Option<&Path>) -> Result<Environment, RuntimeError> {
    let places = places(option);
    let mut looked = String::new();
    let mut found = None;
    for place in &places {
        match library_in(&place.path) {
            Some(library) => {
                found = Some(library);
                break;
            }
            None => {
                let _ = writeln!(looked, "  {} ({})", place.path.display(), place.what);
            }
        }
        // An option that leads nowhere is a mistake to be told, not to be passed over.
        if place.binding {
            return Err(RuntimeError::Missing { looked });
        }
    }
    // The loader has a search path of its own, of which only it knows.
    let path = found.clone().unwrap_or_else(|| PathBuf::from(library_name()));
    let builder = ort::environment::init_from(&path).map_err(|error| match found {
        Some(_) => RuntimeError::Broken { path: path.clone(), why: causes(&error) },
        None => {
            let _ = writeln!(looked, "  {} (the path of the system's loader)", path.display());
            RuntimeError::Missing { looked: looked.clone() }
        }
    })?;
    builder.build().map_err(|error| RuntimeError::Broken { path, why: causes(&error) })
}

struct Place {
    path: PathBuf,
    what: &'static str,
    /// Whether the search ends here, found or not.
    binding: bool,
}

fn places(option: Option<&Path>) -> Vec<Place> {
    let place = |path: PathBuf, what| Place { path, what, binding: false };
    if let Some(path) = option {
        return vec![Place { path: path.to_owned(), what: "the option --onnxruntime", binding: true }];
    }
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let mut places = Vec::new();
    if let Some(path) = variable("ORT_DYLIB_PATH") {
        places.push(place(path, "ORT_DYLIB_PATH"));
    }
    if let Some(folder) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        places.push(place(folder.to_owned(), "beside the program"));
    }
    let cache = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))
    };
    places.extend(cache.map(|folder| place(folder.join("arpent"), "arpent's cache folder")));
    places.extend(variable("VIRTUAL_ENV").map(|folder| place(folder, "VIRTUAL_ENV")));
    places.push(place(PathBuf::from(".venv"), "the virtual environment of this folder"));
    places
}

fn library_name() -> &'static str {
    if cfg!(windows) {
        "onnxruntime.dll"
    } else if cfg!(target_os = "macos") {
        "libonnxruntime.dylib"
    } else {
        "libonnxruntime.so"
    }
}

/// The library at a path: the file itself, or the newest one in a folder, in the wheel unpacked there, or in the
/// packages of the virtual environment there.
fn library_in(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return Some(path.to_owned());
    }
    let wheel = Path::new("onnxruntime").join("capi");
    let mut folders = vec![path.to_owned(), path.join(&wheel), path.join("Lib/site-packages").join(&wheel)];
    let pythons = std::fs::read_dir(path.join("lib")).into_iter().flatten().flatten();
    folders.extend(pythons.map(|python| python.path().join("site-packages").join(&wheel)));
    folders.sort();
    folders.iter().find_map(|folder| newest_library(folder))
}

/// The library of the highest version in a folder. Wheels hold one with its version in the name and no plain link.
fn newest_library(folder: &Path) -> Option<PathBuf> {
    let names = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| {
            let text = name.to_str()?;
            is_library(text).then(|| (version(text), folder.join(text)))
        })
        .max()
        .map(|(_, path)| path)
}

fn is_library(name: &str) -> bool {
    name == "onnxruntime.dll"
        || name.starts_with("libonnxruntime.so")
        || (name.starts_with("libonnxruntime.") && name.ends_with(".dylib"))
}

/// The numbers in a file name: `libonnxruntime.so.1.22.1` is [1, 22, 1].
fn version(name: &str) -> Vec<u64> {
    name.split('.').filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_library_of_a_wheel_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let capi = folder.path().join("lib/python3.11/site-packages/onnxruntime/capi");
        std::fs::create_dir_all(&capi).unwrap();
        for name in ["libonnxruntime.so.1.9.0", "libonnxruntime.so.1.22.1", "libonnxruntime_providers_shared.so"] {
            std::fs::write(capi.join(name), "").unwrap();
        }
        assert_eq!(library_in(folder.path()), Some(capi.join("libonnxruntime.so.1.22.1")));
        assert_eq!(library_in(&folder.path().join("lib")), None);
    }

    #[test]
    fn an_option_that_leads_nowhere_says_so() {
        let message = build(Some(Path::new("/nowhere/at/all"))).unwrap_err().to_string();
        assert!(message.contains("/nowhere/at/all (the option") && message.contains(REMEDY), "{message}");
    }
}
