//! Getting a file over HTTP, or sending something, with a server that may be slow, busy, broken or hostile.
//!
//! Every request ends within bounded time and memory. A few requests at a time go to one host; what may pass is
//! tried again; redirects are followed here, so that the token never leaves the host that it was given for.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::blocking::{Client, ClientBuilder, Response};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url, redirect};
use serde_json::Value;

use super::FetchError;
use super::hosts::{Denied, Hosts, Leniency};
use crate::causes;

const USER_AGENT: &str = concat!("arpent/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");

const MAX_REDIRECTS: usize = 5;

/// The longest wait between two attempts that the server did not ask for.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// How servers are talked to. The defaults suit public ones.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The longest time to connect.
    pub connect_timeout: Duration,
    /// The longest time without a byte from the server.
    pub stall_timeout: Duration,
    /// The longest time for one attempt at one file.
    pub total_timeout: Duration,
    /// How often to try what may pass: a busy server, a broken transfer. Time-outs are tried half as often.
    pub attempts: u32,
    /// How often in the midst of a listing, which a failure would be the end of.
    pub patient_attempts: u32,
    /// The wait before the second attempt; it doubles before each further one.
    pub backoff: Duration,
    /// The rest that a host is given that fails again and again; it grows.
    pub rest: Duration,
    /// How long a host may fail until it is given up.
    pub max_outage: Duration,
    /// The longest wait that a server may ask for.
    pub max_retry_after: Duration,
    /// Requests at a time to one host.
    pub requests_per_host: usize,
    /// Requests a second to one host; `None` for as many as there are.
    pub requests_per_second: Option<f64>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(120),
            attempts: 4,
            // Some nine minutes.
            patient_attempts: 24,
            backoff: Duration::from_millis(500),
            rest: Duration::from_secs(5),
            max_outage: Duration::from_secs(1800),
            max_retry_after: Duration::from_secs(600),
            requests_per_host: 4,
            requests_per_second: None,
        }
    }
}

/// A complete answer of status 200.
#[derive(Debug)]
pub struct Answer {
    /// The address that answered, after redirects.
    pub url: Url,
    /// What the server says it is.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// A client for one server and for the hosts that it names.
#[derive(Debug)]
pub struct Http {
    client: Client,
    settings: HttpSettings,
    /// The bearer token, and the address whose host alone may see it.
    token: Option<(Url, String)>,
    hosts: Hosts,
}

impl From<Denied> for FetchError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Interrupted => Self::Interrupted,
            Denied::GivenUp => Self::GivenUp,
        }
    }
}

/// What a host answers.
enum Step {
    Whole(Answer),
    /// Ask there.
    Redirect(Url),
}

impl Http {
    /// A client. `token` goes to the host of `root` alone.
    ///
    /// # Errors
    ///
    /// Why the client cannot be set up, in words.
    pub fn new(root: &Url, token: Option<String>, settings: HttpSettings) -> Result<Self, String> {
        let client = client()
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.stall_timeout)
            .build()
            .map_err(|e| format!("the HTTP client does not start ({})", causes(&e)))?;
        let leniency = Leniency { rest: settings.rest, outage: settings.max_outage };
        let hosts = Hosts::new(settings.requests_per_host, settings.requests_per_second, leniency);
        Ok(Self { client, settings, token: token.map(|t| (root.clone(), t)), hosts })
    }

    /// The body behind an address, at most `max_bytes` long.
    pub fn get(&self, url: &Url, max_bytes: u64) -> Result<Answer, FetchError> {
        self.get_by_attempts(url, max_bytes, self.settings.attempts)
    }

    /// The same, with some minutes of patience.
    pub fn get_patiently(&self, url: &Url, max_bytes: u64) -> Result<Answer, FetchError> {
        self.get_by_attempts(url, max_bytes, self.settings.patient_attempts)
    }

    fn get_by_attempts(&self, url: &Url, max_bytes: u64, attempts: u32) -> Result<Answer, FetchError> {
        let mut attempt = 1;
        loop {
            let error = match self.follow(url, max_bytes) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let worth = match error {
                // Each costs the whole time limit.
                FetchError::TimedOut => attempts.div_ceil(2),
                _ => attempts,
            };
            if !error.may_pass() || attempt >= worth {
                return Err(error);
            }
            log::info!("{url}: {error} (attempt {attempt})");
            self.hosts.sleep(self.backoff(attempt))?;
            attempt += 1;
        }
    }

    /// The wait after so many attempts.
    fn backoff(&self, attempts: u32) -> Duration {
        self.settings.backoff.saturating_mul(1 << (attempts - 1).min(16)).min(MAX_BACKOFF)
    }

    /// Sends JSON to an address of the server itself, and gives the body of its answer, at most `max_bytes` long.
    ///
    /// Only what the server cannot have acted on is sent again: a connection that was not made, or a busy server. After
    /// any other failure of [`FetchError::is_in_doubt`] nobody knows whether it acted.
    pub fn send(&self, method: &Method, url: &Url, json: &Value, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
        let mut attempt = 1;
        loop {
            let error = match self.send_once(method, url, json, max_bytes) {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            let again = matches!(error, FetchError::Status(429 | 503) | FetchError::Connection);
            if !again || attempt >= self.settings.attempts.max(1) {
                return Err(error);
            }
            log::info!("{method} {url}: {error} (attempt {attempt})");
            self.hosts.sleep(self.backoff(attempt))?;
            attempt += 1;
        }
    }

    fn send_once(&self, method: &Method, url: &Url, json: &Value, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
        let _slot = self.hosts.take(url)?;
        let deadline = Instant::now() + self.settings.total_timeout;
        let mut request = self.client.request(method.clone(), url.clone()).header(ACCEPT, "application/json");
        // The type alone: servers refuse one with a charset.
        request = request.header(CONTENT_TYPE, "application/json").body(json.to_string());
        if let Some((_, token)) = self.token.as_ref().filter(|(root, _)| root.origin() == url.origin()) {
            request = request.bearer_auth(token);
        }
        let response = request.send().map_err(|e| classify(&e))?;
        let status = response.status();
        if status.is_success() {
            return read_body(response, max_bytes, deadline);
        }
        self.obey(url, status, response.headers());
        // What was sent would arrive at another place as something else.
        Err(if status.is_redirection() { FetchError::Redirect } else { FetchError::Status(status.as_u16()) })
    }

    /// Ends all waiting: what is not under way fails as interrupted.
    pub fn interrupt(&self) {
        self.hosts.interrupt();
    }

    /// One attempt, redirects included.
    fn follow(&self, url: &Url, max_bytes: u64) -> Result<Answer, FetchError> {
        let mut url = url.clone();
        // Once an attempt has left the host, whoever sent it back there could choose what the token is used for.
        let mut token = self.token.as_ref();
        for _ in 0..=MAX_REDIRECTS {
            if !is_http(&url) {
                return Err(FetchError::Redirect);
            }
            token = token.filter(|(root, _)| root.origin() == url.origin());
            let _slot = self.hosts.take(&url)?;
            let step = self.step(&url, token.map(|(_, token)| token.as_str()), max_bytes);
            match &step {
                Err(error) if error.may_pass() => {
                    if let Some(rest) = self.hosts.failed(&url) {
                        let host = url.origin().ascii_serialization();
                        log::warn!("{host} fails ({error}): it is left alone for {} s", rest.as_secs());
                    }
                }
                _ => self.hosts.answered(&url),
            }
            match step? {
                Step::Whole(answer) => return Ok(answer),
                Step::Redirect(there) => url = there,
            }
        }
        Err(FetchError::Redirect)
    }

    /// One request.
    fn step(&self, url: &Url, token: Option<&str>, max_bytes: u64) -> Result<Step, FetchError> {
        let deadline = Instant::now() + self.settings.total_timeout;
        let mut request = self.client.get(url.clone()).header(ACCEPT, "*/*");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().map_err(|e| classify(&e))?;
        let status = response.status();
        if status == StatusCode::OK {
            let content_type = header(response.headers(), CONTENT_TYPE).unwrap_or_default();
            let body = read_body(response, max_bytes, deadline)?;
            // No file that anybody asks for is empty.
            if body.is_empty() {
                return Err(FetchError::BrokenOff);
            }
            return Ok(Step::Whole(Answer { url: url.clone(), content_type, body }));
        }
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            self.obey(url, status, response.headers());
            return Err(FetchError::Status(status.as_u16()));
        }
        let location = header(response.headers(), LOCATION).ok_or(FetchError::Redirect)?;
        Ok(Step::Redirect(url.join(&location).map_err(|_| FetchError::Redirect)?))
    }

    /// Leaves a host alone that is busy and says for how long, whatever is wanted of it.
    fn obey(&self, url: &Url, status: StatusCode, headers: &HeaderMap) {
        let asked = header(headers, RETRY_AFTER).and_then(|value| parse_retry_after(&value));
        if let (429 | 503, Some(asked)) = (status.as_u16(), asked) {
            let pause = asked.min(self.settings.max_retry_after);
            log::warn!("{} asks for a pause of {} s", url.origin().ascii_serialization(), pause.as_secs());
            self.hosts.pause(url, pause);
        }
    }
}

/// A client that says who it is and follows no redirection, as it is set up for each use.
pub fn client() -> ClientBuilder {
    // It fails where one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().user_agent(USER_AGENT).redirect(redirect::Policy::none())
}

/// An address below a root; what stands in a part stays in it.
pub fn below(root: &Url, path: &[&str]) -> Url {
    let mut address = root.clone();
    if let Ok(mut parts) = address.path_segments_mut() {
        parts.pop_if_empty().extend(path);
    }
    address
}

/// The root of an API from what a person wrote, without a slash at its end; `example` is a right one.
pub fn parse_root(text: &str, example: &str) -> Result<Url, String> {
    let no_address = || format!("is no address: write the root of the API, such as {example}");
    let mut root = text.trim().parse::<Url>().ok().filter(is_http).ok_or_else(no_address)?;
    if !root.username().is_empty() || root.password().is_some() {
        return Err("holds a user or a password: leave them out, and give a token where one is needed".to_owned());
    }
    root.set_query(None);
    root.set_fragment(None);
    let path = root.path().trim_end_matches('/').to_owned();
    root.set_path(&path);
    Ok(root)
}

/// Whether an address is one of HTTP.
pub fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

fn header(headers: &HeaderMap, name: reqwest::header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Seconds, or a date as in HTTP.
fn parse_retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    // A date in the past asks for no wait.
    Some(Duration::try_from(then.duration_since(Timestamp::now())).unwrap_or_default())
}

fn read_body(mut response: Response, max_bytes: u64, deadline: Instant) -> Result<Vec<u8>, FetchError> {
    if response.content_length().is_some_and(|length| length > max_bytes) {
        return Err(FetchError::TooLarge);
    }
    let mut body = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = match response.read(&mut chunk) {
            Ok(0) => return Ok(body),
            Ok(read) => read,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => {
                let cause = e.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
                let timed_out = e.kind() == ErrorKind::TimedOut || cause.is_some_and(reqwest::Error::is_timeout);
                return Err(if timed_out { FetchError::TimedOut } else { FetchError::BrokenOff });
            }
        };
        body.extend(chunk.iter().take(read));
        if body.len() as u64 > max_bytes {
            return Err(FetchError::TooLarge);
        }
        // Each read is bounded by the client, their number is not.
        if Instant::now() > deadline {
            return Err(FetchError::TimedOut);
        }
    }
}

fn classify(error: &reqwest::Error) -> FetchError {
    if error.is_connect() {
        FetchError::Connection
    } else if error.is_timeout() {
        FetchError::TimedOut
    } else if error.is_builder() {
        FetchError::Address
    } else {
        FetchError::BrokenOff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(parse_retry_after(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let soon = Timestamp::now() + Duration::from_secs(90);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&soon).unwrap();
        let wait = parse_retry_after(&date).unwrap();
        assert!((80..=90).contains(&wait.as_secs()), "{wait:?}");
        for nonsense in ["", "-5", "soon", "1.5", "99999999999999999999999"] {
            assert_eq!(parse_retry_after(nonsense), None, "{nonsense}");
        }
    }
}
