"""Make an 8-bit detector of an exported one: python quantize.py signs ../signs-fp32.onnx ../signs.onnx

Static quantization in the QDQ form: unsigned 8-bit activations, signed weights per channel, after the values that
training crops produce. The last convolutions, whose outputs are positions and logarithms of sizes, stay as they are,
and so does the first: that is more accurate and faster.
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
from export import fastest_ms, session_of
from tasks import TASKS

CROPS = 160
SIDE = 320
# Seven bits for the weights: processors without VNNI add pairs of products in 16 bits, which eight would overflow.
REDUCED_RANGE = True


class Crops(CalibrationDataReader):
    def __init__(self, task, folder):
        maker, self.random = task.maker(folder), np.random.RandomState(5)
        self.crops = iter([maker.make(SIDE, self.random)[0].pixels for _ in range(CROPS)])

    def get_next(self):
        pixels = next(self.crops, None)
        return None if pixels is None else {"images": pixels.transpose(2, 0, 1)[None].astype(np.float32)}


def kept_operators(graph):
    """The names of the first convolution, of those to boxes and classes, and of all that comes behind these."""
    produced, names = set(), []
    for node in graph.node:
        if "/stem/" in node.name:
            names.append(node.name)
            continue
        is_last = node.op_type == "Conv" and re.search(r"/(box|sign)(_\d+)?/Conv", node.name)
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
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("onnx", type=Path)
    parser.add_argument("quantized", type=Path)
    options = parser.parse_args()
    prepared = options.quantized.with_suffix(".prepared.onnx")
    quant_pre_process(options.onnx, prepared, skip_symbolic_shape=True)
    kept = kept_operators(onnx.load(prepared).graph)
    print(f"{len(kept)} operators stay as they are")
    quantize_static(
        prepared,
        options.quantized,
        Crops(TASKS[options.task], options.data),
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
    whole, small = (fastest_ms(session_of(path), (1, 3, 640, 640), 20) for path in (options.onnx, options.quantized))
    print(f"640 × 640 on one thread: {whole:.1f} ms as floats, {small:.1f} ms quantized: {whole / small:.2f} times as fast")


if __name__ == "__main__":
    main()
