# The two commands of a fresh machine are `make demo` and `make test`; each gets what it needs first.

.PHONY: demo test test-panoramax score lint docs bench

# Surveys the sample street with the shipped detector.
demo: .onnxruntime/version
	cargo run --release --quiet -- survey --pictures examples/street -o signs.geojson
	@echo
	@echo "signs.geojson holds one point for each sign, with its 95 % ellipse and the pictures that prove it."
	@echo "To look at it: drop it into QGIS or onto https://geojson.io; its truth is examples/street/truth.geojson."
	@echo "To see what the detector sees: cargo run --release -- detect examples/street/pass-1/*.jpg --draw drawn"

test: .onnxruntime/version
	cargo test --quiet

# Against a true Panoramax server, which is installed and started for it (Debian 12, root).
test-panoramax: .onnxruntime/version
	tests/panoramax.sh

# How well the sample street is surveyed, against its truth.
score: demo
	@cargo run --release --quiet --example score -- signs.geojson examples/street/truth.geojson

lint:
	cargo fmt --check
	cargo clippy --all-targets --quiet -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet

# Views per second of a survey against bare ONNX Runtime and bare decoding of the same, by turns in one run.
bench: .onnxruntime/version
	cargo bench --bench survey

.onnxruntime/version: scripts/get-onnxruntime
	scripts/get-onnxruntime
	@touch $@
