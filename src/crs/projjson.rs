//! PROJJSON, the form in which GeoParquet names a coordinate reference system, out of well-known text.

use serde_json::{Value, json};

use super::wkt::Node;

const SCHEMA: &str = "https://proj.org/schemas/v0.7/projjson.schema.json";

/// A parameter of a projection: its name in well-known text, and name and code in EPSG.
type Parameter = (&'static str, &'static str, u32);

/// A projection: its name in well-known text, name and code of the method in EPSG, and its parameters.
struct Method(&'static str, &'static str, u32, &'static [Parameter]);

const FALSE_EASTING: Parameter = ("false_easting", "False easting", 8806);
const FALSE_NORTHING: Parameter = ("false_northing", "False northing", 8807);
const LATITUDE_OF_ORIGIN: Parameter = ("latitude_of_origin", "Latitude of natural origin", 8801);
const CENTRAL_MERIDIAN: Parameter = ("central_meridian", "Longitude of natural origin", 8802);
const SCALE_FACTOR: Parameter = ("scale_factor", "Scale factor at natural origin", 8805);
/// Those of a projection about a natural origin with a scale there.
const NATURAL_ORIGIN: &[Parameter] =
    &[LATITUDE_OF_ORIGIN, CENTRAL_MERIDIAN, SCALE_FACTOR, FALSE_EASTING, FALSE_NORTHING];

const METHODS: &[Method] = &[
    Method("Transverse_Mercator", "Transverse Mercator", 9807, NATURAL_ORIGIN),
    Method("Lambert_Conformal_Conic_1SP", "Lambert Conic Conformal (1SP)", 9801, NATURAL_ORIGIN),
    Method(
        "Lambert_Conformal_Conic_2SP",
        "Lambert Conic Conformal (2SP)",
        9802,
        &[
            ("latitude_of_origin", "Latitude of false origin", 8821),
            ("central_meridian", "Longitude of false origin", 8822),
            ("standard_parallel_1", "Latitude of 1st standard parallel", 8823),
            ("standard_parallel_2", "Latitude of 2nd standard parallel", 8824),
            ("false_easting", "Easting at false origin", 8826),
            ("false_northing", "Northing at false origin", 8827),
        ],
    ),
    Method(
        "Lambert_Azimuthal_Equal_Area",
        "Lambert Azimuthal Equal Area",
        9820,
        &[
            ("latitude_of_center", "Latitude of natural origin", 8801),
            ("longitude_of_center", "Longitude of natural origin", 8802),
            FALSE_EASTING,
            FALSE_NORTHING,
        ],
    ),
    Method(
        "Albers_Conic_Equal_Area",
        "Albers Equal Area",
        9822,
        &[
            ("latitude_of_center", "Latitude of false origin", 8821),
            ("longitude_of_center", "Longitude of false origin", 8822),
            ("standard_parallel_1", "Latitude of 1st standard parallel", 8823),
            ("standard_parallel_2", "Latitude of 2nd standard parallel", 8824),
            ("false_easting", "Easting at false origin", 8826),
            ("false_northing", "Northing at false origin", 8827),
        ],
    ),
];

/// The web's Mercator, which well-known text of version 1 names as another projection.
const WEB_MERCATOR: u16 = 3857;
const PSEUDO_MERCATOR: Method = Method(
    "Mercator_1SP",
    "Popular Visualisation Pseudo Mercator",
    1024,
    &[LATITUDE_OF_ORIGIN, CENTRAL_MERIDIAN, FALSE_EASTING, FALSE_NORTHING],
);

/// The definition of a system in metres or degrees; `None` for one whose axes, unit or projection are others.
pub fn of(tree: &Node, code: u16) -> Option<Value> {
    let mut definition = match tree.keyword() {
        "GEOGCS" => geographic(tree)?,
        "PROJCS" => projected(tree, code)?,
        _ => return None,
    };
    definition["$schema"] = SCHEMA.into();
    Some(definition)
}

/// Two axes, to the north and to the east.
fn axes([north, east]: [[&str; 2]; 2], unit: &str, east_first: bool) -> Value {
    let axis = |[name, abbreviation]: [&str; 2], direction: &str| json!({"name": name, "abbreviation": abbreviation, "direction": direction, "unit": unit});
    let (north, east) = (axis(north, "north"), axis(east, "east"));
    if east_first { json!([east, north]) } else { json!([north, east]) }
}

fn geographic(tree: &Node) -> Option<Value> {
    let datum = tree.child("DATUM")?;
    let ellipsoid = datum.child("SPHEROID")?;
    let degrees = tree.child("UNIT")?.name() == "degree";
    let greenwich = tree.child("PRIMEM")?.number(1) == Some(0.0);
    (degrees && greenwich).then_some(())?;
    let names = [["Geodetic latitude", "Lat"], ["Geodetic longitude", "Lon"]];
    Some(json!({
        "type": "GeographicCRS",
        "name": tree.name(),
        "datum": {
            "type": "GeodeticReferenceFrame",
            "name": datum_name(datum.name()),
            "ellipsoid": {
                "name": ellipsoid.name(),
                "semi_major_axis": ellipsoid.number(1)?,
                "inverse_flattening": ellipsoid.number(2)?,
            },
        },
        "coordinate_system": {
            "subtype": "ellipsoidal",
            "axis": axes(names, "degree", tree.name().ends_with("(lon-lat)")),
        },
        "id": id(tree.code()?),
    }))
}

fn projected(tree: &Node, code: u16) -> Option<Value> {
    let directions: Vec<Option<&str>> = tree.children("AXIS").map(|axis| axis.word(1)).collect();
    let east_first = match directions[..] {
        [Some("EAST"), Some("NORTH")] => true,
        // Those that are not named are the other way round, so that who reads them knows no better than to take the
        // coordinates as they stand, east first, as all formats have them.
        [] => false,
        _ => return None,
    };
    let metres = tree.child("UNIT")?.name() == "metre";
    metres.then_some(())?;
    let name = tree.child("PROJECTION")?.name();
    let Method(_, method, method_code, parameters) = match code {
        WEB_MERCATOR => &PSEUDO_MERCATOR,
        _ => METHODS.iter().find(|method| method.0 == name)?,
    };
    let value = |name: &str| tree.children("PARAMETER").find(|p| p.name() == name).and_then(|p| p.number(1));
    // About the poles it is written for a sphere, which well-known text hides.
    (value("latitude_of_center").is_none_or(|lat_deg| lat_deg.abs() < 90.0)).then_some(())?;
    let parameters = parameters.iter().map(|(name, epsg_name, epsg_code)| {
        let value = value(name).or((code == WEB_MERCATOR).then_some(0.0))?;
        let unit = match epsg_code {
            8805 => "unity",
            8806 | 8807 | 8826 | 8827 => "metre",
            _ => "degree",
        };
        Some(json!({"name": epsg_name, "value": value, "unit": unit, "id": id(*epsg_code)}))
    });
    Some(json!({
        "type": "ProjectedCRS",
        "name": tree.name(),
        "base_crs": geographic(tree.child("GEOGCS")?)?,
        "conversion": {
            "name": tree.name(),
            "method": {"name": method, "id": id(*method_code)},
            "parameters": parameters.collect::<Option<Vec<_>>>()?,
        },
        "coordinate_system": {
            "subtype": "Cartesian",
            "axis": axes([["Northing", "N"], ["Easting", "E"]], "metre", east_first),
        },
        "id": id(tree.code()?),
    }))
}

/// The name of a datum as EPSG writes it today.
fn datum_name(name: &str) -> String {
    match name {
        "WGS_1984" => "World Geodetic System 1984".to_owned(),
        _ => name.replace('_', " "),
    }
}

fn id(code: u32) -> Value {
    json!({"authority": "EPSG", "code": code})
}
