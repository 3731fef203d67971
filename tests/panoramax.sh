#!/bin/bash
# Runs tests/panoramax.rs against a true Panoramax server, which is started for it and stopped afterwards.
#
#   tests/panoramax.sh [FILTER…]     all its tests, or those whose names hold a FILTER
#
# ARPENT_SHARED names the folder with the server's start script and the real pictures (default: ../shared); where it
# is missing nothing is tested. The server needs Debian 12, root and a few minutes for its first start; VENV names the
# folder that keeps its packages (default: .test/venv), worth caching. PORT is its port (default: 5000).
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { echo "tests/panoramax.sh: skipped: $*"; exit 0; }
shared=${ARPENT_SHARED:-../shared}
[ -x "$shared/panoramax/start-server" ] || skip "no panoramax/start-server in $shared (ARPENT_SHARED names the folder)"
[ "$(id -u)" = 0 ] || skip "the server's database is installed and started as root"

ARPENT_SHARED=$(realpath "$shared")
export ARPENT_SHARED VENV=${VENV:-$PWD/.test/venv}
state=$PWD/.test/panoramax
server() { "$ARPENT_SHARED/panoramax/start-server" "$@"; }
load() { TOKEN=$(cat "$state/token") "$ARPENT_SHARED/panoramax/load-pictures" "$ARPENT_TEST_PANORAMAX" "$1"; }
stop() { if [ -d "$state" ]; then server stop "$state"; fi; }

# A run that was killed may have left its server behind.
stop
rm -rf "$state"
trap stop EXIT

export ARPENT_TEST_PICTURES=$state/made
cargo test --test panoramax -- --ignored --exact write_pictures
ARPENT_TEST_PANORAMAX=$(server "$state")
ARPENT_TEST_TOKEN=$(cat "$state/token")
export ARPENT_TEST_PANORAMAX ARPENT_TEST_TOKEN
for folder in examples/street/pass-1 "$ARPENT_SHARED"/data/panoramax/{strasbourg_3,toulouse_gopro} "$ARPENT_TEST_PICTURES"/*; do
    load "$folder"
done

cargo test --test panoramax -- --ignored --skip write_pictures "$@"
