"""Copies the file of a survey and gives everything in it names that would do harm in a careless page.

    python3 tests/page/hostile.py SURVEY.gpkg HOSTILE.gpkg
"""

import shutil
import sqlite3
import sys

EVIL = '</script><img src=x onerror="window.evil=1"><script>window.evil=1</script>'


def main(survey, hostile):
    shutil.copyfile(survey, hostile)
    db = sqlite3.connect(hostile)
    for column in ["label", "value", "license", "producer", "osm_tags", "reviewed", "support"]:
        db.execute(f"UPDATE landmarks SET {column} = ?", [f"{column} {EVIL}"])
    db.execute("UPDATE landmarks SET class = ? || fid", [f"class {EVIL}"])
    db.execute("UPDATE landmarks SET picture_url = 'javascript:window.evil=1'")
    # A code that is known, so that its value would be written on the symbol.
    db.execute("UPDATE landmarks SET class = 'B14', value = ? WHERE fid = (SELECT min(fid) FROM landmarks)", [EVIL])
    db.execute("UPDATE landmarks SET id = ? WHERE fid = (SELECT min(fid) FROM landmarks)", [EVIL])
    db.execute("UPDATE pictures SET producer = ?, license = ?, page_url = 'javascript:window.evil=1'", [EVIL, EVIL])
    db.execute("UPDATE pictures SET state = 'failed', reason = ? WHERE fid % 3 = 0", [EVIL])
    (lineage,) = db.execute("SELECT lineage FROM runs").fetchone()
    escaped = EVIL.replace('"', '\\"')
    db.execute("UPDATE runs SET lineage = ?", [lineage.replace("CC0-1.0", escaped).replace("arpent-signs", escaped).replace("examples/street", escaped)])
    db.execute("UPDATE settings SET value = ? WHERE name = 'source'", [EVIL])
    db.commit()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
