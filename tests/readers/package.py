"""A package of open data, read by Frictionless: python package.py DIR"""

import json
import os
import sys

from frictionless import Package, Resource, Schema

folder = sys.argv[1]
path = os.path.join(folder, "datapackage.json")
report = Package(path).validate()
assert report.valid, report.flatten(["type", "message"])
assert not list(Package.metadata_validate(json.load(open(path)))), "the descriptor"
schema = os.path.join(folder, "schema.json")
assert not list(Schema.metadata_validate(json.load(open(schema)))), "the schema"

# The rows of the table are those of GeoJSON.
[table] = [resource for resource in Package(path).resources if resource.format == "csv"]
rows = table.read_rows()
features = json.load(open(os.path.join(folder, table.path.replace(".csv", ".geojson"))))["features"]
assert rows and len(rows) == len(features), (len(rows), len(features))
for row, feature in zip(rows, features):
    assert [float(row["lon"]), float(row["lat"])] == feature["geometry"]["coordinates"], row["id"]
    for name, value in feature["properties"].items():
        read = row[name]
        if isinstance(value, (int, float)):
            read = float(read)
        elif name in ("first_seen", "last_seen") and value:
            read, value = read.isoformat().replace("+00:00", "Z"), value
        assert read == value, (row["id"], name, read, value)

# A table that breaks its schema is told.
broken = os.path.join(folder, os.pardir, "broken.csv")
with open(os.path.join(folder, table.path), newline="") as whole, open(broken, "w", newline="") as out:
    lines = whole.readlines()
    out.writelines([lines[0], "999" + lines[1][lines[1].index(","):]])
assert not Resource(path="broken.csv", basepath=os.path.dirname(broken), schema=Schema.from_descriptor(schema)).validate().valid
