//! Whatever stands in a file, its parser comes back with sound values or an error. `PROPTEST_CASES` says how often.

use arpent::area::Area;
use arpent::compare::{Looks, Terms, compare};
use arpent::locate::tables::Tables;
use arpent::locate::{Traits, locate};
use arpent::model::Together;
use arpent::place::{Columns, Places};
use proptest::prelude::*;

/// Changes to a text: at a place, so many bytes are replaced by others.
fn changes() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
    let piece = prop_oneof![
        "[\\[\\]{}\",:.eE0-9+-]{0,6}",
        Just("1e999".to_owned()),
        Just("-0.0".to_owned()),
        Just("null".to_owned()),
        Just("180".to_owned()),
        Just("\"type\":\"GeometryCollection\"".to_owned()),
        Just("\r\n".to_owned()),
        ".{0,4}",
    ];
    proptest::collection::vec((any::<usize>(), 0..12usize, piece), 0..5)
}

fn changed(text: &str, changes: &[(usize, usize, String)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (at, length, piece) in changes {
        let at = at % (bytes.len() + 1);
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, piece.bytes());
    }
    bytes
}

/// What an area can be asked, it answers.
fn assert_sound(area: &Area) {
    for rect in area.rects() {
        let (min, max) = (rect.min(), rect.max());
        assert!(min.x >= -180.0 && max.x <= 180.0 && min.y >= -90.0 && max.y <= 90.0);
        assert!(area.meets(&rect));
        let _ = area.contains(f64::midpoint(min.x, max.x), f64::midpoint(min.y, max.y));
    }
    assert!(!area.contains(181.0, 0.0));
    assert!(!area.describe().is_empty() && area.to_geojson().is_object());
}

const AREAS: [&str; 3] = [
    r#"{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[3,3],[6,3],[6,6],[3,3]]]}"#,
    r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"nom":"Vendenheim"},"geometry":
        {"type":"MultiPolygon","coordinates":[[[[7.68,48.65],[7.72,48.65],[7.7,48.69],[7.68,48.65]]],[[[1,1],[2,1],[2,2],[1,1]]]]}}]}"#,
    r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]},
        {"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}]}"#,
];

const PICTURES: &str = "picture_id,sequence_id,lon,lat,position_sd_m,heading_deg,heading_sd_deg,hfov_deg,time\n\
    a,s,7.7,48.6,1.5,90,2,360,2024-05-06T08:00:00Z\nb,s,7.7001,48.6,1.5,-90,2,70,\nc,t,7.7,48.6001,0,0,0,360,\n";
const SIGHTINGS: &str = "picture_id,class,azimuth_deg,azimuth_sd_deg,range_m,range_sd_m,elevation_deg,score\n\
    b,x,10,2,,,,\na,x,350.5,2.1,12,3,1.5,0.7\nc,y,0,0,0.1,0.1,,1\na,y,45,1,5,1,0,0.2\n";

const PLACES: [&str; 3] = [
    "id,lon,lat,class,value,ellipse_major_m,ellipse_minor_m,ellipse_azimuth_deg,direction_deg,last_seen\n\
     a,7.7,48.6,B14,50,3,2,90,180,2024-05-06T08:00:00Z\nb,7.70001,48.6,AB4,,,,,,\n",
    "\u{feff}lon;lat;class\r\n7,7;48,6;\"FR:B14[50];FR:M9z\"\r\n",
    r#"{"elements":[{"type":"node","id":1,"lat":48.6,"lon":7.7,"tags":{"traffic_sign":"FR:B14[50],M1"}}]}"#,
];

const TRAITS: Traits = Traits { is_exclusive: false, together: Together::Support };

proptest! {
    #[test]
    fn areas(which in 0..AREAS.len(), changes in changes()) {
        let text = String::from_utf8_lossy(&changed(AREAS[which], &changes)).into_owned();
        if let Ok(area) = Area::from_geojson(&text) {
            assert_sound(&area);
        }
    }

    #[test]
    fn boxes(text in "[0-9,.eE+ -]{0,30}|(-?[0-9]{1,3}(\\.[0-9]{0,3})?,){3}-?[0-9]{1,3}") {
        if let Ok(area) = Area::parse_bbox(&text) {
            assert_sound(&area);
        }
    }

    #[test]
    fn tables(pictures in changes(), sightings in changes(), zipped: bool) {
        let folder = tempfile::tempdir().unwrap();
        let (p, s) = (folder.path().join("p.csv"), folder.path().join(if zipped { "s.csv.gz" } else { "s.csv" }));
        std::fs::write(&p, changed(PICTURES, &pictures)).unwrap();
        std::fs::write(&s, changed(SIGHTINGS, &sightings)).unwrap();
        match Tables::read(&p, &s) {
            Ok(tables) => {
                for landmark in locate(&tables.stations, &tables.sightings, TRAITS) {
                    prop_assert!((0.0..=1.0).contains(&landmark.probability), "{landmark:?}");
                    prop_assert!(landmark.lon_deg.is_finite() && landmark.lat_deg.abs() <= 90.0, "{landmark:?}");
                }
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn places(which in 0..PLACES.len(), changes in changes()) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), changed(PLACES[which], &changes)).unwrap();
        match Places::read(file.path(), &Columns::default()) {
            Ok(Places { places, .. }) => {
                let outcomes = compare(&places, &places, Terms::default(), Looks::default());
                prop_assert!(outcomes.len() >= places.len());
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
