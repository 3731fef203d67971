//! The options that say which detector is run, and with what.

use std::path::{Path, PathBuf};

use anyhow::Result;
use arpent::model::{Model, SHIPPED, runtime};
use clap::Args;
use clap::builder::PossibleValuesParser;

#[derive(Args)]
#[command(next_help_heading = "Detector")]
pub struct ModelOptions {
    /// What to find, with the detector that comes with arpent
    #[arg(long, value_name = "WHAT", default_value = "signs", conflicts_with = "model",
          value_parser = PossibleValuesParser::new(SHIPPED.iter().map(|s| s.find)))]
    find: String,
    /// Another detector: an ONNX file with a manifest FILE.json beside it, or with names in its metadata
    #[arg(long, value_name = "FILE.onnx")]
    model: Option<PathBuf>,
    /// Count detections from this score on [default: the detector's own]
    #[arg(long, value_name = "P", value_parser = probability)]
    confidence: Option<f32>,
    /// The ONNX Runtime library, or a folder that holds it [default: looked for]
    #[arg(long, value_name = "PATH")]
    onnxruntime: Option<PathBuf>,
}

impl ModelOptions {
    /// The file of the detector, where it is not one that comes with arpent.
    pub fn file(&self) -> Option<&Path> {
        self.model.as_deref()
    }

    /// Loads ONNX Runtime and the detector. To be called from the main thread, before anything else of either.
    pub fn open(&self) -> Result<Model> {
        let environment = runtime::load(self.onnxruntime.as_deref())?;
        let shipped = SHIPPED.iter().find(|shipped| shipped.find == self.find);
        let mut model = match (&self.model, shipped) {
            (Some(path), _) => Model::open(path, environment)?,
            (None, Some(shipped)) => Model::shipped(shipped, environment)?,
            (None, None) => anyhow::bail!("there is no detector for '{}'", self.find),
        };
        if let Some(confidence) = self.confidence {
            model.set_confidence(confidence);
        }
        Ok(model)
    }
}

fn probability(text: &str) -> Result<f32, String> {
    let value = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| "a number between 0 and 1 is wanted".to_owned())
}
