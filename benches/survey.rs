//! Views per second of a survey over local pictures, against bare ONNX Runtime plus bare decoding of the same.
//!
//! `cargo bench --bench survey -- [DIR] [--copies N] [--rounds N] [--delay-ms N]` (default: examples/street, each picture
//! 5 times, 5 rounds, 50 ms). All use all cores, in one run and by turns. The peer decodes every picture and runs blank
//! tensors of the same sizes through the same model as often as the survey has views; it lists, cuts, suppresses, reads
//! codes, locates and writes nothing. The ratio is the survey's views per second over the peer's, each at the median of
//! its rounds. The same survey is also run over HTTP, from a server in this process that waits a while before each answer.

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use arpent::area::Area;
use arpent::camera::Lens;
use arpent::model::{Model, SHIPPED, runtime};
use arpent::picture::{Image, Picture};
use arpent::source::{Folder, Panoramax, Query, Source};
use arpent::survey::{self, Progress, Settings};
use arpent::view::{Plan, decode};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;
use support::server::{Reply, Server};
use support::street;
use tempfile::TempDir;

struct Silence;

impl Progress for Silence {
    fn listed(&mut self, _: usize) {}
    fn looked(&mut self, _: &Picture, _: usize, _: Option<&str>) {}
}

fn main() -> Result<()> {
    let mut folder = PathBuf::from("examples/street");
    let (mut copies, mut rounds, mut delay) = (5, 5, Duration::from_millis(50));
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--copies" => copies = arguments.next().context("--copies N")?.parse()?,
            "--rounds" => rounds = arguments.next().context("--rounds N")?.parse()?,
            "--delay-ms" => delay = Duration::from_millis(arguments.next().context("--delay-ms N")?.parse()?),
            path => folder = PathBuf::from(path),
        }
    }
    let environment = runtime::load(None)?;
    let shipped = SHIPPED.first().context("a shipped detector")?;
    let model = Model::shipped(shipped, environment)?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let copied = copied(&folder, copies)?;
    let (pictures, views) = read(copied.path(), &model)?;
    let total: usize = views.iter().map(Vec::len).sum();
    println!("{}: {} pictures, {total} views, {jobs} workers", folder.display(), pictures.len());

    let source = Folder::open(copied.path())?;
    let listed = source.list(&Query::default())?.pictures;
    let server = serve(&listed, &pictures, delay);
    let far = Panoramax::new(&server.url("/api"), None)?;
    let everywhere = Query { area: Some(around(&listed)?), ..Query::default() };
    let settings = Settings { jobs, max_pictures: None, min_sightings: 1 };
    let survey = |source: &dyn Source, query: &Query| -> Result<f64> {
        let began = Instant::now();
        let inventory = survey::run(source, query, &model, &settings, &mut Silence, &AtomicBool::new(false))?;
        let counts = &inventory.lineage.pictures;
        anyhow::ensure!(counts.done + counts.empty == pictures.len(), "not every picture was looked at");
        Ok(total as f64 / began.elapsed().as_secs_f64())
    };
    let (mut ours, mut fars, mut peers) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        ours.push(survey(&source, &Query::default())?);
        fars.push(survey(&far, &everywhere)?);

        let began = Instant::now();
        let session = || -> Result<Session, ort::Error> {
            Session::builder(environment)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_threads(1)?
                .with_inter_threads(1)?
                .commit_from_memory(shipped.onnx)
        };
        bare(&pictures, &views, jobs, session)?;
        peers.push(total as f64 / began.elapsed().as_secs_f64());
        let [ours, fars, peers] = [&ours, &fars, &peers].map(|rates| rates[round - 1]);
        println!("round {round}: survey {ours:.1} views/s, over HTTP {fars:.1} views/s, bare {peers:.1} views/s");
    }
    let [ours, fars, peers] = [ours, fars, peers].map(median);
    println!("median: survey {ours:.1} views/s, bare {peers:.1} views/s, ratio {:.3}", ours / peers);
    println!("over HTTP with {} ms delay: {fars:.1} views/s, {:.3} of local", delay.as_millis(), fars / ours);
    Ok(())
}

/// A folder in which the pictures of another lie so many times, so that starting a survey weighs as little as it does in
/// one of a commune.
fn copied(folder: &Path, copies: usize) -> Result<TempDir> {
    let copied = tempfile::tempdir()?;
    let pictures = Folder::open(folder)?.list(&Query::default())?.pictures;
    for copy in 0..copies {
        for picture in &pictures {
            let Image::File(path) = &picture.image else { continue };
            let place = copied.path().join(copy.to_string()).join(&picture.id);
            std::fs::create_dir_all(place.parent().context("a picture lies in a folder")?)?;
            std::fs::copy(path, place)?;
        }
    }
    Ok(copied)
}

/// The sizes of a picture's views, pixels.
type Views = Vec<(u32, u32)>;

/// The files of a folder, and the sizes of the views that a survey has of each.
fn read(folder: &Path, model: &Model) -> Result<(Vec<Vec<u8>>, Vec<Views>)> {
    let source = Folder::open(folder)?;
    let mut files = Vec::new();
    let mut views = Vec::new();
    for picture in source.list(&Query::default())?.pictures {
        let bytes = source.fetch(&picture)?;
        let (width, height) = decode(&bytes)?.image.dimensions();
        views.push(Plan::new(&Lens::new(&picture.camera, width, height), width, height, model.view_sizes()).sizes());
        files.push(bytes);
    }
    Ok((files, views))
}

/// A server that offers these pictures and waits before each answer.
fn serve(pictures: &[Picture], files: &[Vec<u8>], delay: Duration) -> Server {
    let listing = street::search_answer(pictures);
    let files: HashMap<String, Vec<u8>> =
        pictures.iter().map(|picture| format!("/files/{}", picture.id)).zip(files.iter().cloned()).collect();
    Server::start(move |request| {
        std::thread::sleep(delay);
        match files.get(request.path()) {
            Some(file) => Reply::jpeg(file.clone()),
            None => Reply::json(listing.clone()),
        }
    })
}

/// A box round all pictures.
fn around(pictures: &[Picture]) -> Result<Area> {
    const MARGIN_DEG: f64 = 1e-4;
    let bounds = |of: fn(&Picture) -> f64| {
        let all = pictures.iter().map(of);
        (all.clone().fold(f64::MAX, f64::min) - MARGIN_DEG, all.fold(f64::MIN, f64::max) + MARGIN_DEG)
    };
    let ((west, east), (south, north)) = (bounds(|p| p.lon_deg), bounds(|p| p.lat_deg));
    Ok(Area::parse_bbox(&format!("{west},{south},{east},{north}"))?)
}

/// Decodes every picture and runs a blank tensor as often as it has views.
fn bare(
    pictures: &[Vec<u8>],
    views: &[Views],
    jobs: usize,
    session: impl Fn() -> Result<Session, ort::Error> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        let mut session = session()?;
        let mut tensor = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(bytes) = pictures.get(index) else { return Ok(()) };
            std::hint::black_box(image::load_from_memory(bytes)?.into_rgb8());
            for (width, height) in &views[index] {
                let shape = [1, 3, *height as usize, *width as usize];
                tensor.resize(shape.iter().product(), 0.0_f32);
                let value = TensorRef::from_array_view((shape, tensor.as_slice()))?;
                std::hint::black_box(session.run(ort::inputs![value])?);
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))?)
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
