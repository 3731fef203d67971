//! The options that say how fast servers are asked.

use arpent::source::{HttpSettings, panoramax};
use clap::Args;

/// How fast each host is asked.
#[derive(Args)]
pub struct PaceOptions {
    /// Requests at a time to one host
    #[arg(long, value_name = "N", default_value_t = Self::USUAL.connections, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub connections: u8,
    /// Requests a second to one host, at most
    #[arg(long, value_name = "R", default_value_t = Self::USUAL.rate, value_parser = rate)]
    rate: f64,
}

impl PaceOptions {
    /// What a server bears without being asked.
    pub const USUAL: Self = Self { connections: 4, rate: 40.0 };

    /// How a server is spoken to at this pace.
    pub fn settings(&self) -> panoramax::Settings {
        settings(self.connections.into(), self.rate)
    }
}

/// How a server is spoken to with so many requests at a time and a second to one host.
pub fn settings(requests_per_host: usize, requests_per_second: f64) -> panoramax::Settings {
    let requests_per_second = Some(requests_per_second);
    let http = HttpSettings { requests_per_host, requests_per_second, ..HttpSettings::default() };
    panoramax::Settings { http, ..panoramax::Settings::default() }
}

pub fn rate(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (0.01..=1000.0).contains(value));
    value.ok_or_else(|| "a number of requests a second from 0.01 to 1000 is wanted".to_owned())
}
