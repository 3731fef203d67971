//! How long locating takes, and how that grows with the size of a survey and with the times a town was driven.
//!
//! `cargo bench --bench locate` prints medians of three runs on two threads over a simulated town of `../shared/locate`,
//! tiled, and over the same town driven again and again with errors of its own each time.

use std::path::Path;
use std::time::Instant;

use arpent::locate::tables::Tables;
use arpent::locate::{Traits, locate};
use arpent::model::Together;
use arpent::sighting::{Sighting, Station};
use rayon::ThreadPoolBuilder;

const TOWN: &str = "../shared/locate/sim/fov360-gps1.5-head2-seed21";
const TRAITS: Traits = Traits { is_exclusive: true, together: Together::Support };
const RUNS: usize = 3;

/// Stations and sightings.
struct Town {
    stations: Vec<Station>,
    sightings: Vec<Sighting>,
}

impl Town {
    /// So many copies of a town, each beside the other.
    fn tiled(&self, copies: usize) -> Self {
        // A little more than the town's side.
        self.copied(copies, |copy, station| {
            (station.lon_deg + 0.012 * (copy % 10) as f64, station.lat_deg + 0.008 * (copy / 10) as f64)
        })
    }

    /// A town driven so many times more often: each copy of a sequence is another sequence with another error.
    fn driven(&self, times: usize) -> Self {
        let mut town = self.copied(times, |copy, station| {
            let metres = |what: u64| 1.2 * noise(&[copy as u64, what, hash(&station.sequence_id)]);
            let spread = if copy == 0 { 0.0 } else { 1.0 / 111_195.0 };
            let across = station.lat_deg.to_radians().cos();
            (station.lon_deg + spread * metres(1) / across, station.lat_deg + spread * metres(2))
        });
        for (index, sighting) in town.sightings.iter_mut().enumerate().skip(self.sightings.len()) {
            sighting.azimuth_deg = (sighting.azimuth_deg + 0.3 * noise(&[index as u64])).rem_euclid(360.0);
        }
        town
    }

    fn copied(&self, copies: usize, place: impl Fn(usize, &Station) -> (f64, f64)) -> Self {
        let mut town = Self { stations: Vec::new(), sightings: Vec::new() };
        for copy in 0..copies {
            let first = town.stations.len();
            town.stations.extend(self.stations.iter().map(|station| {
                let (lon_deg, lat_deg) = place(copy, station);
                let named = |id: &str| format!("{id}-{copy}");
                let (picture_id, sequence_id) = (named(&station.picture_id), named(&station.sequence_id));
                Station { picture_id, sequence_id, lon_deg, lat_deg, ..station.clone() }
            }));
            let moved = |s: &Sighting| Sighting { station: first + s.station, ..s.clone() };
            town.sightings.extend(self.sightings.iter().map(moved));
        }
        town
    }

    /// Median of the seconds that locating takes, after telling it.
    fn time(&self, what: &str) -> f64 {
        let mut seconds: Vec<f64> = Vec::new();
        let mut landmarks = 0;
        for _ in 0..RUNS {
            let begin = Instant::now();
            landmarks = locate(&self.stations, &self.sightings, TRAITS).len();
            seconds.push(begin.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let median = seconds[RUNS / 2];
        println!("{what:34} {:>9} sightings {landmarks:>7} landmarks {median:8.2} s", self.sightings.len());
        median
    }
}

/// A number out of others, as the noise of a standard normal distribution is: the sum of twelve uniform ones less six.
fn noise(numbers: &[u64]) -> f64 {
    let mut state = numbers.iter().fold(0x9E37_79B9_7F4A_7C15_u64, |state, n| scramble(state ^ n));
    let mut sum = -6.0;
    for _ in 0..12 {
        state = scramble(state);
        sum += (state >> 11) as f64 / (1_u64 << 53) as f64;
    }
    sum
}

/// The finaliser of SplitMix64.
fn scramble(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0, |state, byte| scramble(state ^ u64::from(byte)))
}

fn main() {
    let table = |name: &str| format!("{TOWN}-{name}.csv.gz");
    if !Path::new(&table("pictures")).exists() {
        println!("skipped: {} is not there", table("pictures"));
        return;
    }
    let tables = Tables::read(Path::new(&table("pictures")), Path::new(&table("sightings"))).expect("tables");
    let town = Town { stations: tables.stations, sightings: tables.sightings };
    ThreadPoolBuilder::new().num_threads(2).build_global().expect("two threads");
    let once = town.time("a town");
    let eight = town.tiled(9).time("nine towns");
    let many = town.tiled(88).time("eighty-eight towns");
    println!("{:34} {:.1} times the sightings, {:.1} times the time", "", 88.0 / 9.0, many / eight);
    for times in [2, 4, 8] {
        let driven = town.driven(times).time(&format!("a town driven {times} times as often"));
        println!("{:34} {times} times the sightings, {:.1} times the time", "", driven / once);
    }
    if let Some(peak) = peak_memory_mb() {
        println!("peak memory of all of this, the tables and their copies included: {peak} MB");
    }
}

/// As Linux tells it.
fn peak_memory_mb() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<usize>().ok()? / 1024)
}
