//! A model file made ready to run.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use image::RgbImage;
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{TensorElementType, TensorRef, ValueType};

use super::classifier::{Classifier, ClassifierModel};
use super::head::Candidate;
use super::manifest::{check_size, parse_names, parse_size};
use super::suppress::suppress;
use super::{Class, ClassifierManifest, Detection, Head, Manifest, ModelError, Reading, Shipped, Verdict, agree};
use crate::taxonomy::Language;
use crate::view::{Canvas, Plan, ViewSizes};

/// What the score of a box at the edge of a view is multiplied by: another view shows the thing whole.
const CUT_SCORE: f32 = 0.5;

/// A detector's file and manifest, checked, to make [`Detector`]s of.
pub struct Model {
    path: PathBuf,
    bytes: Vec<u8>,
    manifest: Manifest,
    sha256: String,
    classifier: Option<ClassifierModel>,
    language: Language,
    environment: &'static Environment,
    /// The session in which the model was tried, for the first detector.
    tried: Mutex<Option<Session>>,
}

/// One session of a model, with one thread. A worker has one of its own.
pub struct Detector {
    session: Session,
    manifest: Manifest,
    canvas: Canvas,
    classifier: Option<Classifier>,
}

impl Model {
    /// Reads `path` and the manifest beside it, or its metadata, and tries the model on an empty picture.
    pub fn open(path: &Path, environment: &'static Environment) -> Result<Self, ModelError> {
        let bytes = std::fs::read(path)
            .map_err(|error| ModelError::File { path: path.to_owned(), why: error.to_string() })?;
        let manifest = Manifest::read(&path.with_extension("json"))?;
        let classifier = match manifest.as_ref().and_then(|manifest| manifest.classifier.as_ref()) {
            Some(file) => Some(ClassifierModel::open(&path.with_file_name(file), environment)?),
            None => None,
        };
        Self::from_parts(path, bytes, manifest, classifier, environment)
    }

    /// A detector that came with the program.
    pub fn shipped(shipped: &Shipped, environment: &'static Environment) -> Result<Self, ModelError> {
        let path = Path::new(shipped.file);
        let manifest = Manifest::parse(shipped.manifest)
            .map_err(|why| ModelError::Manifest { path: path.with_extension("json"), why })?;
        let name = manifest.classifier.clone().unwrap_or_default();
        let classifier = match &shipped.classifier {
            Some(c) => Some(ClassifierModel::from_parts(Path::new(&name), c.onnx.to_vec(), c.manifest, environment)?),
            None => None,
        };
        Self::from_parts(path, shipped.onnx.to_vec(), Some(manifest), classifier, environment)
    }

    /// A model whose bytes and manifest are at hand; `path` names it in messages.
    fn from_parts(
        path: &Path,
        bytes: Vec<u8>,
        manifest: Option<Manifest>,
        classifier: Option<ClassifierModel>,
        environment: &'static Environment,
    ) -> Result<Self, ModelError> {
        let mut session = session(environment, &bytes, path)?;
        let manifest = match manifest {
            Some(manifest) => manifest,
            None => described_by_metadata(&mut session, path)?,
        };
        let sha256 = super::sha256(&bytes);
        let language = Language::default();
        let (path, tried) = (path.to_owned(), Mutex::default());
        let mut model = Self { path, bytes, manifest, sha256, classifier, language, environment, tried };
        model.try_out(&mut session)?;
        model.tried = Mutex::new(Some(session));
        Ok(model)
    }

    /// What the model is.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What its classifier is, and the SHA-256 of its file, where it has one.
    pub fn classifier(&self) -> Option<(&ClassifierManifest, &str)> {
        self.classifier.as_ref().map(|classifier| (&classifier.manifest, classifier.sha256.as_str()))
    }

    /// SHA-256 of the file, lower-case hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Counts a detection from this score on, whatever the manifest says.
    pub fn set_confidence(&mut self, confidence: f32) {
        self.manifest.confidence = confidence;
    }

    /// Names things for people in this language, in English otherwise.
    pub fn set_language(&mut self, language: Language) {
        self.language = language;
    }

    /// What a thing is that the detector takes for `class` and on which `readings` were read: the classifier's class
    /// with its probability where the readings agree well enough, else the detector's.
    ///
    /// A thing that is surely none of the classifier's loses the code that the detector's class stands for.
    pub fn class_of(&self, class: usize, readings: &[Reading]) -> Option<(Class, Option<f64>)> {
        let detected = self.manifest.classes.get(class)?;
        let verdict = self.classifier.as_ref().zip(agree(readings)).map(|(c, read)| c.manifest.verdict(read));
        let (class, probability) = match verdict {
            Some(Verdict::Is(read, probability)) => {
                // A name for people is worth having, if only that of the family.
                let label = read.label.clone().or_else(|| detected.label.clone());
                (Class { label, ..read.clone() }, Some(probability))
            }
            Some(Verdict::None) => (Class { code: None, value: None, osm_tags: None, ..detected.clone() }, None),
            Some(Verdict::Unsure) | None => (detected.clone(), None),
        };
        Some((class.in_language(self.language), probability))
    }

    /// The reading that says a code, and what stands on the sign, with a probability; `None` where the classifier does
    /// not know them.
    pub fn reading_of(&self, code: &str, value: Option<&str>, probability: f32) -> Option<Reading> {
        let classes = &self.classifier.as_ref()?.manifest.classes;
        let is_code = |own: &str| own.eq_ignore_ascii_case(code);
        let is_it = |class: &Class| class.code.as_deref().is_some_and(is_code) && class.value.as_deref() == value;
        let class = classes.iter().position(is_it)?;
        Some(Reading::of_one(u16::try_from(class).ok()?, probability))
    }

    /// The sizes of the views that it takes.
    pub fn view_sizes(&self) -> ViewSizes {
        self.manifest.input.view_sizes()
    }

    /// A detector with a session of its own.
    pub fn detector(&self) -> Result<Detector, ModelError> {
        let tried = self.tried.lock().ok().and_then(|mut tried| tried.take());
        Ok(Detector {
            session: tried.map_or_else(|| session(self.environment, &self.bytes, &self.path), Ok)?,
            canvas: Canvas::new(self.manifest.scaling(), self.view_sizes()),
            manifest: self.manifest.clone(),
            classifier: self.classifier.as_ref().map(|model| model.classifier(self.environment)).transpose()?,
        })
    }

    /// Runs the model once, so that one that does not fit its manifest is refused before the survey starts.
    fn try_out(&self, session: &mut Session) -> Result<(), ModelError> {
        let found = describe(session);
        let misfit = |why: String| ModelError::NotUnderstood { path: self.path.clone(), found: found.clone(), why };
        fixed_size(session).map_err(&misfit)?;
        let ViewSizes { usual, narrow } = self.view_sizes();
        let (head, classes) = (self.manifest.head, self.manifest.classes.len());
        for (width, height) in if narrow == usual { vec![usual] } else { vec![usual, narrow] } {
            let shape = output_shape(session, (width, height)).map_err(&misfit)?;
            let expected = head.shape((width, height), classes);
            if shape != expected {
                return Err(misfit(format!(
                    "its output has the shape {shape:?}, but a {head:?} head with {classes} classes at {width} × \
                     {height} has {expected:?}"
                )));
            }
        }
        Ok(())
    }
}

impl Detector {
    /// The sizes of the views that it takes.
    pub fn view_sizes(&self) -> ViewSizes {
        self.manifest.input.view_sizes()
    }

    /// What the detector sees in an upright picture, best first. `plan` must be made for pictures of its size.
    pub fn detect(&mut self, picture: &RgbImage, plan: &Plan) -> Result<Vec<Detection>, ModelError> {
        let Self { session, manifest, canvas, classifier } = self;
        let calibration = manifest.calibration(plan.is_sphere());
        let least = calibration.least_score(manifest.confidence);
        let mut found = Vec::new();
        let mut candidates = Vec::new();
        plan.cut(picture, canvas, |view, tensor| {
            candidates.clear();
            run(session, manifest, least, plan.size(view), tensor, &mut candidates)?;
            for candidate in &candidates {
                let factor = if plan.is_cut(view, candidate.found) { CUT_SCORE } else { 1.0 };
                let score = candidate.score * factor;
                if score >= least
                    && let Some(pixels) = plan.to_picture(view, candidate.found)
                {
                    found.push(Detection { class: candidate.class, score, reading: None, pixels });
                }
            }
            Ok(())
        })?;
        let mut kept = suppress(found, manifest.iou, manifest.exclusive, plan.period());
        kept.retain(|d| manifest.classes.get(d.class).is_some_and(|class| !class.reject));
        for detection in &mut kept {
            if let Some(classifier) = classifier {
                detection.reading = Some(classifier.read(picture, detection.pixels, plan.period())?);
            }
            detection.score = calibration.probability(detection.score, detection.reading.as_ref());
        }
        kept.retain(|detection| detection.score >= manifest.confidence);
        kept.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(kept)
    }
}

/// Runs the model on the tensor of one view of a size and adds what scores at least `least` to `candidates`.
fn run(
    session: &mut Session,
    manifest: &Manifest,
    least: f32,
    size: (u32, u32),
    tensor: &[f32],
    candidates: &mut Vec<Candidate>,
) -> Result<(), ModelError> {
    let failed = |error: ort::Error| ModelError::Run(error.to_string());
    let value = TensorRef::from_array_view((tensor_shape(size), tensor)).map_err(failed)?;
    let outputs = session.run(ort::inputs![value]).map_err(failed)?;
    let (_, output) = outputs[0].try_extract_tensor::<f32>().map_err(failed)?;
    manifest.head.read(output, size, manifest.classes.len(), least, candidates);
    Ok(())
}

/// The shape of the output for an empty picture of a size.
fn output_shape(session: &mut Session, size: (u32, u32)) -> Result<Vec<usize>, String> {
    let shape = tensor_shape(size);
    let blank = vec![0.0_f32; shape.iter().product()];
    let value = TensorRef::from_array_view((shape, blank.as_slice())).map_err(|error| error.to_string())?;
    let outputs = session.run(ort::inputs![value]).map_err(|error| format!("it does not run: {error}"))?;
    let (shape, _) = outputs[0].try_extract_tensor::<f32>().map_err(|error| format!("its output: {error}"))?;
    Ok(shape.iter().map(|side| *side as usize).collect())
}

fn tensor_shape((width, height): (u32, u32)) -> [usize; 4] {
    [1, 3, height as usize, width as usize]
}

/// A session with one thread: the survey's workers share the processor, not the sessions.
pub(super) fn session(environment: &Environment, bytes: &[u8], path: &Path) -> Result<Session, ModelError> {
    let build = || -> Result<Session, ort::Error> {
        Session::builder(environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .commit_from_memory(bytes)
    };
    build().map_err(|error| ModelError::NotOnnx { path: path.to_owned(), why: error.to_string() })
}

/// Inputs, outputs and the metadata of use, for messages.
fn describe(session: &Session) -> String {
    let list = |outlets: &[ort::value::Outlet]| {
        outlets.iter().map(|o| format!("{} {}", o.name(), o.dtype())).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("input {}; output {}", list(session.inputs()), list(session.outputs()));
    if let Ok(metadata) = session.metadata() {
        for key in ["names", "imgsz", "task"] {
            if let Some(value) = metadata.custom(key) {
                text += &format!("; {key} {value:.100}");
            }
        }
    }
    text
}

/// The size that the model's input is fixed to, as (width, height); `None` where it takes any.
pub(super) fn fixed_size(session: &Session) -> Result<Option<(u32, u32)>, String> {
    let [input] = session.inputs() else {
        return Err(format!("it has {} inputs", session.inputs().len()));
    };
    let ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } = input.dtype() else {
        return Err("its input is no tensor of 32-bit floats".to_owned());
    };
    match shape[..] {
        [_, channels, height, width] if channels == 3 || channels < 0 => {
            Ok(u32::try_from(width).ok().zip(u32::try_from(height).ok()).filter(|(w, h)| *w > 0 && *h > 0))
        }
        _ => Err("its input is no picture of three channels".to_owned()),
    }
}

/// The manifest of a model that has none beside it.
fn described_by_metadata(session: &mut Session, path: &Path) -> Result<Manifest, ModelError> {
    let found = describe(session);
    manifest_from_metadata(session, path).map_err(|why| ModelError::NotUnderstood {
        path: path.to_owned(),
        found,
        why,
    })
}

fn manifest_from_metadata(session: &mut Session, path: &Path) -> Result<Manifest, String> {
    let (names, size) = {
        let metadata = session.metadata().map_err(|error| error.to_string())?;
        (metadata.custom("names"), metadata.custom("imgsz"))
    };
    let missing =
        || format!("there is no {}, and its metadata names no classes", path.with_extension("json").display());
    let names = names.ok_or_else(missing)?;
    let size = fixed_size(session)?.or_else(|| size.as_deref().and_then(parse_size)).unwrap_or((640, 640));
    check_size(size)?;
    let classes = parse_names(&names).map_or(0, |names| names.len());
    let shape = output_shape(session, size)?;
    let head = Head::of_shape(&shape, size, classes).ok_or_else(|| {
        format!("its output {shape:?} fits no head for {classes} classes at {} × {}", size.0, size.1)
    })?;
    let name = path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy());
    Manifest::from_names(&name, &names, size, head)
}
