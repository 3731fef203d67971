//! How a survey tells how far it is: a bar on a terminal, plain lines elsewhere, all on standard error.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use arpent::picture::Picture;
use arpent::survey::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use super::count;
use super::log::TOLD;

/// A bar for so many things that are done one by one, on a terminal alone.
pub fn bar(total: usize, what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(&format!("{{wide_bar}} {{pos}} of {{len}} {what}"));
    ProgressBar::new(total as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Plain lines come no closer than this.
const LINE_EVERY: Duration = Duration::from_secs(15);
/// So many failures are told as they happen; all are in the result.
const TOLD_FAILURES: usize = 10;

pub struct Teller {
    bar: Option<ProgressBar>,
    began: Instant,
    last_line: Instant,
    total: usize,
    looked: usize,
    failed: usize,
    detections: usize,
}

impl Teller {
    pub fn new() -> Self {
        let now = Instant::now();
        let bar =
            std::io::stderr().is_terminal().then(|| ProgressBar::new_spinner().with_message("listing the pictures"));
        if let Some(bar) = &bar {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { bar, began: now, last_line: now, total: 0, looked: 0, failed: 0, detections: 0 }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell!("{line}")),
            None => tell!("{line}"),
        }
    }

    /// How it goes: `12 of 100 pictures, 3.1 a second, 45 detections, 1 failed, 28 s left`.
    fn state(&self) -> String {
        let rate = self.looked as f64 / self.began.elapsed().as_secs_f64().max(1e-3);
        let left = duration(self.total.saturating_sub(self.looked) as f64 / rate.max(1e-9));
        let Self { looked, total, failed, .. } = self;
        let found = count(self.detections, "detection");
        format!("{looked} of {total} pictures, {rate:.1} a second, {found}, {failed} failed, {left} left")
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Teller {
    fn known(&mut self, pictures: usize) {
        if pictures > 0 {
            self.say(&format!("{} looked at before", count(pictures, "picture")));
        }
    }

    fn listed(&mut self, pictures: usize) {
        self.total = pictures;
        self.began = Instant::now();
        self.last_line = self.began;
        self.say(&format!("{} to look at", count(pictures, "picture")));
        if let Some(bar) = &self.bar {
            let style = ProgressStyle::with_template("{wide_bar} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_length(pictures as u64);
            bar.set_message(self.state());
        }
    }

    fn looked(&mut self, picture: &Picture, detections: usize, failure: Option<&str>) {
        self.looked += 1;
        self.detections += detections;
        if let Some(reason) = failure {
            self.failed += 1;
            if self.failed <= TOLD_FAILURES {
                self.say(&format!("{}: {reason}", picture.id));
            }
            if self.failed == TOLD_FAILURES {
                self.say("further failures are only counted here; the result names them");
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_message(self.state());
            bar.set_position(self.looked as u64);
        }
        if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            match &self.bar {
                // The bar says it already; a log wants to know as well.
                Some(_) => ::log::info!(target: TOLD, "{}", self.state()),
                None => tell!("{}", self.state()),
            }
        }
    }
}

/// A duration as people say it.
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    if seconds < 90.0 {
        format!("{:.0} s", seconds.ceil())
    } else if seconds < 90.0 * 60.0 {
        format!("{:.0} min", seconds / 60.0)
    } else if seconds < 36.0 * 3600.0 {
        format!("{:.1} h", seconds / 3600.0)
    } else {
        format!("{:.1} days", seconds / 86400.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_readable() {
        assert_eq!(
            [0.2, 75.0, 600.0, 7200.0, 200_000.0].map(duration),
            ["1 s", "75 s", "10 min", "2.0 h", "2.3 days"]
        );
    }
}
