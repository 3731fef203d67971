//! Detectors: an `.onnx` file, the manifest that says how to feed and read it, and the runtime that runs it. A detector
//! may have a classifier, which reads what exactly each detected thing is.

mod calibration;
mod classifier;
mod detector;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod head;
mod manifest;
mod reading;
pub mod runtime;
mod shipped;
mod suppress;

pub use calibration::Calibration;
pub(crate) use classifier::crop;
pub use classifier::{ClassifierManifest, Verdict};
pub use detector::{Detector, Model};
pub use head::Head;
pub use manifest::{Class, Input, Manifest, Together};
pub use reading::{Reading, agree};
pub use shipped::{SHIPPED, Shipped, ShippedClassifier};
pub(crate) use suppress::same;

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::view::PixelBox;

/// A thing that a detector sees in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Index into the manifest's classes.
    pub class: usize,
    /// 0–1: as the model gives it, halved where a view may have cut the thing in two, and calibrated.
    pub score: f32,
    /// What the classifier reads on it, where the detector has one.
    pub reading: Option<Reading>,
    /// In upright pixels of the picture; in one that looks all round, x may run over the seam.
    pub pixels: PixelBox,
}

/// SHA-256 of a model's file, lower-case hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    crate::hex(&Sha256::digest(bytes))
}

/// Why a model cannot be used, or failed on a picture.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The file is not there or not readable.
    #[error("{path}: {why}")]
    File {
        /// The model or its manifest.
        path: PathBuf,
        /// What happened.
        why: String,
    },
    /// The file is no ONNX model that the runtime takes.
    #[error("{path} is no ONNX model that can be run: {why}")]
    NotOnnx {
        /// The model.
        path: PathBuf,
        /// What the runtime says.
        why: String,
    },
    /// The manifest cannot be used.
    #[error("{path}: {why}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        why: String,
    },
    /// An ONNX model that is no detector of a kind known here.
    #[error(
        "{path} is no detector that arpent understands.\nfound: {found}\n{why}\nunderstood: {}",
        head::UNDERSTOOD
    )]
    NotUnderstood {
        /// The model.
        path: PathBuf,
        /// Its inputs, outputs and metadata.
        found: String,
        /// What does not fit.
        why: String,
    },
    /// A model that is no classifier of the kind known here.
    #[error(
        "{path} is no classifier that arpent understands: {why}. One takes [1, 3, side, side] and answers with \
         [1, classes] probabilities"
    )]
    Classifier {
        /// The model.
        path: PathBuf,
        /// What does not fit.
        why: String,
    },
    /// The model failed on the tensor of a view.
    #[error("detector failed: {0}")]
    Run(String),
}
