//! How the hosts that are asked for something are spared: so many requests at a time, so many a second, and none at all
//! while a host asks for a pause, or fails again and again. No host waits for another.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;

/// The longest sleep without a look round.
const NAP: Duration = Duration::from_secs(1);

/// After so many failures in a row a host is left alone for a while, and after each so many more for twice as long.
const FAILURES_IN_A_ROW: u32 = 20;
const MORE_FAILURES: u32 = 4;

/// The longest time that a host is left alone because it fails.
const MAX_REST: Duration = Duration::from_secs(300);

/// What hosts that fail are given.
#[derive(Debug, Clone, Copy)]
pub struct Leniency {
    /// The first rest.
    pub rest: Duration,
    /// From its first failure in a row on; then it is given up.
    pub outage: Duration,
}

/// What is under way to each host.
#[derive(Debug)]
pub struct Hosts {
    /// Requests at a time to one host.
    at_a_time: usize,
    /// The time between two requests to one host.
    interval: Duration,
    leniency: Leniency,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    hosts: HashMap<String, Host>,
    interrupted: bool,
}

#[derive(Debug, Default)]
struct Host {
    open: usize,
    /// No request before that.
    free_at: Option<Instant>,
    /// Failures in a row.
    failures: u32,
    failing_since: Option<Instant>,
}

impl Host {
    fn leave_alone(&mut self, time: Duration) {
        self.free_at = self.free_at.max(Some(Instant::now() + time));
    }
}

/// The right to one request; given back when dropped.
pub struct Slot<'a> {
    hosts: &'a Hosts,
    host: String,
}

/// Why a wait ended without what it was for.
#[derive(Debug, PartialEq, Eq)]
pub enum Denied {
    /// By [`Hosts::interrupt`].
    Interrupted,
    /// The host has failed for too long.
    GivenUp,
}

impl Hosts {
    /// So many requests at a time to each host, and so many a second where `per_second` says so.
    pub fn new(at_a_time: usize, per_second: Option<f64>, leniency: Leniency) -> Self {
        let interval = per_second.filter(|rate| *rate > 0.0).map(|rate| Duration::try_from_secs_f64(1.0 / rate));
        let interval = interval.and_then(Result::ok).unwrap_or_default();
        Self { at_a_time: at_a_time.max(1), interval, leniency, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits for the right to a request. Others hold theirs for bounded time, and pauses are bounded, so it ends.
    pub fn take(&self, url: &Url) -> Result<Slot<'_>, Denied> {
        let name = url.origin().ascii_serialization();
        let mut state = self.lock();
        loop {
            if state.interrupted {
                return Err(Denied::Interrupted);
            }
            let host = state.hosts.entry(name.clone()).or_default();
            let now = Instant::now();
            let failing = host.failing_since.map(|since| now.duration_since(since)).unwrap_or_default();
            if host.failures >= FAILURES_IN_A_ROW && failing > self.leniency.outage {
                return Err(Denied::GivenUp);
            }
            let pause = host.free_at.and_then(|at| at.checked_duration_since(now)).unwrap_or_default();
            if pause.is_zero() && host.open < self.at_a_time {
                host.open += 1;
                host.free_at = Some(now + self.interval);
                return Ok(Slot { hosts: self, host: name });
            }
            let nap = if pause.is_zero() { NAP } else { pause.min(NAP) };
            state = self.changed.wait_timeout(state, nap).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Leaves a host alone for some time.
    pub fn pause(&self, url: &Url, time: Duration) {
        let mut state = self.lock();
        state.hosts.entry(url.origin().ascii_serialization()).or_default().leave_alone(time);
    }

    /// A host has answered.
    pub fn answered(&self, url: &Url) {
        if let Some(host) = self.lock().hosts.get_mut(&url.origin().ascii_serialization()) {
            (host.failures, host.failing_since) = (0, None);
        }
    }

    /// A host has failed. The rest that it is given for it, if any, is returned.
    pub fn failed(&self, url: &Url) -> Option<Duration> {
        let mut state = self.lock();
        let host = state.hosts.entry(url.origin().ascii_serialization()).or_default();
        host.failures = host.failures.saturating_add(1);
        host.failing_since.get_or_insert_with(Instant::now);
        let beyond = host.failures.checked_sub(FAILURES_IN_A_ROW)?;
        let rest = self.leniency.rest.saturating_mul(1 << (beyond / MORE_FAILURES).min(16)).min(MAX_REST);
        host.leave_alone(rest);
        Some(rest)
    }

    /// Waits before another attempt.
    pub fn sleep(&self, time: Duration) -> Result<(), Denied> {
        let end = Instant::now() + time;
        let mut state = self.lock();
        while !state.interrupted {
            let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return Ok(());
            };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Err(Denied::Interrupted)
    }

    /// Ends all waiting, now and later.
    pub fn interrupt(&self) {
        self.lock().interrupted = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Counts and times are sound whatever a thread that held them did.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if let Some(host) = self.hosts.lock().hosts.get_mut(&self.host) {
            host.open -= 1;
        }
        self.hosts.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENIENT: Leniency = Leniency { rest: Duration::from_millis(40), outage: Duration::from_millis(200) };

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_host_that_fails_again_and_again_rests_and_is_given_up_in_the_end() {
        let hosts = Hosts::new(9, None, LENIENT);
        let (a, b) = (url("http://a.example/x"), url("http://b.example/x"));
        let fail = |times| (0..times).map(|_| hosts.failed(&a)).last().flatten();
        assert_eq!(fail(FAILURES_IN_A_ROW - 1), None);
        hosts.answered(&a);
        assert_eq!(fail(FAILURES_IN_A_ROW - 1), None);
        assert_eq!(fail(1), Some(LENIENT.rest));
        assert_eq!(fail(MORE_FAILURES), Some(2 * LENIENT.rest));
        assert_eq!(fail(400), Some(MAX_REST.min(LENIENT.rest * (1 << 16))));
        assert!(hosts.take(&b).is_ok());
        std::thread::sleep(2 * LENIENT.outage);
        assert_eq!(hosts.take(&a).err(), Some(Denied::GivenUp));
        assert!(hosts.take(&b).is_ok());
    }

    #[test]
    fn a_rest_is_waited_for() {
        let hosts = Hosts::new(9, None, LENIENT);
        let a = url("http://a.example/x");
        for _ in 0..FAILURES_IN_A_ROW {
            hosts.failed(&a);
        }
        let start = Instant::now();
        assert!(hosts.take(&a).is_ok());
        assert!(start.elapsed() >= LENIENT.rest / 2);
    }

    #[test]
    fn a_rate_is_kept_by_each_host_for_itself() {
        let hosts = Hosts::new(9, Some(50.0), LENIENT);
        let start = Instant::now();
        for _ in 0..6 {
            drop(hosts.take(&url("http://a.example/x")));
            drop(hosts.take(&url("http://b.example/x")));
        }
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(100) && took < Duration::from_secs(1), "{took:?}");
    }

    #[test]
    fn a_pause_holds_back_its_host_alone() {
        let hosts = Hosts::new(1, None, LENIENT);
        let start = Instant::now();
        hosts.pause(&url("http://a.example/x"), Duration::from_millis(200));
        drop(hosts.take(&url("http://b.example/x")));
        assert!(start.elapsed() < Duration::from_millis(150));
        drop(hosts.take(&url("http://a.example/y")));
        assert!(start.elapsed() >= Duration::from_millis(200));
    }

    #[test]
    fn an_interruption_ends_all_waiting() {
        let hosts = Hosts::new(1, None, LENIENT);
        let a = url("http://a.example/x");
        hosts.pause(&a, Duration::from_secs(3600));
        std::thread::scope(|scope| {
            let taking = scope.spawn(|| hosts.take(&a).err());
            let sleeping = scope.spawn(|| hosts.sleep(Duration::from_secs(3600)));
            hosts.interrupt();
            assert_eq!(taking.join().unwrap(), Some(Denied::Interrupted));
            assert_eq!(sleeping.join().unwrap(), Err(Denied::Interrupted));
        });
    }
}
