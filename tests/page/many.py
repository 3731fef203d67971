"""Makes the file of a large survey out of that of a small one: the same street again and again, a few hundred metres on.

    python3 tests/page/many.py SMALL.gpkg LARGE.gpkg LANDMARKS
"""

import shutil
import sqlite3
import struct
import sys

STEP_DEG = 0.004


def moved(blob, east_deg, north_deg):
    """The blob of a GeoPackage's point or line, moved: the envelope, where it has one, and all coordinates."""
    if blob is None:
        return None
    envelope = 8 + [0, 32, 48, 48, 64][blob[3] >> 1 & 7]
    out = bytearray(blob)
    if envelope > 8:
        sides = struct.unpack_from("<4d", out, 8)
        struct.pack_into("<4d", out, 8, sides[0] + east_deg, sides[1] + east_deg, sides[2] + north_deg, sides[3] + north_deg)
    kind = struct.unpack_from("<I", out, envelope + 1)[0]
    first = envelope + (5 if kind == 1 else 9)
    for at in range(first, len(out), 16):
        x, y = struct.unpack_from("<2d", out, at)
        struct.pack_into("<2d", out, at, x + east_deg, y + north_deg)
    return bytes(out)


def main(small, large, landmarks):
    shutil.copyfile(small, large)
    db = sqlite3.connect(large)
    db.row_factory = sqlite3.Row
    rows = {table: [dict(row) for row in db.execute(f"SELECT * FROM {table}")] for table in ["landmarks", "pictures", "sightings"]}
    copies = -(-landmarks // len(rows["landmarks"]))
    side = int(copies**0.5) + 1
    for copy in range(1, copies):
        east, north = copy % side * STEP_DEG, copy // side * STEP_DEG
        for table, names in [("landmarks", ["id", "support"]), ("pictures", ["picture_id", "sequence"]), ("sightings", ["picture_id", "landmark"])]:
            for row in rows[table]:
                row = dict(row, geom=moved(row["geom"], east, north))
                del row["fid"]
                for name in names:
                    row[name] = row[name] and f"{copy:x}-{row[name]}"
                if table == "landmarks":
                    row["panoramax"] = ";".join(f"{copy:x}-{id}" for id in row["panoramax"].split(";"))
                    row["probability"] = round(row["probability"] * (1 - copy * 7 % 60 / 100), 3)
                db.execute(f"INSERT INTO {table} ({','.join(row)}) VALUES ({','.join('?' * len(row))})", list(row.values()))
    db.execute("DELETE FROM landmarks WHERE fid NOT IN (SELECT fid FROM landmarks ORDER BY fid LIMIT ?)", [landmarks])
    db.commit()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
