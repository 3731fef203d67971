#!/bin/bash
# Opens pages of `arpent report` in headless Chromium and uses them as people do (tests/page/test.py).
#
#   tests/page.sh [TEST…]     all tests, or those named: Page.test_the_map
#
# Chromium, its driver and Python's venv are installed where they are missing, which needs Debian and root; elsewhere,
# without them, nothing is tested. Pages, pictures of them and what is downloaded lie in .test/page afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { echo "tests/page.sh: skipped: $*"; exit 0; }
has() { command -v "$1" > /dev/null; }
if ! has chromedriver || ! has chromium || ! python3 -c 'import ensurepip' 2> /dev/null; then
    [ "$(id -u)" = 0 ] && has apt-get || skip "no chromium and chromedriver, which only root can install"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        chromium chromium-driver python3-venv fonts-liberation openssl > /dev/null
fi
venv=.test/page-venv
if [ ! -e "$venv/installed" ] || [ tests/page/requirements.txt -nt "$venv/installed" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/page/requirements.txt
    touch "$venv/installed"
fi

out=$PWD/.test/page
rm -rf "$out"
mkdir -p "$out"
arpent() { cargo run --quiet -- "$@"; }
arpent survey --pictures examples/street -o "$out/street.gpkg" 2> "$out/log.txt"
arpent export "$out/street.gpkg" -o "$out/street.geojson"
arpent report "$out/street.gpkg" -o "$out/street.html"
python3 tests/page/hostile.py "$out/street.gpkg" "$out/hostile.gpkg"
arpent report "$out/hostile.gpkg" -o "$out/hostile.html" --title '</title><script>window.evil = 1</script>'
python3 tests/page/many.py "$out/street.gpkg" "$out/many.gpkg" 20000
arpent report "$out/many.gpkg" -o "$out/many.html" --cut-outs 0

"$venv/bin/python" tests/page/test.py "$@"

# What the test has marked and downloaded, applied.
marks=$out/street-marks.json
if [ -e "$marks" ]; then
    arpent review "$out/street.gpkg" "$marks"
    arpent export "$out/street.gpkg" -o "$out/reviewed.geojson"
    python3 - "$out/street.geojson" "$out/reviewed.geojson" <<'PYTHON'
import json, sys
before, after = ({f["properties"]["id"]: f for f in json.load(open(path))["features"]} for path in sys.argv[1:])
said = sorted(f["properties"]["reviewed"] or "" for f in after.values())
assert len(before) == len(after) + 1 and said[-2:] == ["class;moved", "right"], said
PYTHON
fi
