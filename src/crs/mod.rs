//! Coordinate reference systems: positions in the metres of a country's maps.
//!
//! Known are the systems of EPSG on the datum of WGS 84, or on one that is the same within a metre or two, as ETRS89 and
//! the RGF93 of France are: positions of pictures do not say which of these they mean, and PROJ takes them as equal too.
//! Systems on other datums would need grids or shifts that are off by metres, so they are refused.

mod projjson;
mod wkt;

use std::str::FromStr;

use proj4rs::Proj;
use thiserror::Error;

use self::wkt::Node;

/// A coordinate reference system.
#[derive(Debug, Clone)]
pub struct Crs {
    code: u16,
    name: String,
    /// OGC 01-009, as EPSG has it but for the shift to WGS 84, which is none.
    wkt: String,
    tree: Node,
    /// From WGS 84 to it; `None` for WGS 84 itself.
    projection: Option<Box<(Proj, Proj)>>,
}

/// Why a coordinate reference system cannot be written.
#[derive(Debug, Error)]
pub enum CrsError {
    /// It is no code of EPSG.
    #[error("write it as EPSG:2154")]
    Form,
    /// Nothing is known of it.
    #[error(
        "EPSG:{0} is not among the systems that are known: check the number, or name another one such as EPSG:2154, \
         Lambert-93"
    )]
    Unknown(String),
    /// Its datum or its projection is not among those that are known well enough.
    #[error("EPSG:{code}, {name}, {why}: name another system, or convert the result with QGIS or ogr2ogr")]
    Unsupported {
        /// Its code.
        code: u16,
        /// Its name.
        name: String,
        /// What is in the way.
        why: &'static str,
    },
}

const WGS84: u16 = 4326;

impl Crs {
    /// WGS 84, longitude first: what positions are in.
    pub fn wgs84() -> Self {
        Self::of_code(WGS84).unwrap_or_else(|_| unreachable!("WGS 84 is known"))
    }

    fn of_code(code: u16) -> Result<Self, CrsError> {
        let unknown = || CrsError::Unknown(code.to_string());
        let def = crs_definitions::from_code(code).ok_or_else(unknown)?;
        let wkt = def.wkt.replace("TOWGS84[0,0,0,0,0,0,0],", "");
        let tree = Node::parse(&wkt).ok_or_else(unknown)?;
        let name = tree.name().to_owned();
        let unsupported = |why| CrsError::Unsupported { code, name: name.clone(), why };
        if !has_datum_of_wgs84(def.proj4) {
            return Err(unsupported("has a datum of its own, whose shift is known to metres only"));
        }
        if name.ends_with("(deprecated)") {
            return Err(unsupported("is withdrawn"));
        }
        if projjson::of(&tree, code).is_none() {
            return Err(unsupported("has a projection, an axis or a unit that is not supported"));
        }
        let projection = if code == WGS84 {
            None
        } else {
            let proj = |text| Proj::from_proj_string(text).map_err(|_| unsupported("has an unknown projection"));
            Some(Box::new((proj("+proj=longlat +datum=WGS84 +no_defs")?, proj(def.proj4)?)))
        };
        Ok(Self { code, name, wkt, tree, projection })
    }

    /// Its code in the register of EPSG.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// Its name in the register of EPSG.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is WGS 84.
    pub fn is_wgs84(&self) -> bool {
        self.code == WGS84
    }

    /// Whether its coordinates are degrees of longitude and latitude; else they are metres.
    pub fn is_geographic(&self) -> bool {
        self.tree.keyword() == "GEOGCS"
    }

    /// Its definition as well-known text, version 1.
    pub fn wkt(&self) -> &str {
        &self.wkt
    }

    /// Its definition as PROJJSON.
    pub fn projjson(&self) -> serde_json::Value {
        projjson::of(&self.tree, self.code).unwrap_or_default()
    }

    /// Easting and northing of a position, metres to the millimetre, or longitude and latitude, degrees to seven
    /// decimals; `None` where the projection has no such place.
    pub fn project(&self, lon_deg: f64, lat_deg: f64) -> Option<[f64; 2]> {
        let Some(systems) = &self.projection else { return Some([lon_deg, lat_deg]) };
        let (wgs84, projection) = systems.as_ref();
        let mut place = (lon_deg.to_radians(), lat_deg.to_radians());
        proj4rs::transform::transform(wgs84, projection, &mut place).ok()?;
        let (x, y) = match self.is_geographic() {
            true => (rounded(place.0.to_degrees(), 1e7), rounded(place.1.to_degrees(), 1e7)),
            false => (rounded(place.0, 1e3), rounded(place.1, 1e3)),
        };
        (x.is_finite() && y.is_finite()).then_some([x, y])
    }
}

fn rounded(value: f64, factor: f64) -> f64 {
    (value * factor).round() / factor
}

/// Whether a system in the words of PROJ has the datum of WGS 84, or one that differs from it by no fixed shift.
fn has_datum_of_wgs84(definition: &str) -> bool {
    let value = |name: &str| {
        let word = definition.split_whitespace().find_map(|word| word.strip_prefix('+')?.strip_prefix(name));
        word.and_then(|word| word.strip_prefix('='))
    };
    let has_shift = value("towgs84").is_some_and(|shift| shift.split(',').any(|v| v.parse() != Ok(0.0)));
    let ellipsoid = matches!(value("datum"), Some("WGS84" | "NAD83"))
        || matches!(value("ellps"), Some("GRS80" | "WGS84"))
        // The web's Mercator, which takes the latitudes of WGS 84 for those of a sphere.
        || value("nadgrids") == Some("@null");
    let others = ["pm", "geoidgrids", "vunits", "vto_meter"];
    let grids = value("nadgrids").is_some_and(|grids| grids != "@null");
    ellipsoid && !has_shift && !grids && others.iter().all(|name| value(name).is_none())
}

impl FromStr for Crs {
    type Err = CrsError;

    fn from_str(text: &str) -> Result<Self, CrsError> {
        let (authority, code) = text.split_once(':').ok_or(CrsError::Form)?;
        let is_number = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        if !authority.eq_ignore_ascii_case("EPSG") || !is_number {
            return Err(CrsError::Form);
        }
        // Codes of more digits than any system has are numbers all the same.
        code.parse().map_or_else(|_| Err(CrsError::Unknown(code.to_owned())), Self::of_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crs(text: &str) -> Crs {
        text.parse().unwrap()
    }

    /// The point of origin of Lambert-93 is where its definition says, and so is that of a zone of UTM.
    #[test]
    fn origins_lie_where_they_should() {
        assert_eq!(crs("EPSG:2154").project(3.0, 46.5), Some([700_000.0, 6_600_000.0]));
        assert_eq!(crs("epsg:32632").project(9.0, 0.0), Some([500_000.0, 0.0]));
        assert_eq!(crs("EPSG:3857").project(180.0, 0.0), Some([20_037_508.343, 0.0]));
        assert_eq!(Crs::wgs84().project(7.123_456_7, 48.0), Some([7.123_456_7, 48.0]));
        assert_eq!(crs("EPSG:4171").project(7.123_456_7, 48.0), Some([7.123_456_7, 48.0]));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let why = |text: &str| text.parse::<Crs>().unwrap_err().to_string();
        assert_eq!(why("2154"), "write it as EPSG:2154");
        assert_eq!(why("IGNF:LAMB93"), "write it as EPSG:2154");
        assert_eq!(why("EPSG:"), "write it as EPSG:2154");
        for code in ["EPSG:1", "EPSG:99999", "EPSG:99999999999999999999"] {
            assert!(
                why(code).starts_with(&format!("{code} is not among the systems that are known")),
                "{}",
                why(code)
            );
        }
        assert!(why("EPSG:27572").contains("NTF (Paris) / Lambert zone II, has a datum of its own"));
        assert!(why("EPSG:4978").contains("not supported"), "geocentric");
        assert!(why("EPSG:2263").contains("not supported"), "feet");
    }

    #[test]
    fn no_place_upsets_a_projection() {
        for code in ["EPSG:2154", "EPSG:32632", "EPSG:3857", "EPSG:3035", "EPSG:4258"] {
            for (lon_deg, lat_deg) in [(0.0, 90.0), (180.0, -90.0), (-180.0, 0.0), (99.0, 0.0), (f64::NAN, 0.0)] {
                let _ = crs(code).project(lon_deg, lat_deg);
            }
        }
    }
}
