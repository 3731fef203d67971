"""Coordinate reference systems as arpent knows them, against PROJ: python systems.py SYSTEMS.json"""

import json
import sys

from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

# EPSG gave the name of this system to a newer realisation of its datum.
SPLIT = {8449}


def renamed(definition, epsg):
    """The same with the datum as EPSG names it today."""
    base = definition.get("base_crs", definition)
    today = epsg.to_json_dict().get("base_crs", epsg.to_json_dict())
    base.pop("datum")
    base.update({key: today[key] for key in ("datum", "datum_ensemble", "name") if key in today})
    return CRS.from_json_dict(definition)


wrong = []
systems = json.load(open(sys.argv[1]))
for system in systems:
    code, places = system["code"], system["places"]
    try:
        epsg = CRS.from_epsg(code)
    except CRSError:
        wrong.append(f"EPSG:{code} is no more")
        continue
    transformer = Transformer.from_crs(epsg.geodetic_crs, epsg, always_xy=True)
    tolerance = 1e-7 if system["geographic"] else 0.01
    for lon, lat, place in places:
        expected = transformer.transform(lon, lat)
        off = max(abs(a - b) for a, b in zip(place or [9e9, 9e9], expected))
        if not off <= tolerance:
            wrong.append(f"EPSG:{code} {epsg.name} at {lon}, {lat}: {place} instead of {expected}")
            break
    read = CRS.from_user_input(system["projjson"])
    if read.to_epsg() != code:
        read = renamed(system["projjson"], epsg)
    if read != epsg and code not in SPLIT:
        wrong.append(f"EPSG:{code} {epsg.name}: its PROJJSON is another")
print(f"{len(systems)} systems", *wrong, sep="\n")
sys.exit(bool(wrong))
