"""The file of a survey, read by GDAL: python survey.py SURVEY.gpkg"""

import sys

import pyogrio

TIMES = {"landmarks": ["first_seen", "last_seen"], "pictures": ["taken_at", "looked_at"]}

for layer, columns in TIMES.items():
    info = pyogrio.read_info(sys.argv[1], layer=layer)
    kinds = dict(zip(info["fields"], info["ogr_types"]))
    table = pyogrio.read_dataframe(sys.argv[1], layer=layer)
    assert len(table), layer
    for column in columns:
        assert kinds[column] == "OFTDateTime", f"{layer}.{column} is {kinds[column]}"
        assert str(table[column].dtype).startswith("datetime64") and table[column].notna().all(), (layer, column)
