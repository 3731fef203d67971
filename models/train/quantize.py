"""Make an 8-bit net of an exported one: python quantize.py signs ../signs-fp32.onnx ../signs.onnx

Static quantization in the QDQ form: unsigned 8-bit activations, signed weights per channel, after the values that
training crops produce. The last layers, whose outputs are positions, logarithms of sizes or logits, stay as they are,
and so does the first convolution: that is more accurate and faster. `codes` stands for the classifier.
Prints the speed of both on one thread; `evaluate.py` tells what the loss of accuracy is.
"""

import argparse
import re
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

import data
from code_crops import SIDE as CLASSIFIER_SIDE
from code_crops import CodeCrops
from export import fastest_ms, session_of
from net import scaled
from tasks import TASKS

CROPS = 160
CODE_CROPS = 1280
SIDE = 320
# Seven bits for the weights: processors without VNNI add pairs of products in 16 bits, which eight would overflow.
REDUCED_RANGE = True
# What the first convolution is called, and where the floats begin again, of the detectors and of the classifier.
DETECTOR = ("/stem/", r"/(box|sign)(_\d+)?/Conv")
CLASSIFIER = ("/features.0/", r"/classes/Gemm")


class Inputs(CalibrationDataReader):
    """Crops as the net takes them, one at a time."""

    def __init__(self, name, crops):
        self.name, self.crops = name, crops

    def get_next(self):
        pixels = next(self.crops, None)
        return None if pixels is None else {self.name: pixels.transpose(2, 0, 1)[None].astype(np.float32)}


def detector_inputs(task, folder):
    maker, random = TASKS[task].maker(folder), np.random.RandomState(5)
    return Inputs("images", (scaled(maker.make(SIDE, random)[0].pixels.astype(np.float32)) for _ in range(CROPS)))


def classifier_inputs(folder):
    maker, random = CodeCrops(folder), np.random.RandomState(5)
    return Inputs("crops", (maker.make(random)[0] for _ in range(CODE_CROPS)))


def kept_operators(graph, first, last):
    """The names of the first convolution, of the last layers, and of all that comes behind these."""
    produced, names = set(), []
    for node in graph.node:
        if first in node.name:
            names.append(node.name)
            continue
        is_last = node.op_type in ("Conv", "Gemm") and re.search(last, node.name)
        if is_last or any(name in produced for name in node.input):
            produced.update(node.output)
            names.append(node.name)
    return names


def only_standard_operators(path):
    """Drop the operator sets that the quantizer declares and does not use, which other runtimes may not know."""
    model = onnx.load(path)
    used = {node.domain for node in model.graph.node}
    declared = [opset for opset in model.opset_import if opset.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(declared)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data.add_option(parser)
    parser.add_argument("task", choices=[*sorted(TASKS), "codes"])
    parser.add_argument("onnx", type=Path)
    parser.add_argument("quantized", type=Path)
    options = parser.parse_args()
    prepared = options.quantized.with_suffix(".prepared.onnx")
    quant_pre_process(options.onnx, prepared, skip_symbolic_shape=True)
    is_classifier = options.task == "codes"
    kept = kept_operators(onnx.load(prepared).graph, *(CLASSIFIER if is_classifier else DETECTOR))
    print(f"{len(kept)} operators stay as they are")
    quantize_static(
        prepared,
        options.quantized,
        classifier_inputs(options.data) if is_classifier else detector_inputs(options.task, options.data),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=REDUCED_RANGE,
        calibrate_method=CalibrationMethod.MinMax,
        nodes_to_exclude=kept,
    )
    prepared.unlink()
    only_standard_operators(options.quantized)
    side = CLASSIFIER_SIDE if is_classifier else 640
    whole, small = (fastest_ms(session_of(path), (1, 3, side, side), 20) for path in (options.onnx, options.quantized))
    print(f"{side} × {side} on one thread: {whole:.2f} ms as floats, {small:.2f} ms in 8 bits: {whole / small:.2f} times")


if __name__ == "__main__":
    main()
