//! Tables of any origin: CSV with commas, semicolons or tabs, GeoJSON whose features are the rows and their properties
//! the columns, or the elements of an answer of Overpass with their tags, plain or gzipped; and the inventory that a
//! GeoPackage holds.

mod kind;
mod landmarks;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use flate2::bufread::MultiGzDecoder;
use serde_json::Value;
use thiserror::Error;

use self::kind::no_table;
use self::landmarks::{BEGIN, landmarks};

/// Why a table cannot be used.
#[derive(Debug, Error)]
pub enum TableError {
    /// The file cannot be read.
    #[error("{path}: {why}")]
    File {
        /// The table.
        path: PathBuf,
        /// What happened.
        why: String,
    },
    /// The file is no table.
    #[error("{path} {what}")]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it is, and what helps.
        what: String,
    },
    /// A column is not there.
    #[error("{path} has no column '{column}'; it has: {found}")]
    NoColumn {
        /// The table.
        path: PathBuf,
        /// The column.
        column: String,
        /// The columns that there are.
        found: String,
    },
    /// A row cannot be used.
    #[error("{path}, {row}: {why}")]
    Row {
        /// The table.
        path: PathBuf,
        /// Which row: `line 3`, the header being line 1, or `feature 3`.
        row: String,
        /// What is wrong with it.
        why: String,
    },
}

/// A table being read, row by row.
pub(crate) struct Table {
    path: PathBuf,
    header: StringRecord,
    rows: Rows,
}

enum Rows {
    /// The reader counts a line too few where lines end in CRLF: it takes the LF for a part of the next one.
    Lines {
        reader: Box<csv::Reader<Box<dyn Read>>>,
        uncounted: u64,
    },
    Records {
        noun: &'static str,
        records: std::iter::Enumerate<std::vec::IntoIter<StringRecord>>,
    },
}

/// A gzipped file that unpacks to more than this many times its size is there to fill the memory: tables of rays unpack
/// to some ten times.
const MAX_TIMES_PACKED: u64 = 200;
/// A small file may always unpack to so much.
const MIN_UNPACKED_BYTES: u64 = 16 << 20;

/// What a gzipped file unpacks to, as far as that is credible.
struct Unpacked<R> {
    bytes: R,
    left: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::other(format!(
                "unpacks to more than {MAX_TIMES_PACKED} times its size: if it is right, unpack it first"
            ))
        })?;
        Ok(read)
    }
}

/// A row of a table.
pub(crate) struct Row<'a> {
    path: &'a Path,
    header: &'a StringRecord,
    /// Which one: `line 3`, `feature 3`.
    pub name: String,
    record: StringRecord,
}

impl Table {
    pub(crate) fn open(path: &Path) -> Result<Self, TableError> {
        let wrong =
            |error: &dyn std::fmt::Display| TableError::File { path: path.to_owned(), why: error.to_string() };
        let mut file = BufReader::new(File::open(path).map_err(|error| wrong(&error))?);
        let gzipped = file.fill_buf().map_err(|error| wrong(&error))?.starts_with(&[0x1F, 0x8B]);
        let bytes: Box<dyn Read> = if gzipped {
            let packed = file.get_ref().metadata().map_err(|error| wrong(&error))?.len();
            let left = packed.saturating_mul(MAX_TIMES_PACKED).max(MIN_UNPACKED_BYTES);
            Box::new(Unpacked { bytes: MultiGzDecoder::new(file), left })
        } else {
            Box::new(file)
        };
        let mut bytes = BufReader::new(bytes);
        let begin = bytes.fill_buf().map_err(|error| wrong(&error))?;
        let kind = |what: String| TableError::Kind { path: path.to_owned(), what };
        if begin.starts_with(BEGIN) {
            return Ok(Self::of_records(path, landmarks(path).map_err(kind)?));
        }
        if let Some(what) = no_table(begin) {
            return Err(kind(what));
        }
        let begin = begin.strip_prefix("\u{feff}".as_bytes()).unwrap_or(begin);
        if begin.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
            let mut text = String::new();
            bytes.read_to_string(&mut text).map_err(|error| wrong(&error))?;
            let records = records(text.trim_start_matches('\u{feff}')).map_err(|why| wrong(&why))?;
            return Ok(Self::of_records(path, records));
        }
        let delimiter = delimiter(begin);
        let first_end = begin.iter().position(|byte| *byte == b'\n').unwrap_or_default();
        let uncounted = u64::from(begin[..first_end].ends_with(b"\r"));
        let bytes: Box<dyn Read> = Box::new(bytes);
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(bytes);
        let header = reader.headers().map_err(|error| wrong(&in_words(&error, 0)))?;
        // Spreadsheets begin their files with a byte-order mark.
        let header = header.iter().map(|name| name.trim_start_matches('\u{feff}')).collect();
        Ok(Self { path: path.to_owned(), header, rows: Rows::Lines { reader: Box::new(reader), uncounted } })
    }

    fn of_records(path: &Path, (noun, header, records): Records) -> Self {
        let rows = Rows::Records { noun, records: records.into_iter().enumerate() };
        Self { path: path.to_owned(), header, rows }
    }

    /// The number of a column of this name, as it is written or else in upper or lower case.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        let exact = self.header.iter().position(|column| column == name);
        exact.or_else(|| self.header.iter().position(|column| column.eq_ignore_ascii_case(name)))
    }

    /// The number of a column that has to be there.
    pub(crate) fn needed(&self, name: &str) -> Result<usize, TableError> {
        self.column(name).ok_or_else(|| TableError::NoColumn {
            path: self.path.clone(),
            column: name.to_owned(),
            found: self.header.iter().collect::<Vec<_>>().join(", "),
        })
    }

    pub(crate) fn columns<const N: usize>(&self, names: [&'static str; N]) -> Result<[usize; N], TableError> {
        let mut columns = [0; N];
        for (column, name) in columns.iter_mut().zip(names) {
            *column = self.needed(name)?;
        }
        Ok(columns)
    }

    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>, TableError> {
        let (record, name) = match &mut self.rows {
            Rows::Lines { reader, uncounted } => {
                let mut record = StringRecord::new();
                match reader.read_record(&mut record) {
                    Ok(true) => {}
                    Ok(false) => return Ok(None),
                    Err(error) => {
                        return Err(TableError::File { path: self.path.clone(), why: in_words(&error, *uncounted) });
                    }
                }
                let line = record.position().map_or(0, csv::Position::line) + *uncounted;
                (record, format!("line {line}"))
            }
            Rows::Records { noun, records } => match records.next() {
                Some((index, record)) => (record, format!("{noun} {}", index + 1)),
                None => return Ok(None),
            },
        };
        Ok(Some(Row { path: &self.path, header: &self.header, name, record }))
    }
}

/// What separates the columns: that of `;`, tab and `,` which is most often in the first line.
fn delimiter(begin: &[u8]) -> u8 {
    let line = begin.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let count = |wanted: u8| line.iter().filter(|byte| **byte == wanted).count();
    [b',', b'\t', b';']
        .into_iter()
        .max_by_key(|delimiter| count(*delimiter))
        .filter(|d| count(*d) > 0)
        .unwrap_or(b',')
}

fn in_words(error: &csv::Error, uncounted: u64) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or(1, csv::Position::line) + uncounted;
            format!("line {line} is not in UTF-8: save the table in that encoding")
        }
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line) + uncounted;
            format!("line {line} has {len} columns where the first line has {expected_len}")
        }
        _ => error.to_string(),
    }
}

type Records = (&'static str, StringRecord, Vec<StringRecord>);

/// What a row is called, the columns and the rows of a GeoJSON feature collection or of an answer of Overpass.
fn records(text: &str) -> Result<Records, String> {
    let document: Value = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    if let Some(features) = document["features"].as_array() {
        return Ok(records_of("feature", features, "properties", feature_cell));
    }
    let elements = document["elements"].as_array();
    let elements = elements.ok_or("is no GeoJSON FeatureCollection, and no JSON of Overpass")?;
    // Nodes of ways come without tags.
    let tagged: Vec<Value> = elements.iter().filter(|element| element["tags"].is_object()).cloned().collect();
    Ok(records_of("tagged element", &tagged, "tags", element_cell))
}

fn records_of(
    noun: &'static str,
    rows: &[Value],
    columns: &str,
    other: fn(&Value, &str) -> Option<String>,
) -> Records {
    let mut names: BTreeSet<&str> = BTreeSet::from(["@id", "lat", "lon"]);
    for row in rows {
        names.extend(row[columns].as_object().into_iter().flatten().map(|(name, _)| name.as_str()));
    }
    let cell = |row: &Value, name: &str| match &row[columns][name] {
        Value::Null => other(row, name).unwrap_or_default(),
        own => text_of(own),
    };
    let records = rows.iter().map(|row| names.iter().map(|name| cell(row, name)).collect()).collect();
    (noun, names.iter().collect(), records)
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

/// The place of a point as lon and lat, and the id of a feature.
fn feature_cell(feature: &Value, name: &str) -> Option<String> {
    let geometry = &feature["geometry"];
    let coordinate = |index: usize| match geometry["type"].as_str() {
        Some("Point") => text_of(&geometry["coordinates"][index]),
        Some(other) => format!("that of a {other}"),
        None => String::new(),
    };
    match name {
        "lon" => Some(coordinate(0)),
        "lat" => Some(coordinate(1)),
        "@id" => Some(text_of(&feature["id"])),
        _ => None,
    }
}

/// The place of a node, or the centre of a way where Overpass was asked for it, and the id.
fn element_cell(element: &Value, name: &str) -> Option<String> {
    match name {
        "lon" | "lat" if !element[name].is_null() => Some(text_of(&element[name])),
        "lon" | "lat" => Some(text_of(&element["center"][name])),
        "@id" => Some(format!("{}/{}", text_of(&element["type"]), text_of(&element["id"]))),
        _ => None,
    }
}

impl Row<'_> {
    pub(crate) fn wrong(&self, why: String) -> TableError {
        TableError::Row { path: self.path.to_owned(), row: self.name.clone(), why }
    }

    pub(crate) fn text(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default()
    }

    /// A number within bounds; its decimals may follow a comma.
    pub(crate) fn number(&self, column: usize, name: &str, within: RangeInclusive<f64>) -> Result<f64, TableError> {
        let text = self.text(column);
        number(text).filter(|value| within.contains(value)).ok_or_else(|| {
            self.wrong(format!("{name} is '{text}': a number from {} to {} is wanted", within.start(), within.end()))
        })
    }

    /// Longitude and latitude, degrees.
    pub(crate) fn position(&self, lon: usize, lat: usize) -> Result<(f64, f64), TableError> {
        let [x, y] = [lon, lat].map(|column| number(self.text(column)).filter(|value| value.abs() > 180.0));
        let [x_name, y_name] = [lon, lat].map(|column| self.header.get(column).unwrap_or_default());
        if let Some((x, y)) = x.zip(y) {
            let is_lambert_93 = (0.0..1.3e6).contains(&x) && (6e6..7.2e6).contains(&y);
            let system = if is_lambert_93 { " (Lambert-93?)" } else { "" };
            let (x, y) = (self.text(lon), self.text(lat));
            return Err(self.wrong(format!(
                "{x_name} is '{x}' and {y_name} '{y}', which look like projected coordinates{system}: longitude and \
                 latitude in WGS 84 (EPSG:4326) are wanted, to which QGIS and ogr2ogr convert"
            )));
        }
        Ok((self.number(lon, x_name, -180.0..=180.0)?, self.number(lat, y_name, -90.0..=90.0)?))
    }

    /// The number of a column that may be missing or empty.
    pub(crate) fn optional(
        &self,
        column: Option<usize>,
        name: &str,
        within: RangeInclusive<f64>,
    ) -> Result<Option<f64>, TableError> {
        match column {
            Some(column) if !self.text(column).is_empty() => self.number(column, name, within).map(Some),
            _ => Ok(None),
        }
    }
}

/// A number as computers or as French spreadsheets write it.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.parse().ok().or_else(|| text.replacen(',', ".", 1).parse().ok())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn rows(text: &str) -> Result<Vec<Vec<String>>, TableError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut table = Table::open(file.path())?;
        let mut rows = vec![table.header.iter().map(str::to_owned).collect()];
        while let Some(row) = table.next_row()? {
            rows.push(row.record.iter().map(str::to_owned).collect());
        }
        Ok(rows)
    }

    #[test]
    fn spreadsheets_of_any_kind_are_read() {
        let expected = [["lon", "lat"], ["7,7", "48,6"]];
        for text in ["\u{feff}lon;lat\r\n7,7;48,6\r\n", "lon\tlat\n7,7\t48,6\n", "lon,lat\n\"7,7\",\"48,6\"\n"] {
            assert_eq!(rows(text).unwrap(), expected, "{text}");
        }
        assert_eq!(number("7,75"), Some(7.75));
        assert_eq!((number("7.5"), number("1,000,000"), number("")), (Some(7.5), None, None));
    }

    #[test]
    fn elements_of_overpass_are_rows() {
        let text = r#"{"version":0.6,"elements":[
            {"type":"node","id":5,"lat":48.6,"lon":7.7,"tags":{"traffic_sign":"FR:B14[50]"}},
            {"type":"node","id":6,"lat":48.7,"lon":7.8},
            {"type":"way","id":7,"center":{"lat":48.8,"lon":7.9},"nodes":[6],"tags":{"traffic_sign":"FR:EB10"}}]}"#;
        let expected = [
            ["@id", "lat", "lon", "traffic_sign"],
            ["node/5", "48.6", "7.7", "FR:B14[50]"],
            ["way/7", "48.8", "7.9", "FR:EB10"],
        ];
        assert_eq!(rows(text).unwrap(), expected);
    }

    #[test]
    fn what_would_fill_the_memory_is_refused() {
        let packed = |begin: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            let mut gz = flate2::write::GzEncoder::new(file.reopen().unwrap(), flate2::Compression::best());
            gz.write_all(begin.as_bytes()).unwrap();
            (0..20).for_each(|_| gz.write_all(&vec![b' '; 1 << 20]).unwrap());
            gz.finish().unwrap();
            file
        };
        for begin in ["{\"type\":", "a,b\n1,2\n3,"] {
            let file = packed(begin);
            let read = Table::open(file.path()).and_then(|mut table| {
                while table.next_row()?.is_some() {}
                Ok(())
            });
            let error = read.unwrap_err().to_string();
            assert!(error.contains("unpacks to more than 200 times its size"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let why = |text: &str| rows(text).unwrap_err().to_string();
        for end in ["\n", "\r\n"] {
            let table = ["a,b", "1,2", "3", ""].join(end);
            assert!(why(&table).ends_with("line 3 has 1 columns where the first line has 2"), "{}", why(&table));
        }
        assert!(why("{\"type\":\"Feature\"}").contains("is no GeoJSON FeatureCollection"));
    }
}
