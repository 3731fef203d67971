# The two commands of a fresh machine are `make demo` and `make test`; each gets what it needs first.

.PHONY: demo test test-panoramax test-page fuzz score lint docs man bench bench-python bench-locate bench-memory \
	accuracy train-signs train-codes train-solar mine-solar evaluate speed

# Surveys the sample street with the shipped detector, and makes the page of it.
demo: .onnxruntime/version
	@rm -f signs.gpkg
	cargo run --release --quiet -- survey --pictures examples/street -o signs.geojson
	cargo run --release --quiet -- report signs.gpkg -o signs.html
	@echo
	@echo "signs.html is a page to look at: open it in a browser."
	@echo "signs.geojson holds one point for each sign, with its 95 % ellipse and the pictures that prove it."
	@echo "signs.gpkg beside it holds the survey itself, pictures and sightings as well, for QGIS."
	@echo "To work with it: drop it into QGIS or onto https://geojson.io; its truth is examples/street/truth.geojson."
	@echo "To see what the detector sees: cargo run --release -- detect examples/street/pass-1/*.jpg --draw drawn"

test: .onnxruntime/version tests/.venv/installed
	cargo test --quiet

# Against a true Panoramax server, which is installed and started for it (Debian 12, root).
test-panoramax: .onnxruntime/version
	tests/panoramax.sh

# Pages in headless Chromium, used by clicks and keys; on Debian, as root, it is installed for it.
test-page: .onnxruntime/version
	tests/page.sh

# What others write, changed at random by cargo-fuzz: each target for so many SECONDS, guided by what of the code is
# reached. Wants nightly Rust and a C++ compiler. What upsets a parser is left in fuzz/artifacts.
SECONDS ?= 600
FUZZ = cargo +nightly fuzz

fuzz:
	cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
	cp Cargo.lock fuzz/Cargo.lock
	for target in $$($(FUZZ) list); do \
		mkdir -p target/fuzz/$$target && \
		$(FUZZ) run --sanitizer none --codegen-units 16 $$target target/fuzz/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(SECONDS) -rss_limit_mb=2048 -timeout=10 || exit 1; \
	done

# How well the sample street is surveyed, against its truth.
score: demo
	@cargo run --release --quiet -- compare examples/street/truth.geojson signs.geojson --truth --any-class \
		--class-column code --within 3

lint: .onnxruntime/version
	cargo fmt --check
	cargo clippy --all-targets --quiet -- -D warnings

docs: .onnxruntime/version
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet

# What a package installs beside the program: manual pages and completions, in target/man and target/completions.
man: .onnxruntime/version
	cargo run --release --quiet -- man target/man
	mkdir -p target/completions
	cargo run --release --quiet -- completions bash > target/completions/arpent.bash
	cargo run --release --quiet -- completions fish > target/completions/arpent.fish
	cargo run --release --quiet -- completions zsh > target/completions/_arpent

# Views per second of a survey against bare ONNX Runtime and bare decoding of the same, by turns in one run.
bench: .onnxruntime/version
	cargo bench --bench survey

# Seconds that locating takes, and how they grow.
bench-locate:
	cargo bench --bench locate

# How good locating is on simulated towns. SEEDS="31 32" takes towns never seen.
accuracy: benches/.venv/installed
	cargo build --release --quiet
	benches/.venv/bin/python benches/accuracy.py target/release/arpent ../shared/locate $(SEEDS)

# Pictures per second of a survey against a straightforward Python program on the same model, views and pictures.
bench-python: benches/.venv/installed .onnxruntime/version
	cargo build --release --quiet
	benches/.venv/bin/python benches/python_peer.py target/release/arpent examples/street/pass-1 examples/street/pass-2

# The most memory of surveys of a thousand and of a hundred thousand pictures, from a simulated server.
bench-memory: benches/.venv/installed .onnxruntime/version
	cargo build --release --quiet
	benches/.venv/bin/python benches/memory.py target/release/arpent

benches/.venv/installed: benches/requirements.txt
	python3 -m venv benches/.venv
	benches/.venv/bin/pip install --quiet -r benches/requirements.txt
	@touch $@

# Training of the shipped models: models/train/README.md. OPTIONS go to the training: OPTIONS="--crops 1000 --resume".
DATA ?= ../shared/data
MODELS = $(CURDIR)/models
PYTHON = $(MODELS)/train/.venv/bin/python -u

train-signs: models/train/.venv/installed
	$(PYTHON) models/train/train.py signs --data $(DATA) --run models/train/runs/signs $(OPTIONS)
	$(PYTHON) models/train/export.py models/train/runs/signs/checkpoint.pt models/signs-fp32.onnx
	$(PYTHON) models/train/quantize.py --data $(DATA) signs models/signs-fp32.onnx models/signs.onnx

# Eight bits cost this one too much.
train-solar: models/train/.venv/installed
	$(PYTHON) models/train/train.py solar --data $(DATA) --run models/train/runs/solar $(OPTIONS)
	$(PYTHON) models/train/export.py models/train/runs/solar/checkpoint.pt models/solar.onnx

train-codes: models/train/.venv/installed
	$(PYTHON) models/train/train_codes.py --data $(DATA) --run models/train/runs/codes $(OPTIONS)
	$(PYTHON) models/train/export_codes.py --data $(DATA) models/train/runs/codes/checkpoint.pt models/sign-codes-fp32.onnx
	$(PYTHON) models/train/quantize.py --data $(DATA) codes models/sign-codes-fp32.onnx models/sign-codes.onnx

# What the detector of modules invents in pictures that show none, for its next training.
mine-solar: models/train/.venv/installed .onnxruntime/version
	cargo build --release --quiet
	ORT_DYLIB_PATH=.onnxruntime/libonnxruntime.so $(PYTHON) models/train/mine.py target/release/arpent \
		models/solar.onnx models/train/runs/solar-marks.json \
		$(DATA)/signs-sy32/images $(DATA)/signs-gtsdb/images $(DATA)/backgrounds-panoramax

# How good the shipped models are on pictures that they never saw.
evaluate: .onnxruntime/version
	cargo build --release --quiet
	models/evaluate.sh $(DATA)

# Views per second of the shipped detectors beside a graph as large as YOLO11n.
speed: models/train/.venv/installed
	$(PYTHON) models/train/speed.py models/signs.onnx models/signs-fp32.onnx models/solar.onnx

models/train/.venv/installed: models/train/requirements.txt
	python3 -m venv models/train/.venv
	models/train/.venv/bin/pip install --quiet -r models/train/requirements.txt
	@touch $@

# Programs that others wrote, which read in the tests what arpent writes.
tests/.venv/installed: tests/readers/requirements.txt scripts/make-venv
	scripts/make-venv tests/.venv tests/readers/requirements.txt

.onnxruntime/version: scripts/get-onnxruntime scripts/get-nasm
	scripts/get-nasm
	scripts/get-onnxruntime
	@touch $@
