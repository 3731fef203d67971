//! Pictures on one host and on several.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use arpent::model::{Model, SHIPPED, runtime};
use arpent::picture::{Image, Picture};
use arpent::source::{FetchError, Listing, Query, Source, SourceError};
use arpent::survey::{self, Progress, Settings};

use super::file;
use super::support::street;

/// A source on two hosts: one gives nothing before all is had of the other.
struct TwoHosts {
    pictures: Vec<Picture>,
    left: Mutex<usize>,
    changed: Condvar,
    timed_out: AtomicUsize,
}

const SLOW: usize = 8;

impl Source for TwoHosts {
    fn list_in_parts(&self, _: &Query, take: &mut dyn FnMut(Listing) -> ControlFlow<()>) -> Result<(), SourceError> {
        let _ = take(Listing { pictures: self.pictures.clone(), ..Listing::default() });
        Ok(())
    }

    fn fetch(&self, picture: &Picture) -> Result<Vec<u8>, FetchError> {
        let mut left = self.left.lock().unwrap();
        if picture.image.host() == Some("fast.example") {
            *left -= 1;
            self.changed.notify_all();
        } else {
            let waited = self.changed.wait_timeout_while(left, Duration::from_secs(60), |left| *left > 0).unwrap().1;
            self.timed_out.fetch_add(usize::from(waited.timed_out()), Ordering::Relaxed);
        }
        Ok(file(&picture.id))
    }

    fn connections(&self) -> usize {
        2
    }

    fn root(&self) -> String {
        "two hosts".to_owned()
    }
}

pub(super) struct Silent;

impl Progress for Silent {
    fn listed(&mut self, _: usize) {}
    fn looked(&mut self, _: &Picture, _: usize, _: Option<&str>) {}
}

#[test]
fn a_paused_host_does_not_stop_the_others() {
    let mut pictures = street::first_pass(14);
    for (number, picture) in pictures.iter_mut().enumerate() {
        let host = if number < SLOW { "slow.example:8080" } else { "fast.example" };
        picture.image = Image::Url(format!("https://{host}/files/{}", picture.id));
    }
    let left = Mutex::new(pictures.len() - SLOW);
    let source = TwoHosts { pictures, left, changed: Condvar::new(), timed_out: AtomicUsize::new(0) };
    let model = Model::shipped(&SHIPPED[0], runtime::load(None).unwrap()).unwrap();
    let settings = Settings { jobs: 2, max_pictures: None, min_sightings: 1 };
    let query = Query::default();
    let inventory = survey::run(&source, &query, &model, &settings, &mut Silent, &AtomicBool::new(false)).unwrap();
    assert_eq!(source.timed_out.load(Ordering::Relaxed), 0);
    assert_eq!((inventory.lineage.pictures.found, inventory.lineage.pictures.failed), (14, 0));
}

/// A folder whose files are counted as they are read.
struct Counted {
    pictures: Vec<Picture>,
    read: Arc<(Mutex<usize>, Condvar)>,
}

impl Source for Counted {
    fn list_in_parts(&self, _: &Query, take: &mut dyn FnMut(Listing) -> ControlFlow<()>) -> Result<(), SourceError> {
        let _ = take(Listing { pictures: self.pictures.clone(), ..Listing::default() });
        Ok(())
    }

    fn fetch(&self, picture: &Picture) -> Result<Vec<u8>, FetchError> {
        *self.read.0.lock().unwrap() += 1;
        self.read.1.notify_all();
        Ok(file(&picture.id))
    }

    fn root(&self) -> String {
        "counted".to_owned()
    }
}

/// Waits with the first picture until every worker has had one to look at.
struct WaitsForAll {
    read: Arc<(Mutex<usize>, Condvar)>,
    jobs: usize,
    has_waited: bool,
    timed_out: bool,
}

impl Progress for WaitsForAll {
    fn listed(&mut self, _: usize) {}
    fn looked(&mut self, _: &Picture, _: usize, _: Option<&str>) {
        if !std::mem::replace(&mut self.has_waited, true) {
            let (read, changed) = (self.read.0.lock().unwrap(), &self.read.1);
            let waited =
                changed.wait_timeout_while(read, Duration::from_secs(20), |read| *read <= self.jobs).unwrap();
            self.timed_out = waited.1.timed_out();
        }
    }
}

#[test]
fn one_downloader_keeps_all_workers_busy() {
    let read = Arc::new((Mutex::new(0), Condvar::new()));
    let source = Counted { pictures: street::first_pass(14), read: Arc::clone(&read) };
    let model = Model::shipped(&SHIPPED[0], runtime::load(None).unwrap()).unwrap();
    let settings = Settings { jobs: 2, max_pictures: None, min_sightings: 1 };
    let mut progress = WaitsForAll { read, jobs: settings.jobs, has_waited: false, timed_out: false };
    survey::run(&source, &Query::default(), &model, &settings, &mut progress, &AtomicBool::new(false)).unwrap();
    assert!(progress.has_waited && !progress.timed_out);
}
