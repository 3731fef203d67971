"""Makes the tiny models of the tests: python3 make.py, with the package onnx (1.18 or later) installed.

cells.onnx has the form of an exported YOLOv8: names and imgsz in its metadata, sizes left open, one output
[1, 4 + classes, points]. It marks each cell of 8 × 8 pixels with a box, scored by how red and how blue the cell is.
copy.onnx gives back what it gets: a sound ONNX model that is no detector.
colours.onnx is a classifier of crops of 8 × 8 pixels: how green, red and blue they are, as probabilities.
"""

from pathlib import Path

from onnx import TensorProto, checker, helper, save

SIDE = 64
POINTS = [(stride, x, y) for stride in (8, 16, 32) for y in range(SIDE // stride) for x in range(SIDE // stride)]
CELLS = (SIDE // 8) ** 2


def floats(name, shape, values):
    return helper.make_tensor(name, TensorProto.FLOAT, shape, values)


def ints(name, values):
    return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)


def write(name, graph, metadata):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="make.py")
    helper.set_model_props(model, metadata)
    checker.check_model(model, full_check=True)
    save(model, Path(__file__).with_name(name))


def cells():
    sides = [[s for s, _, _ in POINTS]] * 2
    centres = [[(x + 0.5) * s for s, x, _ in POINTS], [(y + 0.5) * s for s, _, y in POINTS]]
    boxes = [number for row in centres + sides for number in row]
    larger = len(POINTS) - CELLS
    nodes = [
        helper.make_node("Gather", ["images", "red_and_blue"], ["chosen"], axis=1),
        helper.make_node("AveragePool", ["chosen"], ["means"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Reshape", ["means", "flat"], ["scores_of_cells"]),
        helper.make_node("Concat", ["scores_of_cells", "no_scores"], ["scores"], axis=2),
        helper.make_node("Concat", ["boxes", "scores"], ["output0"], axis=1),
    ]
    constants = [
        ints("red_and_blue", [0, 2]),
        ints("flat", [1, 2, CELLS]),
        floats("no_scores", [1, 2, larger], [0.0] * 2 * larger),
        floats("boxes", [1, 4, len(POINTS)], boxes),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "height", "width"])
    output = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 6, len(POINTS)])
    graph = helper.make_graph(nodes, "cells", [images], [output], constants)
    write("cells.onnx", graph, {"names": "{0: 'red', 1: 'blue'}", "imgsz": f"[{SIDE}, {SIDE}]", "task": "detect"})


def copy():
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 3, 32, 32]) for n in ("picture", "same")]
    node = helper.make_node("Identity", ["picture"], ["same"])
    write("copy.onnx", helper.make_graph([node], "copy", value[:1], value[1:]), {})


def colours():
    nodes = [
        helper.make_node("GlobalAveragePool", ["crops"], ["means"]),
        helper.make_node("Flatten", ["means"], ["colours"]),
        helper.make_node("MatMul", ["colours", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    # Red, green and blue to green, red and blue.
    weights = floats("weights", [3, 3], [0.0, 0.1, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.1])
    crops = helper.make_tensor_value_info("crops", TensorProto.FLOAT, [1, 3, 8, 8])
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 3])
    write("colours.onnx", helper.make_graph(nodes, "colours", [crops], [output], [weights]), {})


cells()
copy()
colours()
