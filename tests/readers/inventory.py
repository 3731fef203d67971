"""Reads what arpent wrote and compares it with its GeoJSON: python inventory.py REFERENCE.geojson FILE[@EPSG:CODE]…"""

import json
import sys
import xml.etree.ElementTree as ET

import geopandas as gpd
import jsonschema
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pyproj

TIMES = {"first_seen", "last_seen"}
COUNTS = {"sightings", "sequences"}
REALS = {
    "class_confidence", "probability", "accuracy_m", "ellipse_major_m", "ellipse_minor_m", "ellipse_azimuth_deg",
    "direction_deg", "direction_sd_deg", "surface_m2", "surface_sd_m2",
}
COLUMNS = (
    "id find class value label class_confidence probability method accuracy_m ellipse_major_m ellipse_minor_m "
    "ellipse_azimuth_deg direction_deg direction_sd_deg support installation surface_m2 surface_sd_m2 sightings "
    "sequences first_seen last_seen panoramax picture_url picture_box license producer osm_tags reviewed"
).split()

reference = json.load(open(sys.argv[1]))
features = {feature["properties"]["id"]: feature for feature in reference["features"]}


def check_table(table, crs):
    """All rows, columns, values and places of a table with geometries."""
    assert list(table.columns) == COLUMNS + ["geometry"], list(table.columns)
    assert table.crs == crs, f"{table.crs} instead of {crs}"
    assert sorted(table["id"]) == sorted(features)
    for row in table.itertuples(index=False):
        row = dict(zip(table.columns, row))
        feature = features[row["id"]]
        for name in COLUMNS:
            check_value(name, row[name], feature["properties"][name])
        check_place((row["geometry"].x, row["geometry"].y), feature, crs)


def check_value(name, value, expected):
    if expected is None:
        assert pd.isna(value), f"{name}: {value!r} instead of a null"
    elif name in TIMES:
        assert pd.Timestamp(value).floor("ms") == pd.Timestamp(expected).floor("ms"), f"{name}: {value} for {expected}"
    else:
        assert value == expected, f"{name}: {value!r} instead of {expected!r}"


def check_place(place, feature, crs):
    to_crs = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    expected = to_crs.transform(*feature["geometry"]["coordinates"])
    tolerance = 1e-9 if pyproj.CRS(crs).is_geographic else 0.01
    assert all(abs(a - b) < tolerance for a, b in zip(place, expected)), f"{place} instead of {expected}"


def check_layer(path, **layer):
    """The types of a layer, which an empty one has too, and its spatial index."""
    info = pyogrio.read_info(path, **layer)
    kinds = dict(zip(info["fields"], info["ogr_types"]))
    assert kinds == {
        name: "OFTDateTime" if name in TIMES
        else "OFTInteger64" if name in COUNTS
        else "OFTReal" if name in REALS
        else "OFTString"
        for name in COLUMNS
    }, kinds
    # FlatGeobuf has no word for none: its count of 0 means that nobody counted.
    assert info["geometry_type"] == "Point" and info["features"] in (len(features), -1 if not features else None)
    if features:
        assert info["capabilities"]["fast_spatial_filter"], "no spatial index"
        table = pyogrio.read_dataframe(path, **layer)
        x, y = table.geometry.iloc[0].x, table.geometry.iloc[0].y
        found = pyogrio.read_dataframe(path, bbox=(x - 1e-6, y - 1e-6, x + 1e-6, y + 1e-6), **layer)
        assert table["id"].iloc[0] in set(found["id"])
        west = pyogrio.read_dataframe(path, bbox=(x - 9e6, y - 9e6, table.geometry.x.min() - 1e-4, y + 9e6), **layer)
        assert len(west) == 0
    return info


def geopackage(path, crs):
    assert pyogrio.list_layers(path).tolist() == [["landmarks", "Point"], ["survey", None]]
    check_layer(path, layer="landmarks")
    check_table(gpd.read_file(path, layer="landmarks"), crs)
    survey = gpd.read_file(path, layer="survey")
    lineage = reference["survey"]
    assert sorted(survey["name"]) == sorted(lineage)
    for name, value in zip(survey["name"], survey["value"]):
        expected = lineage[name]
        value = None if pd.isna(value) else value if isinstance(expected, str) else json.loads(value)
        assert value == expected, f"{name}: {value}"


def flatgeobuf(path, crs):
    info = check_layer(path)
    assert json.loads(info["layer_metadata"]["survey"]) == reference["survey"]
    check_table(gpd.read_file(path), crs)


def geoparquet(path, crs):
    check_table(gpd.read_parquet(path), "OGC:CRS84" if crs == "EPSG:4326" else crs)
    schema = pq.read_schema(path)
    for name, kind in zip(schema.names, schema.types):
        expected = (
            "timestamp[us, tz=UTC]" if name in TIMES
            else "int64" if name in COUNTS
            else "double" if name in REALS
            else "binary" if name == "geometry"
            else "string"
        )
        assert str(kind) == expected, f"{name}: {kind}"
    assert json.loads(schema.metadata[b"survey"]) == reference["survey"]
    geo = json.loads(schema.metadata[b"geo"])
    assert geo["version"] == "1.1.0" and geo["primary_column"] == "geometry"
    column = geo["columns"]["geometry"]
    assert column["encoding"] == "WKB" and column["geometry_types"] == ["Point"]
    if "crs" in column:
        projjson = json.load(open(f"{pyproj.datadir.get_data_dir()}/projjson.schema.json"))
        jsonschema.validate(column["crs"], projjson)
    if features:
        bounds = gpd.read_parquet(path).total_bounds.tolist()
        assert column["bbox"] == bounds, column["bbox"]


def csv(path, crs):
    marked = open(path, "rb").read(3) == b"\xef\xbb\xbf"
    excel = "excel" in path
    assert marked == (excel or "bom" in path)
    separator = ";" if excel else ","
    table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    axes = ["lon", "lat"] if crs == "EPSG:4326" else ["x", "y"]
    assert list(table.columns) == axes + COLUMNS
    if excel:
        numbers = axes + sorted(REALS)
        assert not table[numbers].apply(lambda column: column.str.contains(".", regex=False)).any(axis=None)
        table[numbers] = table[numbers].apply(lambda column: column.str.replace(",", "."))
    for row in table.to_dict("records"):
        feature = features[row["id"]]
        check_place([float(row[axis]) for axis in axes], feature, crs)
        for name in COLUMNS:
            expected = feature["properties"][name]
            value = row[name] if expected is None or isinstance(expected, str) else type(expected)(row[name])
            check_value(name, None if expected is None and value == "" else value, expected)
    assert len(table) == len(features)


def osm(path, crs):
    root = ET.parse(path).getroot()
    assert root.tag == "osm" and root.attrib["version"] == "0.6" and root.attrib["upload"] == "never"
    nodes = list(root)
    assert [node.attrib["id"] for node in nodes] == [str(-n) for n in range(1, len(nodes) + 1)]
    tagged = [feature for feature in features.values() if feature["properties"]["osm_tags"]]
    assert len(nodes) == len(tagged)
    for node, feature in zip(nodes, tagged):
        assert node.tag == "node" and node.attrib["action"] == "modify"
        place = [float(node.attrib["lon"]), float(node.attrib["lat"])]
        check_place(place, feature, crs)
        tags = {tag.attrib["k"]: tag.attrib["v"] for tag in node}
        for tag in feature["properties"]["osm_tags"].split(";"):
            key, value = tag.split("=", 1)
            assert tags[key] == value
        assert all(0 < len(value) <= 255 for value in tags.values())
    if nodes:
        # GDAL's reader of the format finds them as well, and their tags.
        points = pyogrio.read_dataframe(path, layer="points")
        assert len(points) == len(nodes) and points["osm_id"].tolist() == [node.attrib["id"] for node in nodes]
        assert all(tags.startswith('"') for tags in points["other_tags"])


def maproulette(path, crs):
    lines = open(path, encoding="utf-8").read().splitlines()
    assert len(lines) == len(features)
    for line, feature in zip(lines, features.values()):
        task = json.loads(line)
        assert task["type"] == "FeatureCollection" and len(task["features"]) == 1
        [found] = task["features"]
        assert found["id"] == feature["properties"]["id"] and found["geometry"] == feature["geometry"]
        properties = found["properties"]
        assert properties.pop("name") and properties.pop("instructions")
        assert properties == feature["properties"]
        assert len(gpd.GeoDataFrame.from_features(task)) == 1


READERS = {
    ".gpkg": geopackage, ".fgb": flatgeobuf, ".parquet": geoparquet, ".csv": csv, ".osm": osm,
    ".maproulette.geojson": maproulette,
}

for argument in sys.argv[2:]:
    path, _, crs = argument.partition("@")
    [reader] = [reader for ending, reader in READERS.items() if path.endswith(ending)]
    try:
        reader(path, crs or "EPSG:4326")
    except Exception as error:
        error.add_note(f"in {argument}")
        raise
