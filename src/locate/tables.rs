//! Pictures and sightings as CSV tables, plain or gzipped, so that locating can be run on sightings of any origin.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use jiff::Timestamp;
use thiserror::Error;

use crate::sighting::{Range, Sighting, Station};

/// What the two tables hold.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// The pictures, in the order of the table.
    pub stations: Vec<Station>,
    /// When each was taken, where the table says so.
    pub taken_at: Vec<Option<Timestamp>>,
    /// The sightings, in the order of the table.
    pub sightings: Vec<Sighting>,
    /// Names of the classes that the sightings number.
    pub classes: Vec<String>,
}

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
    /// A column is not there.
    #[error("{path} has no column '{column}'; it has: {found}")]
    NoColumn {
        /// The table.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// The columns that there are.
        found: String,
    },
    /// A line cannot be used.
    #[error("{path}, line {line}: {why}")]
    Line {
        /// The table.
        path: PathBuf,
        /// Its line, the header being line 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

impl Tables {
    /// Reads both tables. Columns may stand in any order; unknown ones are ignored.
    ///
    /// Pictures: picture_id, sequence_id, lon, lat, position_sd_m, heading_deg, heading_sd_deg, hfov_deg (360 = all
    /// round), and time (RFC 3339) if known. Sightings: picture_id, azimuth_deg, azimuth_sd_deg (the heading's part
    /// included), class, and range_m, range_sd_m, elevation_deg, score if known.
    pub fn read(pictures: &Path, sightings: &Path) -> Result<Self, TableError> {
        let mut tables = Self::default();
        let index = tables.read_pictures(pictures)?;
        tables.read_sightings(sightings, &index)?;
        Ok(tables)
    }

    /// Reads the pictures; the result finds a picture's number by its id.
    fn read_pictures(&mut self, path: &Path) -> Result<HashMap<String, usize>, TableError> {
        let mut table = Table::open(path)?;
        let columns = table.columns(["picture_id", "sequence_id", "lon", "lat"])?;
        let [position_sd, heading, heading_sd, hfov] =
            table.columns(["position_sd_m", "heading_deg", "heading_sd_deg", "hfov_deg"])?;
        let time = table.column("time");
        let [id, sequence, lon, lat] = columns;
        let mut index = HashMap::new();
        while let Some(row) = table.next_row()? {
            let picture_id = row.text(id).to_owned();
            if index.insert(picture_id.clone(), self.stations.len()).is_some() {
                return Err(row.wrong(format!("the picture '{picture_id}' is there twice")));
            }
            self.stations.push(Station {
                picture_id,
                sequence_id: row.text(sequence).to_owned(),
                lon_deg: row.number(lon, "lon", -180.0..=180.0)?,
                lat_deg: row.number(lat, "lat", -90.0..=90.0)?,
                position_sd_m: row.number(position_sd, "position_sd_m", 0.0..=1e6)?,
                heading_deg: row.number(heading, "heading_deg", -360.0..=720.0)?.rem_euclid(360.0),
                heading_sd_deg: row.number(heading_sd, "heading_sd_deg", 0.0..=360.0)?,
                hfov_deg: row.number(hfov, "hfov_deg", 1.0..=360.0)?,
            });
            let time = time.map(|column| row.text(column)).filter(|text| !text.is_empty());
            let time = time.map(|text| {
                text.parse()
                    .map_err(|_| row.wrong(format!("time '{text}' is not RFC 3339, such as 2024-05-06T08:00:00Z")))
            });
            self.taken_at.push(time.transpose()?);
        }
        Ok(index)
    }

    fn read_sightings(&mut self, path: &Path, index: &HashMap<String, usize>) -> Result<(), TableError> {
        let mut table = Table::open(path)?;
        let [id, azimuth, azimuth_sd, class] =
            table.columns(["picture_id", "azimuth_deg", "azimuth_sd_deg", "class"])?;
        let [range, range_sd, elevation, score] =
            ["range_m", "range_sd_m", "elevation_deg", "score"].map(|name| table.column(name));
        let mut classes: HashMap<String, usize> = HashMap::new();
        while let Some(row) = table.next_row()? {
            let picture_id = row.text(id);
            let station = *index
                .get(picture_id)
                .ok_or_else(|| row.wrong(format!("the picture '{picture_id}' is not in the table of pictures")))?;
            let name = row.text(class);
            let class = *classes.entry(name.to_owned()).or_insert_with(|| {
                self.classes.push(name.to_owned());
                self.classes.len() - 1
            });
            let range_m = row.optional(range, "range_m", 1e-3..=1e6)?;
            let range_sd_m = row.optional(range_sd, "range_sd_m", 0.0..=1e6)?;
            self.sightings.push(Sighting {
                station,
                class,
                score: row.optional(score, "score", 0.0..=1.0)?.unwrap_or(1.0),
                azimuth_deg: row.number(azimuth, "azimuth_deg", -360.0..=720.0)?.rem_euclid(360.0),
                azimuth_sd_deg: row.number(azimuth_sd, "azimuth_sd_deg", 0.0..=360.0)?,
                elevation_deg: row.optional(elevation, "elevation_deg", -90.0..=90.0)?,
                // A range without a spread is trusted to a quarter.
                range: range_m.map(|range_m| Range {
                    range_m,
                    range_sd_m: range_sd_m.filter(|sd| *sd > 0.0).unwrap_or(range_m / 4.0),
                }),
                ..Sighting::default()
            });
        }
        Ok(())
    }
}

/// A CSV file being read.
struct Table {
    path: PathBuf,
    header: csv::StringRecord,
    reader: csv::Reader<Box<dyn Read>>,
}

struct Row<'a> {
    path: &'a Path,
    record: csv::StringRecord,
}

impl Table {
    fn open(path: &Path) -> Result<Self, TableError> {
        let wrong =
            |error: &dyn std::fmt::Display| TableError::File { path: path.to_owned(), why: error.to_string() };
        let mut file = BufReader::new(File::open(path).map_err(|error| wrong(&error))?);
        let gzipped = file.fill_buf().map_err(|error| wrong(&error))?.starts_with(&[0x1F, 0x8B]);
        let bytes: Box<dyn Read> = if gzipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
        let header = reader.headers().map_err(|error| wrong(&error))?;
        // Spreadsheets begin their files with a byte-order mark.
        let header = header.iter().map(|name| name.trim_start_matches('\u{feff}')).collect();
        Ok(Self { path: path.to_owned(), header, reader })
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    fn columns<const N: usize>(&self, names: [&'static str; N]) -> Result<[usize; N], TableError> {
        let mut columns = [0; N];
        for (column, name) in columns.iter_mut().zip(names) {
            *column = self.column(name).ok_or_else(|| TableError::NoColumn {
                path: self.path.clone(),
                column: name,
                found: self.header.iter().collect::<Vec<_>>().join(", "),
            })?;
        }
        Ok(columns)
    }

    fn next_row(&mut self) -> Result<Option<Row<'_>>, TableError> {
        let mut record = csv::StringRecord::new();
        match self.reader.read_record(&mut record) {
            Ok(true) => Ok(Some(Row { path: &self.path, record })),
            Ok(false) => Ok(None),
            Err(error) => Err(TableError::File { path: self.path.clone(), why: error.to_string() }),
        }
    }
}

impl Row<'_> {
    fn wrong(&self, why: String) -> TableError {
        let line = self.record.position().map_or(0, csv::Position::line);
        TableError::Line { path: self.path.to_owned(), line, why }
    }

    fn text(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default()
    }

    fn number(&self, column: usize, name: &str, within: std::ops::RangeInclusive<f64>) -> Result<f64, TableError> {
        let text = self.text(column);
        text.parse().ok().filter(|value| within.contains(value)).ok_or_else(|| {
            self.wrong(format!("{name} is '{text}': a number from {} to {} is wanted", within.start(), within.end()))
        })
    }

    /// The number of a column that may be missing or empty.
    fn optional(
        &self,
        column: Option<usize>,
        name: &str,
        within: std::ops::RangeInclusive<f64>,
    ) -> Result<Option<f64>, TableError> {
        match column {
            Some(column) if !self.text(column).is_empty() => self.number(column, name, within).map(Some),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const PICTURES: &str = "lat,lon,picture_id,sequence_id,position_sd_m,heading_deg,heading_sd_deg,hfov_deg,time,more\n\
        48.6,7.7,a,s,1.5,90,2,360,2024-05-06T08:00:00Z,x\n48.6,7.71,b,s,1.5,-90,2,70,,y\n";
    const SIGHTINGS: &str = "picture_id,class,azimuth_deg,azimuth_sd_deg,range_m\nb,c1,10,2,\na,c2,350.5,2.1,12\n";

    fn read(pictures: &str, sightings: &str) -> Result<Tables, TableError> {
        let folder = tempfile::tempdir().unwrap();
        let (p, s) = (folder.path().join("pictures.csv"), folder.path().join("sightings.csv.gz"));
        std::fs::write(&p, pictures).unwrap();
        let mut gz = flate2::write::GzEncoder::new(File::create(&s).unwrap(), flate2::Compression::fast());
        gz.write_all(sightings.as_bytes()).unwrap();
        gz.finish().unwrap();
        Tables::read(&p, &s)
    }

    #[test]
    fn tables_are_read_in_any_order_of_columns() {
        let tables = read(&format!("\u{feff}{PICTURES}"), SIGHTINGS).unwrap();
        assert_eq!(tables.stations.len(), 2);
        assert_eq!(tables.stations[1].heading_deg, 270.0);
        assert!(tables.taken_at[0].is_some() && tables.taken_at[1].is_none());
        assert_eq!(tables.classes, ["c1", "c2"]);
        let seen = &tables.sightings;
        assert_eq!((seen[0].station, seen[0].range, seen[0].score), (1, None, 1.0));
        assert_eq!(seen[1].range, Some(Range { range_m: 12.0, range_sd_m: 3.0 }));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let message = |pictures: &str, sightings: &str| read(pictures, sightings).unwrap_err().to_string();
        let cases = [
            (message(&PICTURES.replace("hfov_deg", "fov"), SIGHTINGS), "no column 'hfov_deg'; it has: lat, lon"),
            (message(&PICTURES.replace("48.6,7.71", "98.6,7.71"), SIGHTINGS), "line 3: lat is '98.6'"),
            (message(&PICTURES.replace(",b,", ",a,"), SIGHTINGS), "line 3: the picture 'a' is there twice"),
            (message(PICTURES, &SIGHTINGS.replace("b,c1", "z,c1")), "line 2: the picture 'z' is not in the table"),
            (message(PICTURES, &SIGHTINGS.replace("350.5", "north")), "azimuth_deg is 'north'"),
            (message(&PICTURES.replace("2024-05", "May"), SIGHTINGS), "not RFC 3339"),
        ];
        for (message, expected) in cases {
            assert!(message.contains(expected), "{message}");
        }
    }
}
