"""ONNX Runtime: 60,000 images through simple linear's encoder. onnx_peer.py encode DATA"""

import sys

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from configurations import INPUTS, SIMPLE
from timing import median_seconds, print_record


def graph():
    random = numpy.random.default_rng(0)
    widths = (INPUTS, *SIMPLE)
    nodes, tensors = [], []
    for place, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        for name, shape in ((f"w{place}", (inputs, outputs)), (f"b{place}", (outputs,))):
            numbers = random.uniform(-0.05, 0.05, shape).astype(numpy.float32)
            tensors.append(numpy_helper.from_array(numbers, name))
        nodes.append(helper.make_node("Gemm", [f"x{place}", f"w{place}", f"b{place}"], [f"x{place + 1}"]))
    value = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
    ends = [value("x0", INPUTS)], [value(f"x{len(SIMPLE)}", SIMPLE[-1])]
    body = helper.make_graph(nodes, "encoder", *ends, tensors)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def encode(path):
    data = numpy.load(path).reshape(-1, INPUTS).astype(numpy.float32) / 255
    session = onnxruntime.InferenceSession(graph().SerializeToString(), providers=["CPUExecutionProvider"])

    def run(block):
        blocks = (data[begin:begin + block] for begin in range(0, len(data), block))
        return numpy.concatenate([session.run(None, {"x0": rows})[0] for rows in blocks])

    print_record({"seconds": min(median_seconds(lambda: run(block)) for block in (1000, 60000))})


if __name__ == "__main__":
    encode(sys.argv[2])
