//! What a model needs to be fed and read: from a JSON file beside it, or from its own metadata.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Calibration, Head, ModelError};
use crate::taxonomy::{self, Language};
use crate::view::{Scaling, ViewSizes};

/// What a model is, what it takes, and what its answers mean. Written as `NAME.json` beside `NAME.onnx`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The model's name.
    pub name: String,
    /// The model's version.
    #[serde(default)]
    pub version: String,
    /// SPDX identifier of the licence of its weights.
    #[serde(default)]
    pub license: Option<String>,
    /// What it finds: `signs`, for instance.
    pub find: String,
    /// What goes in.
    pub input: Input,
    /// The form of its output.
    pub head: Head,
    /// Score from which a detection counts, 0–1.
    #[serde(default = "default_confidence")]
    pub confidence: f32,
    /// Share of their union that two boxes of one thing have in common, from which the weaker one is dropped.
    #[serde(default = "default_iou")]
    pub iou: f32,
    /// Whether a thing has one class only, so that boxes of different classes suppress each other.
    #[serde(default)]
    pub exclusive: bool,
    /// How the things belong together.
    #[serde(default)]
    pub together: Together,
    /// How scores become probabilities; without it they are taken as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibrations>,
    /// The classifier that reads what exactly a detected thing is: a file beside this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<String>,
    /// The classes, in the order of the model's outputs.
    pub classes: Vec<Class>,
}

/// How scores become probabilities. A 360° picture is seen in many more views than a flat one, each with its own
/// chances of a false find, so the same score is worth less there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibrations {
    /// In perspective pictures.
    pub flat: Calibration,
    /// In 360° pictures.
    pub sphere: Calibration,
}

/// The picture that a model takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Width, pixels: a multiple of 32.
    pub width: u32,
    /// Height, pixels: a multiple of 32.
    pub height: u32,
    /// Height of the narrow views of 360° pictures, where it is less: a multiple of 32 as well.
    #[serde(default)]
    pub narrow_height: Option<u32>,
    /// Order of the colours.
    #[serde(default)]
    pub channels: Channels,
    /// What is subtracted from the values 0–255 of the channels, in their order.
    #[serde(default)]
    pub mean: [f32; 3],
    /// What the values are then divided by.
    #[serde(default = "default_sd")]
    pub std: [f32; 3],
    /// Grey that fills what a view leaves free, 0–255.
    #[serde(default = "default_pad")]
    pub pad: u8,
}

impl Input {
    /// Width and height, pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The sizes of the views.
    pub fn view_sizes(&self) -> ViewSizes {
        ViewSizes { usual: self.size(), narrow: (self.width, self.narrow_height.unwrap_or(self.height)) }
    }
}

/// Order of the colours of a model's input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red first.
    #[default]
    Rgb,
    /// Blue first.
    Bgr,
}

/// How things belong together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Together {
    /// Each stands for itself.
    #[default]
    Nothing,
    /// Several may hang on one pole.
    Support,
    /// Several may be one installation, of which the surface counts.
    Installation,
}

/// One class of a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The model's own name of it.
    pub name: String,
    /// A name for people.
    #[serde(default)]
    pub label: Option<String>,
    /// The sign code or other identifier that the inventory uses, where one is known.
    #[serde(default)]
    pub code: Option<String>,
    /// What the sign says: `50`.
    #[serde(default)]
    pub value: Option<String>,
    /// Height of the thing, metres, where things of the class have about the same.
    #[serde(default)]
    pub height_m: Option<f64>,
    /// Standard deviation of the height, metres.
    #[serde(default)]
    pub height_sd_m: Option<f64>,
    /// Width over height of the thing seen from its front, where things of the class have about the same.
    #[serde(default)]
    pub aspect: Option<f64>,
    /// Tags for OpenStreetMap.
    #[serde(default)]
    pub osm_tags: Option<String>,
    /// Whether the class only catches what is not looked for: its detections never become data.
    #[serde(default)]
    pub reject: bool,
}

impl Class {
    /// The class that a name stands for, which may be the code of a French sign.
    pub fn of_name(name: String) -> Self {
        let (code, value) = match taxonomy::named(&name) {
            Some(named) => (Some(named.sign.code.to_owned()), named.value.map(str::to_owned)),
            None => (None, None),
        };
        Self { reject: taxonomy::is_reject(&name), name, code, value, ..Self::default() }
    }

    /// The same with its name in a language and its tags for OpenStreetMap, where they are known.
    pub fn in_language(mut self, language: Language) -> Self {
        if let Some(sign) = self.code.as_deref().and_then(taxonomy::sign) {
            self.label = Some(sign.name(language).to_owned());
            self.osm_tags = self.osm_tags.or_else(|| Some(sign.tag(self.value.as_deref())));
        } else if let Some(name) = taxonomy::class_name(&self.name, language) {
            self.label = Some(name.to_owned());
            self.osm_tags = self.osm_tags.or_else(|| taxonomy::solar(&self.name).map(|solar| solar.tags.to_owned()));
        }
        self
    }

    /// The class as the inventory names it: the code where there is one.
    pub fn inventory_name(&self) -> &str {
        self.code.as_deref().unwrap_or(&self.name)
    }

    /// The name for people.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    /// Height and its standard deviation, metres, where both make sense.
    pub fn height(&self) -> Option<(f64, f64)> {
        let height = self.height_m.filter(|h| h.is_finite() && *h > 0.0)?;
        // Without a stated spread, a quarter: French signs come in five sizes.
        Some((height, self.height_sd_m.filter(|sd| sd.is_finite() && *sd > 0.0).unwrap_or(height / 4.0)))
    }
}

fn default_confidence() -> f32 {
    0.25
}

fn default_iou() -> f32 {
    0.5
}

fn default_sd() -> [f32; 3] {
    [1.0; 3]
}

fn default_pad() -> u8 {
    114
}

impl Manifest {
    /// Reads the manifest at `path`; `None` where there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, ModelError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ModelError::File { path: path.to_owned(), why: error.to_string() }),
        };
        Self::parse(&text).map(Some).map_err(|why| ModelError::Manifest { path: path.to_owned(), why })
    }

    /// The manifest that a text holds, or what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = serde_json::from_str(text).map_err(|error| {
            format!("not a manifest of a model: {error}. models/README.md of arpent says what one holds")
        })?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        check_size(self.input.size())?;
        check_size(self.input.view_sizes().narrow)?;
        if self.input.narrow_height > Some(self.input.height) {
            return Err("narrow_height is more than the height of the input".to_owned());
        }
        if self.classes.is_empty() {
            return Err("it names no class".to_owned());
        }
        if self.input.std.iter().any(|sd| !sd.is_finite() || *sd == 0.0) {
            return Err("the input's std has a zero: values are divided by it".to_owned());
        }
        if self.calibration.is_some_and(|c| !c.flat.is_sound() || !c.sphere.is_sound()) {
            return Err("the calibration's scales must be positive, and no number above a million".to_owned());
        }
        // The file lies beside the manifest, not anywhere else.
        if self.classifier.as_deref().is_some_and(|file| file.is_empty() || file.contains(['/', '\\'])) {
            return Err("classifier must be the name of a file beside the manifest".to_owned());
        }
        for (name, value) in [("confidence", self.confidence), ("iou", self.iou)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(format!("{name} is {value}: it must be between 0 and 1"));
            }
        }
        Ok(())
    }

    /// The manifest of a model that carries the names of its classes in its metadata, as the YOLO exporters write it.
    pub(super) fn from_names(name: &str, names: &str, size: (u32, u32), head: Head) -> Result<Self, String> {
        let classes =
            parse_names(names).ok_or_else(|| format!("its metadata 'names' is not readable: {names:.80}"))?;
        let manifest = Self {
            name: name.to_owned(),
            version: String::new(),
            license: None,
            find: name.to_owned(),
            input: Input {
                width: size.0,
                height: size.1,
                narrow_height: None,
                channels: Channels::Rgb,
                mean: [0.0; 3],
                std: [255.0; 3],
                pad: default_pad(),
            },
            head,
            confidence: default_confidence(),
            iou: default_iou(),
            exclusive: false,
            together: Together::default(),
            calibration: None,
            classifier: None,
            classes: classes.into_iter().map(Class::of_name).collect(),
        };
        manifest.check()?;
        Ok(manifest)
    }

    /// How a score of a perspective picture, or of a 360° one, becomes a probability.
    pub fn calibration(&self, sphere: bool) -> Calibration {
        self.calibration.map_or(Calibration::NONE, |c| if sphere { c.sphere } else { c.flat })
    }

    /// How pixels become the model's numbers.
    pub fn scaling(&self) -> Scaling {
        let blue_first = self.input.channels == Channels::Bgr;
        // The manifest's figures are in the channels' order, the scaling's in that of red, green, blue.
        let in_rgb = |v: [f32; 3]| if blue_first { [v[2], v[1], v[0]] } else { v };
        Scaling { mean: in_rgb(self.input.mean), sd: in_rgb(self.input.std), pad: self.input.pad, blue_first }
    }
}

/// Refuses an input that is no picture of a sensible size.
pub(super) fn check_size((width, height): (u32, u32)) -> Result<(), String> {
    if [width, height].iter().any(|side| *side == 0 || side % 32 != 0 || *side > 4096) {
        return Err(format!("the input is {width} × {height}: both must be multiples of 32, at most 4096"));
    }
    Ok(())
}

/// The names of a Python dictionary or list such as `{0: 'stop', 1: "cat's eye"}`, in order.
pub(super) fn parse_names(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\'' && letter != '"' {
            continue;
        }
        let mut name = String::new();
        loop {
            match letters.next()? {
                '\\' => name.push(letters.next()?),
                end if end == letter => break,
                other => name.push(other),
            }
        }
        names.push(name);
    }
    (!names.is_empty()).then_some(names)
}

/// The sizes in a Python list such as `[640, 640]`, as (width, height); the exporters write the height first.
pub(super) fn parse_size(text: &str) -> Option<(u32, u32)> {
    let numbers: Vec<u32> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|s| !s.is_empty()).filter_map(|s| s.parse().ok()).collect();
    match numbers[..] {
        [side] => Some((side, side)),
        [height, width] => Some((width, height)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_exporters_are_read() {
        let names = parse_names(r#"{0: 'stop', 1: "cat's eye", 2: 'it\'s'}"#).unwrap();
        assert_eq!(names, ["stop", "cat's eye", "it's"]);
        assert_eq!(parse_names("['a', 'b']").unwrap(), ["a", "b"]);
        assert_eq!(parse_names("{0: 'open"), None);
        assert_eq!(parse_names("{}"), None);
        assert_eq!(parse_size("[384, 640]"), Some((640, 384)));
        assert_eq!(parse_size("640"), Some((640, 640)));
        assert_eq!(parse_size("auto"), None);
    }

    #[test]
    fn a_class_is_called_what_its_sign_is() {
        let limit = Class::of_name("B14-50".to_owned()).in_language(Language::Fr);
        assert_eq!((limit.inventory_name(), limit.value.as_deref()), ("B14", Some("50")));
        assert_eq!(limit.label(), "Limitation de vitesse");
        assert_eq!(limit.osm_tags.as_deref(), Some("traffic_sign=FR:B14[50]"));
        let danger = Class { label: Some("Danger warning sign".into()), ..Class::of_name("danger".into()) };
        assert_eq!(danger.clone().in_language(Language::En).label(), "Danger warning sign");
        assert_eq!(danger.in_language(Language::Fr).label(), "Panneau de danger");
        let own = Class { label: Some("Cat".into()), ..Class::of_name("cat".into()) };
        assert_eq!(own.clone().in_language(Language::Fr), own);
        assert!(Class::of_name("A00".into()).reject && !own.reject);
    }

    #[test]
    fn a_wrong_manifest_says_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.json");
        assert!(Manifest::read(&path).unwrap().is_none());
        let manifest = |input: &str, more: &str| {
            format!(
                r#"{{"name": "m", "find": "signs", "input": {input}, "head": "yolox", "classes": [{{"name": "a"}}]{more}}}"#
            )
        };
        let good = r#"{"width": 640, "height": 640}"#;
        for (text, expected) in [
            ("{".to_owned(), "not a manifest"),
            (manifest(good, r#", "colour": 1"#), "unknown field `colour`"),
            (manifest(r#"{"width": 100, "height": 640}"#, ""), "multiples of 32"),
            (manifest(good, r#", "confidence": 7"#), "between 0 and 1"),
            (manifest(r#"{"width": 640, "height": 640, "std": [0,1,1]}"#, ""), "divided"),
            (manifest(good, r#", "classifier": "../x.onnx""#), "beside the manifest"),
            (
                manifest(
                    good,
                    r#", "calibration": {"flat": {"scale": 0, "shift": 0}, "sphere": {"scale": 1, "shift": 0}}"#,
                ),
                "positive",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let message = Manifest::read(&path).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("m.json"), "{message}");
        }
        std::fs::write(&path, manifest(good, "")).unwrap();
        assert_eq!(Manifest::read(&path).unwrap().unwrap().confidence, 0.25);
    }

    #[test]
    fn figures_follow_their_channels() {
        let mut manifest = Manifest::from_names("m", "['a']", (640, 640), Head::Yolov8).unwrap();
        manifest.input.channels = Channels::Bgr;
        manifest.input.mean = [1.0, 2.0, 3.0];
        assert_eq!(manifest.scaling().mean, [3.0, 2.0, 1.0]);
    }
}
