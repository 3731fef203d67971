//! The frame of a GeoPackage, an SQLite file that QGIS and others open as it is, and its geometries.
//!
//! After OGC 12-128r18 (GeoPackage 1.3). Geometries are WGS 84, longitude first, unless [`set_crs`] says otherwise.

use geo::{BoundingRect, Coord, Geometry, LineString, MultiPolygon, Polygon, Rect};
use jiff::Timestamp;
use rusqlite::{Connection, Result, params};

use crate::crs::Crs;

/// `GPKG`: what tells a GeoPackage from other SQLite files.
pub const APPLICATION_ID: i32 = 0x4750_4B47;
/// Version 1.3.0.
const USER_VERSION: i32 = 10_300;
/// WGS 84.
const SRS: i32 = 4326;

/// A table that programs list, with a geometry or without.
pub struct Layer<'a> {
    /// Its name.
    pub name: &'static str,
    /// What it holds, for people.
    pub description: &'static str,
    /// The kind of its geometries, in the column `geom`; none for a plain table.
    pub geometry: Option<&'static str>,
    /// Its columns beside the key `fid` and the geometry, in SQL.
    pub columns: &'a str,
}

/// Makes an empty SQLite database a GeoPackage with these layers.
pub fn create(connection: &Connection, layers: &[Layer<'_>]) -> Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", USER_VERSION)?;
    connection.execute_batch(FRAME)?;
    for layer in layers {
        let Layer { name, description, geometry, columns } = layer;
        let geom = geometry.map_or_else(String::new, |kind| format!("geom {kind}, "));
        let kind = if geometry.is_some() { "features" } else { "attributes" };
        connection.execute_batch(&format!(
            "CREATE TABLE {name} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {geom}{columns})"
        ))?;
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) VALUES (?, ?, ?, ?, ?)",
            params![name, kind, name, description, geometry.map(|_| SRS)],
        )?;
        if let Some(kind) = geometry {
            connection.execute(
                "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)",
                params![name, kind, SRS],
            )?;
        }
    }
    Ok(())
}

/// Writes down what rectangle the geometries of a layer lie in, which programs zoom to.
pub fn note_extent(connection: &Connection, layer: &str) -> Result<()> {
    let mut extent: Option<Rect<f64>> = None;
    let mut select = connection.prepare(&format!("SELECT geom FROM {layer} WHERE geom IS NOT NULL"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let Some(rect) = read(row.get_ref(0)?.as_blob()?).and_then(|geometry| geometry.bounding_rect()) else {
            continue;
        };
        extent = Some(extent.map_or(rect, |extent| union(&extent, &rect)));
    }
    let side = |side: fn(&Rect<f64>) -> f64| extent.as_ref().map(side);
    connection.execute(
        "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?,
         last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE table_name = ?",
        params![side(|r| r.min().x), side(|r| r.min().y), side(|r| r.max().x), side(|r| r.max().y), layer],
    )?;
    Ok(())
}

/// Says that the geometries of a layer are in a system, as [`point_in`] makes them.
pub fn set_crs(connection: &Connection, layer: &str, crs: &Crs) -> Result<()> {
    let code = crs.code();
    connection.execute(
        "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?1, ?2, 'EPSG', ?2, ?3, NULL)",
        params![crs.name(), code, crs.wkt()],
    )?;
    connection.execute("UPDATE gpkg_contents SET srs_id = ? WHERE table_name = ?", params![code, layer])?;
    connection.execute("UPDATE gpkg_geometry_columns SET srs_id = ? WHERE table_name = ?", params![code, layer])?;
    Ok(())
}

/// Adds a spatial index over the geometries that a layer has, and what keeps it right when programs edit them: the
/// extension of annex F.3. To be called once.
pub fn add_spatial_index(connection: &Connection, layer: &str) -> Result<()> {
    connection.execute_batch(&SPATIAL_INDEX.replace("LAYER", layer))?;
    let mut select = connection.prepare(&format!("SELECT fid, geom FROM {layer} WHERE geom IS NOT NULL"))?;
    let mut insert = connection.prepare(&format!("INSERT INTO rtree_{layer}_geom VALUES (?, ?, ?, ?, ?)"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let fid: i64 = row.get(0)?;
        let Some(rect) = read(row.get_ref(1)?.as_blob()?).and_then(|geometry| geometry.bounding_rect()) else {
            continue;
        };
        insert.execute(params![fid, rect.min().x, rect.max().x, rect.min().y, rect.max().y])?;
    }
    Ok(())
}

fn union(a: &Rect<f64>, b: &Rect<f64>) -> Rect<f64> {
    let (low, high) = ((a.min(), b.min()), (a.max(), b.max()));
    Rect::new(
        Coord { x: low.0.x.min(low.1.x), y: low.0.y.min(low.1.y) },
        Coord { x: high.0.x.max(high.1.x), y: high.0.y.max(high.1.y) },
    )
}

/// A time as a column of the type `DATETIME` has it, to the millisecond; finer ones keep all that is known, which programs
/// read as well.
pub fn datetime(time: Timestamp) -> String {
    match time.subsec_nanosecond() % 1_000_000 {
        0 => time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        _ => time.to_string(),
    }
}

/// A point as the blob of a geometry.
pub fn point(lon_deg: f64, lat_deg: f64) -> Vec<u8> {
    point_in(SRS, lon_deg, lat_deg)
}

/// A point of a system of EPSG as the blob of a geometry.
pub fn point_in(srs: i32, x: f64, y: f64) -> Vec<u8> {
    let mut blob = header(srs, None);
    put_point(&mut blob, x, y);
    blob
}

/// Appends a point as well-known binary.
pub fn put_point(blob: &mut Vec<u8>, x: f64, y: f64) {
    start(blob, POINT);
    put(blob, Coord { x, y });
}

/// A line of two points.
pub fn segment(from: Coord<f64>, to: Coord<f64>) -> Vec<u8> {
    let mut blob = header(SRS, Some(Rect::new(from, to)));
    start(&mut blob, LINE_STRING);
    put_count(&mut blob, 2);
    put(&mut blob, from);
    put(&mut blob, to);
    blob
}

/// Polygons.
pub fn multi_polygon(polygons: &MultiPolygon<f64>) -> Vec<u8> {
    let mut blob = header(SRS, polygons.bounding_rect());
    start(&mut blob, MULTI_POLYGON);
    put_count(&mut blob, polygons.0.len());
    for polygon in polygons {
        start(&mut blob, POLYGON);
        put_count(&mut blob, 1 + polygon.interiors().len());
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            put_count(&mut blob, ring.0.len());
            ring.coords().for_each(|coord| put(&mut blob, *coord));
        }
    }
    blob
}

/// The geometry of a blob: a point, a line or polygons; `None` where it is none of them.
pub fn read(blob: &[u8]) -> Option<Geometry<f64>> {
    let flags = *blob.get(3)?;
    // The sizes of the envelopes that a header may have, bytes.
    let envelope = *[0, 32, 48, 48, 64].get(usize::from(flags >> 1 & 7))?;
    if !blob.starts_with(b"GP") {
        return None;
    }
    let mut rest = blob.get(8 + envelope..)?;
    let geometry = match take_start(&mut rest)? {
        POINT => Geometry::Point(take(&mut rest)?.into()),
        LINE_STRING => Geometry::LineString(take_ring(&mut rest)?),
        MULTI_POLYGON => {
            let polygons = (0..take_count(&mut rest)?).map(|_| take_polygon(&mut rest)).collect::<Option<_>>()?;
            Geometry::MultiPolygon(MultiPolygon(polygons))
        }
        _ => return None,
    };
    Some(geometry)
}

const POINT: u32 = 1;
const LINE_STRING: u32 = 2;
const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;

/// The header: magic, version 0, flags (little-endian, with the rectangle of what is no point), the system.
fn header(srs: i32, rect: Option<Rect<f64>>) -> Vec<u8> {
    let mut blob = b"GP\0".to_vec();
    blob.push(if rect.is_some() { 0b0000_0011 } else { 0b0000_0001 });
    blob.extend(srs.to_le_bytes());
    if let Some(rect) = rect {
        for side in [rect.min().x, rect.max().x, rect.min().y, rect.max().y] {
            blob.extend(side.to_le_bytes());
        }
    }
    blob
}

/// Begins a geometry of well-known binary, little-endian.
fn start(blob: &mut Vec<u8>, kind: u32) {
    blob.push(1);
    blob.extend(kind.to_le_bytes());
}

fn put_count(blob: &mut Vec<u8>, count: usize) {
    // No area has four thousand million corners.
    blob.extend((count as u32).to_le_bytes());
}

fn put(blob: &mut Vec<u8>, coord: Coord<f64>) {
    blob.extend(coord.x.to_le_bytes());
    blob.extend(coord.y.to_le_bytes());
}

/// Takes the first bytes of a slice.
fn bytes<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, others) = rest.split_first_chunk::<N>()?;
    *rest = others;
    Some(*first)
}

fn take_start(rest: &mut &[u8]) -> Option<u32> {
    // Written by this program, so little-endian.
    (bytes::<1>(rest)? == [1]).then_some(())?;
    Some(u32::from_le_bytes(bytes(rest)?))
}

fn take_count(rest: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes(rest)?))
}

fn take(rest: &mut &[u8]) -> Option<Coord<f64>> {
    Some(Coord { x: f64::from_le_bytes(bytes(rest)?), y: f64::from_le_bytes(bytes(rest)?) })
}

fn take_ring(rest: &mut &[u8]) -> Option<LineString<f64>> {
    (0..take_count(rest)?).map(|_| take(rest)).collect::<Option<Vec<_>>>().map(LineString)
}

fn take_polygon(rest: &mut &[u8]) -> Option<Polygon<f64>> {
    (take_start(rest)? == POLYGON).then_some(())?;
    let mut rings = (0..take_count(rest)?).map(|_| take_ring(rest)).collect::<Option<Vec<_>>>()?.into_iter();
    Some(Polygon::new(rings.next()?, rings.collect()))
}

/// The tables that every GeoPackage has.
const FRAME: &str = "
CREATE TABLE gpkg_spatial_ref_sys (
    srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES
    ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
    ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
    ('WGS 84 geodetic', 4326, 'EPSG', 4326, 'GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],AUTHORITY[\"EPSG\",\"4326\"]]', 'longitude and latitude in degrees on the WGS 84 spheroid');
CREATE TABLE gpkg_contents (
    table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_geometry_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
    z TINYINT NOT NULL, m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents (table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
";

/// The index of a layer, and the triggers of the standard.
const SPATIAL_INDEX: &str = "
CREATE TABLE IF NOT EXISTS gpkg_extensions (
    table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
INSERT INTO gpkg_extensions VALUES
    ('LAYER', 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only');
CREATE VIRTUAL TABLE rtree_LAYER_geom USING rtree (id, minx, maxx, miny, maxy);
CREATE TRIGGER rtree_LAYER_geom_insert AFTER INSERT ON LAYER
WHEN NEW.geom NOT NULL AND NOT ST_IsEmpty(NEW.geom) BEGIN
    INSERT OR REPLACE INTO rtree_LAYER_geom
    VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom));
END;
CREATE TRIGGER rtree_LAYER_geom_update1 AFTER UPDATE OF geom ON LAYER
WHEN OLD.fid = NEW.fid AND NEW.geom NOT NULL AND NOT ST_IsEmpty(NEW.geom) BEGIN
    INSERT OR REPLACE INTO rtree_LAYER_geom
    VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom));
END;
CREATE TRIGGER rtree_LAYER_geom_update2 AFTER UPDATE OF geom ON LAYER
WHEN OLD.fid = NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom)) BEGIN
    DELETE FROM rtree_LAYER_geom WHERE id = OLD.fid;
END;
CREATE TRIGGER rtree_LAYER_geom_update3 AFTER UPDATE ON LAYER
WHEN OLD.fid != NEW.fid AND NEW.geom NOT NULL AND NOT ST_IsEmpty(NEW.geom) BEGIN
    DELETE FROM rtree_LAYER_geom WHERE id = OLD.fid;
    INSERT OR REPLACE INTO rtree_LAYER_geom
    VALUES (NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom));
END;
CREATE TRIGGER rtree_LAYER_geom_update4 AFTER UPDATE ON LAYER
WHEN OLD.fid != NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom)) BEGIN
    DELETE FROM rtree_LAYER_geom WHERE id IN (OLD.fid, NEW.fid);
END;
CREATE TRIGGER rtree_LAYER_geom_delete AFTER DELETE ON LAYER
WHEN OLD.geom NOT NULL BEGIN
    DELETE FROM rtree_LAYER_geom WHERE id = OLD.fid;
END;
";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn geometries_come_back_as_they_were() {
        let (a, b) = (Coord { x: 7.1, y: 48.2 }, Coord { x: 7.0, y: 48.3 });
        assert_eq!(read(&point(a.x, a.y)), Some(Geometry::Point(a.into())));
        assert_eq!(read(&segment(a, b)), Some(Geometry::LineString(LineString(vec![a, b]))));
        let ring =
            |s: f64| LineString(vec![(s, s).into(), (9.0 - s, s).into(), (9.0 - s, 9.0 - s).into(), (s, s).into()]);
        let polygons = MultiPolygon(vec![Polygon::new(ring(0.0), vec![ring(1.0)]), Polygon::new(ring(2.0), vec![])]);
        assert_eq!(read(&multi_polygon(&polygons)), Some(Geometry::MultiPolygon(polygons)));
    }

    /// The example of a point in the notes of other implementations: header, byte order, kind, two numbers.
    #[test]
    fn a_point_has_the_bytes_of_the_standard() {
        let blob = point(1.0, -2.0);
        assert_eq!(blob[..8], [b'G', b'P', 0, 1, 0xE6, 0x10, 0, 0]);
        assert_eq!(blob[8..13], [1, 1, 0, 0, 0]);
        assert_eq!(blob[13..], [1.0_f64.to_le_bytes(), (-2.0_f64).to_le_bytes()].concat());
    }

    #[test]
    fn a_time_has_milliseconds_and_loses_nothing() {
        for (time, expected) in [
            ("2026-05-12T08:14:05Z", "2026-05-12T08:14:05.000Z"),
            ("2026-05-12T10:14:05.5+02:00", "2026-05-12T08:14:05.500Z"),
            ("2026-05-12T08:14:05.123456Z", "2026-05-12T08:14:05.123456Z"),
        ] {
            let time: Timestamp = time.parse().unwrap();
            assert_eq!(datetime(time), expected);
            assert_eq!(datetime(time).parse::<Timestamp>().unwrap(), time);
        }
    }

    #[test]
    fn a_layer_is_listed_with_its_extent() {
        let connection = Connection::open_in_memory().unwrap();
        let layer = |name, geometry| Layer { name, description: "", geometry, columns: "a TEXT" };
        create(&connection, &[layer("posts", Some("POINT")), layer("notes", None)]).unwrap();
        for (x, y) in [(1.0, 5.0), (3.0, 4.0)] {
            connection.execute("INSERT INTO posts (geom) VALUES (?)", [point(x, y)]).unwrap();
        }
        note_extent(&connection, "posts").unwrap();
        let extent: [f64; 4] = connection
            .query_row("SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = 'posts'", [], |r| {
                Ok([r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?])
            })
            .unwrap();
        assert_eq!(extent, [1.0, 4.0, 3.0, 5.0]);
    }

    proptest! {
        #[test]
        fn no_blob_upsets_the_reader(tail in proptest::collection::vec(any::<u8>(), 0..80), kind in 0u8..8) {
            let _ = read(&tail);
            let _ = read(&[b"GP\0\x01\xE6\x10\0\0\x01".as_slice(), &[kind, 0, 0, 0], &tail].concat());
        }
    }
}
