//! Views per second of a survey over local pictures, against bare ONNX Runtime plus bare decoding of the same.
//!
//! `cargo bench --bench survey -- [DIR] [--rounds N]` (default: examples/street, 5 rounds). Both use all cores, in one
//! run and by turns. The peer decodes every picture and runs a blank tensor through the same model as often as the
//! survey has views; it lists, cuts, suppresses, locates and writes nothing. The ratio is the survey's views per
//! second over the peer's, each at the median of its rounds.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use arpent::camera::Lens;
use arpent::model::{Model, SHIPPED, runtime};
use arpent::picture::Picture;
use arpent::source::{Folder, Query, Source};
use arpent::survey::{self, Progress, Settings};
use arpent::view::{Plan, decode};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

struct Silence;

impl Progress for Silence {
    fn listed(&mut self, _: usize) {}
    fn looked(&mut self, _: &Picture, _: usize, _: Option<&str>) {}
}

fn main() -> Result<()> {
    let mut folder = PathBuf::from("examples/street");
    let mut rounds = 5;
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next().context("--rounds N")?.parse()?,
            path => folder = PathBuf::from(path),
        }
    }
    let environment = runtime::load(None)?;
    let shipped = SHIPPED.first().context("a shipped detector")?;
    let model = Model::shipped(shipped, environment)?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let (pictures, views) = read(&folder, &model)?;
    let total: usize = views.iter().sum();
    println!("{}: {} pictures, {total} views, {jobs} workers", folder.display(), pictures.len());

    let source = Folder::open(&folder)?;
    let settings = Settings { jobs, max_pictures: None, min_sightings: 1 };
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let began = Instant::now();
        survey::run(&source, &Query::default(), &model, &settings, &mut Silence, &AtomicBool::new(false))?;
        ours.push(total as f64 / began.elapsed().as_secs_f64());

        let began = Instant::now();
        let session = || -> Result<Session, ort::Error> {
            Session::builder(environment)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_threads(1)?
                .with_inter_threads(1)?
                .commit_from_memory(shipped.onnx)
        };
        bare(&pictures, &views, jobs, model.input(), session)?;
        peers.push(total as f64 / began.elapsed().as_secs_f64());
        println!("round {round}: survey {:.1} views/s, bare {:.1} views/s", ours[round - 1], peers[round - 1]);
    }
    let (ours, peers) = (median(ours), median(peers));
    println!("median: survey {ours:.1} views/s, bare {peers:.1} views/s, ratio {:.3}", ours / peers);
    Ok(())
}

/// The files of a folder, and how many views a survey has of each.
fn read(folder: &Path, model: &Model) -> Result<(Vec<Vec<u8>>, Vec<usize>)> {
    let source = Folder::open(folder)?;
    let mut files = Vec::new();
    let mut views = Vec::new();
    for picture in source.list(&Query::default())?.pictures {
        let bytes = source.fetch(&picture)?;
        let (width, height) = decode(&bytes)?.image.dimensions();
        views.push(Plan::new(&Lens::new(&picture.camera, width, height), width, height, model.input()).len());
        files.push(bytes);
    }
    Ok((files, views))
}

/// Decodes every picture and runs a blank tensor as often as it has views.
fn bare(
    pictures: &[Vec<u8>],
    views: &[usize],
    jobs: usize,
    input: (u32, u32),
    session: impl Fn() -> Result<Session, ort::Error> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let (width, height) = (input.0 as usize, input.1 as usize);
    let work = || -> Result<()> {
        let mut session = session()?;
        let tensor = vec![114.0_f32; 3 * width * height];
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(bytes) = pictures.get(index) else { return Ok(()) };
            std::hint::black_box(image::load_from_memory(bytes)?.into_rgb8());
            for _ in 0..views[index] {
                let value = TensorRef::from_array_view(([1, 3, height, width], tensor.as_slice()))?;
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
