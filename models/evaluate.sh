#!/bin/sh
# Evaluates the shipped models on the pictures held out: evaluate.sh DATA [PROGRAM]
set -eu
data=$1
arpent=${2:-target/release/arpent}
cd "$(dirname "$0")/.."
names=$(mktemp)
trap 'rm -f "$names"' EXIT
for set in signs-sy32 signs-gtsdb; do
    echo "=== $set, held-out blocks"
    python3 models/train/held_out.py "$data/$set" >"$names"
    # These sets leave such signs without a label.
    codes=$([ $set = signs-sy32 ] && echo "--codes models/train/sy32_codes.json" || true)
    python3 models/evaluate.py "$data/$set" --only "$names" --neutral other,plate,direction --iou 0.3 \
        --arpent "$arpent" --model models/signs.onnx $codes
done
echo "=== panoramas (those of strasbourg_3 were never trained on)"
python3 models/evaluate.py "$data/panoramax" --smallest 24 --neutral plate --arpent "$arpent" --model models/signs.onnx
echo "=== solar-eval"
python3 models/evaluate.py "$data/solar-eval" --iou 0.4 --arpent "$arpent" --model models/solar.onnx
