#!/usr/bin/env bash
# Make the environment, train, export and evaluate the sign detector.
# Arguments go to train.py: train.sh --minutes 80 --threads 2
set -euo pipefail
cd "$(dirname "$0")"

if [ ! -d .venv ]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet -r requirements.txt
fi
python=.venv/bin/python

mkdir -p runs/signs
$python -u train.py --run runs/signs "$@" | tee runs/signs/training.log
$python export.py runs/signs/checkpoint.pt ../signs.onnx
$python evaluate.py --set-confidence --sheets runs/signs ../signs.json | tee runs/signs/evaluation.log
