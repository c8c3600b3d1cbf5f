"""The reference implementations as several benchmarks run them."""
import platform

import onnxruntime
import torch

from measure import THREADS


class ImageTower(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        return self.model.get_image_features(pixels).pooler_output


def export(tower, pixels, path):
    """A session of ONNX Runtime for `tower`, exported to `path` unless that is there."""
    if not path.exists():
        torch.onnx.export(tower, (pixels,), str(path), input_names=["pixels"], output_names=["features"],
                          dynamic_axes={"pixels": {0: "batch"}, "features": {0: "batch"}}, opset_version=17, dynamo=False)
    return session(path)


def export_int8(source, path):
    """A session for the same model with matrix products of bytes, quantised as ONNX Runtime does without any data."""
    if not path.exists():
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(str(source), str(path), weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
    return session(path)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def processor_name():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()
