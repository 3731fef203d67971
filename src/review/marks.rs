//! The file of a reviewer's marks, as the page of a survey gives it:
//!
//! ```json
//! {"arpent_marks": 1, "survey": "0c9ee4b1d5a0c1f2", "marks": [
//!   {"landmark": "3983dd58bef9", "mark": "right", "time": "2026-11-24T15:00:00Z"},
//!   {"landmark": "51b0c6a3f2d1", "mark": "class", "class": "B14", "value": "30", "note": "read twice"},
//!   {"landmark": "51b0c6a3f2d1", "mark": "moved", "lon": 7.7107221, "lat": 48.6011573, "reviewer": "Ada"},
//!   {"landmark": "77aa01b2c3d4", "mark": "wrong", "found": {"class": "A13a", "lon": 7.71, "lat": 48.6}}
//! ]}
//! ```
//!
//! `class` and `moved` of one landmark add up. `found` says what the page showed, so that a landmark that has another id
//! by now is found again. All but `landmark`, `mark` and what it needs may be left out, and unknown members are ignored.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// Notes and names are cut after so many letters.
const LONGEST_TEXT: usize = 1000;

/// What a reviewer said of one landmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Its id.
    pub landmark: String,
    /// What was said.
    pub saying: Saying,
    /// Words beside it.
    pub note: Option<String>,
    /// Who said it.
    pub reviewer: Option<String>,
    /// When.
    pub time: Option<Timestamp>,
    /// Class, longitude and latitude of the landmark as the reviewer saw it.
    pub found: Option<(String, f64, f64)>,
}

/// What a mark says.
#[derive(Debug, Clone, PartialEq)]
pub enum Saying {
    /// The landmark is as found.
    Right,
    /// There is no such thing.
    Wrong,
    /// It is something else.
    Class {
        /// A code, or the name of a class.
        class: String,
        /// What is written on it.
        value: Option<String>,
    },
    /// It stands elsewhere.
    Moved {
        /// Longitude, degrees.
        lon_deg: f64,
        /// Latitude, degrees.
        lat_deg: f64,
    },
}

/// The marks of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Marks {
    /// Those that say something, in the order of their times, those without one first.
    pub marks: Vec<Mark>,
    /// What is wrong with the others.
    pub problems: Vec<String>,
}

/// Why a text is no file of marks at all.
#[derive(Debug, Error)]
#[error("is no file of marks ({0}): give the file that the page of the survey has made")]
pub struct MarksError(String);

#[derive(Deserialize)]
struct File {
    arpent_marks: u32,
    marks: Vec<Value>,
}

#[derive(Deserialize)]
struct Line {
    landmark: String,
    mark: String,
    class: Option<String>,
    value: Option<String>,
    lon: Option<f64>,
    lat: Option<f64>,
    note: Option<String>,
    reviewer: Option<String>,
    time: Option<String>,
    found: Option<FoundLine>,
}

#[derive(Deserialize)]
struct FoundLine {
    class: String,
    lon: f64,
    lat: f64,
}

impl Marks {
    /// Reads the text of a file of marks.
    ///
    /// # Errors
    ///
    /// If it is none. A single mark that makes no sense is a problem, not an error.
    pub fn parse(text: &str) -> Result<Self, MarksError> {
        let file: File =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| MarksError(e.to_string()))?;
        if file.arpent_marks != 1 {
            return Err(MarksError(format!("its form is {}, and this arpent knows form 1", file.arpent_marks)));
        }
        let (mut marks, mut problems) = (Vec::new(), Vec::new());
        for (number, line) in (1..).zip(file.marks) {
            match mark(line) {
                Ok(mark) => marks.push(mark),
                Err(why) => problems.push(format!("mark {number}: {why}")),
            }
        }
        marks.sort_by_key(|mark| mark.time);
        Ok(Self { marks, problems })
    }
}

fn mark(line: Value) -> Result<Mark, String> {
    let line: Line = serde_json::from_value(line).map_err(|error| error.to_string())?;
    let text = |text: Option<String>| {
        text.map(|t| t.trim().chars().take(LONGEST_TEXT).collect::<String>()).filter(|t| !t.is_empty())
    };
    let saying = match (line.mark.as_str(), text(line.class), line.lon.zip(line.lat)) {
        ("right", ..) => Saying::Right,
        ("wrong", ..) => Saying::Wrong,
        ("class", Some(class), _) => Saying::Class { class, value: text(line.value) },
        ("class", None, _) => return Err("a mark 'class' needs a member 'class'".to_owned()),
        ("moved", _, Some((lon_deg, lat_deg))) => Saying::Moved { lon_deg, lat_deg },
        ("moved", ..) => return Err("a mark 'moved' needs members 'lon' and 'lat'".to_owned()),
        (other, ..) => return Err(format!("'{other}' is no mark: right, wrong, class or moved")),
    };
    Ok(Mark {
        landmark: line.landmark,
        saying,
        note: text(line.note),
        reviewer: text(line.reviewer),
        time: line.time.and_then(|time| time.parse().ok()),
        found: line.found.map(|found| (found.class, found.lon, found.lat)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_are_read_in_the_order_of_their_times() {
        let text = r#"{"arpent_marks":1,"survey":"x","marks":[
            {"landmark":"a","mark":"moved","lon":7.0,"lat":48,"time":"2026-01-02T00:00:00Z","reviewer":" Ada "},
            {"landmark":"a","mark":"class","class":"B14","value":"30","time":"2026-01-01T00:00:00Z","more":1},
            {"landmark":"b","mark":"right"}]}"#;
        let Marks { marks, problems } = Marks::parse(text).unwrap();
        assert!(problems.is_empty());
        assert_eq!(marks.iter().map(|m| m.landmark.as_str()).collect::<Vec<_>>(), ["b", "a", "a"]);
        assert_eq!(marks[1].saying, Saying::Class { class: "B14".to_owned(), value: Some("30".to_owned()) });
        assert_eq!(
            (&marks[2].saying, marks[2].reviewer.as_deref()),
            (&Saying::Moved { lon_deg: 7.0, lat_deg: 48.0 }, Some("Ada"))
        );
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (text, said) in [
            ("hello", "expected value"),
            ("[]", "invalid"),
            (r#"{"type":"FeatureCollection","features":[]}"#, "arpent_marks"),
            (r#"{"arpent_marks":2,"marks":[]}"#, "form is 2"),
        ] {
            let error = Marks::parse(text).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("no file of marks"), "{error}");
        }
        let text = r#"{"arpent_marks":1,"marks":[{"landmark":"a","mark":"maybe"},{"mark":"right"},7,
            {"landmark":"a","mark":"class"},{"landmark":"a","mark":"moved","lon":1},{"landmark":"a","mark":"wrong"}]}"#;
        let Marks { marks, problems } = Marks::parse(text).unwrap();
        assert_eq!((marks.len(), problems.len()), (1, 5), "{problems:?}");
        assert!(problems[0].starts_with("mark 1: 'maybe' is no mark"), "{problems:?}");
    }

    proptest! {
        #[test]
        fn no_text_upsets_it(text in ".{0,60}") {
            let _ = Marks::parse(&text);
            let _ = Marks::parse(&format!(r#"{{"arpent_marks":1,"marks":[{text}]}}"#));
        }
    }
}
