#!/usr/bin/env python3
"""Writes goldens of com.microsoft operators, one model folder each, from ONNX Runtime:

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy && python3 make.py

    NAME/model.onnx, NAME/test_data_set_0/{input_I,output_J}.pb, NAME/data.json {"rtol", "atol"} where they are wider"""
import json
import pathlib
import shutil

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).parent
MS = "com.microsoft"
rng = np.random.default_rng(7)


def f(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def u8(*shape):
    return rng.integers(0, 255, shape).astype(np.uint8)


def i8(*shape):
    return rng.integers(-120, 120, shape).astype(np.int8)


def case(name, op, inputs, outputs, weights=(), domain=MS, atol=1e-5, rtol=1e-3, **attrs):
    """inputs: arrays or None, in order; those at the places in weights become initializers."""
    names = ["" if v is None else f"i{k}" for k, v in enumerate(inputs)]
    outs = ["" if not wanted else f"o{k}" for k, wanted in enumerate(outputs)]
    node = helper.make_node(op, names, outs, domain=domain, **attrs)
    infos, init, feeds = [], [], {}
    for k, v in enumerate(inputs):
        if v is None:
            continue
        if k in weights:
            init.append(numpy_helper.from_array(v, names[k]))
            continue
        kind = helper.np_dtype_to_tensor_dtype(v.dtype)
        infos.append(helper.make_tensor_value_info(names[k], kind, list(v.shape)))
        feeds[names[k]] = v
    wanted = [o for o in outs if o]
    graph = helper.make_graph([node], name, infos, [onnx.ValueInfoProto(name=o) for o in wanted], init)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid(MS, 1)], ir_version=9)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    results = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(wanted, feeds)
    folder = ROOT / name
    shutil.rmtree(folder, ignore_errors=True)
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    for k, v in enumerate(feeds.values()):
        (data / f"input_{k}.pb").write_bytes(numpy_helper.from_array(v).SerializeToString())
    for k, v in enumerate(results):
        (data / f"output_{k}.pb").write_bytes(numpy_helper.from_array(np.asarray(v)).SerializeToString())
    if (rtol, atol) != (1e-3, 1e-5):
        (folder / "data.json").write_text(json.dumps({"rtol": rtol, "atol": atol}))


def activations():
    case("gelu", "Gelu", [f(2, 3, 4)], [1])
    case("bias_gelu", "BiasGelu", [f(2, 3, 4), f(4)], [1], weights=[1])
    case("fast_gelu", "FastGelu", [f(2, 3, 4)], [1])
    case("fast_gelu_bias", "FastGelu", [f(2, 3, 4), f(4)], [1], weights=[1])
    case("quick_gelu", "QuickGelu", [f(2, 3, 4)], [1], alpha=1.5)
    case("expand_dims", "ExpandDims", [f(2, 3), np.array(1, np.int32)], [1], weights=[1])
    case("trilu", "Trilu", [f(2, 4, 4)], [1], upper=0)
    case("unique", "Unique", [np.array([3, 1, 3, 2, 1], np.float32)], [1, 1, 1])
    case("cdist", "CDist", [f(5, 3), f(4, 3)], [1], metric="euclidean", atol=1e-4)
    case("cdist_squares", "CDist", [f(5, 3), f(4, 3)], [1], metric="sqeuclidean", atol=1e-4)


def norms():
    x, s, g, b, bias = f(2, 3, 8), f(2, 3, 8), f(8), f(8), f(8)
    case("skip_norm", "SkipLayerNormalization", [x, s, g, b, bias], [1, 0, 0, 1], weights=[2, 3, 4], epsilon=1e-5)
    case("skip_norm_plain", "SkipLayerNormalization", [x, s, g], [1], weights=[2])
    case("skip_rms", "SkipSimplifiedLayerNormalization", [x, s, g, bias], [1, 0, 0, 1], weights=[2, 3], epsilon=1e-6)
    case("rms", "SimplifiedLayerNormalization", [x, g], [1], weights=[1], domain="", axis=-1, epsilon=1e-6, stash_type=1)
    ids, seg, mask = np.array([[1, 4, 2], [3, 0, 0]], np.int32), np.array([[0, 0, 1], [1, 0, 0]], np.int32), np.array([[1, 1, 1], [1, 0, 0]], np.int32)
    case("embed", "EmbedLayerNormalization", [ids, seg, f(6, 8), f(5, 8), f(2, 8), g, b, mask], [1, 1], weights=[2, 3, 4, 5, 6], epsilon=1e-5)
    case("embed_positions", "EmbedLayerNormalization", [ids, None, f(6, 8), f(5, 8), None, g, b, None, np.array([[2, 1, 0], [0, 1, 4]], np.int32)], [1, 0, 0], weights=[2, 3, 5, 6])


def products():
    case("matmul", "FusedMatMul", [f(2, 3, 4), f(2, 4, 5)], [1], alpha=0.5)
    case("matmul_b", "FusedMatMul", [f(2, 3, 4), f(5, 4)], [1], weights=[1], transB=1, alpha=2.0)
    case("matmul_ab", "FusedMatMul", [f(2, 2, 4, 3), f(2, 2, 5, 4)], [1], transA=1, transB=1)
    case("gemm_relu", "FusedGemm", [f(3, 4), f(5, 4), f(5)], [1], weights=[1, 2], transB=1, activation="Relu")
    case("gemm_leaky", "FusedGemm", [f(3, 4), f(4, 5), f(5)], [1], weights=[1, 2], activation="LeakyRelu", activation_alpha=0.2)
    x, w, b = f(1, 3, 6, 6), f(4, 3, 3, 3), f(4)
    case("conv_relu", "FusedConv", [x, w, b], [1], weights=[1, 2], activation="Relu", pads=[1, 1, 1, 1])
    case("conv_sum", "FusedConv", [x, w, b, f(1, 4, 4, 4)], [1], weights=[1, 2], activation="Relu")
    case("conv_hard", "FusedConv", [x, w, b], [1], weights=[1, 2], activation="HardSigmoid", activation_params=[0.25, 0.5])
    case("conv_clip", "FusedConv", [x, w, b], [1], weights=[1, 2], activation="Clip", activation_params=[-0.5, 0.75])
    for bits in (4, 8):
        blob = 32 * bits // 8
        for zeros in (False, True):
            blocks = 3
            z = [u8(5, (blocks * bits + 7) // 8).reshape(-1)] if zeros else [None]
            case(f"nbits_{bits}{'_zeros' if zeros else ''}", "MatMulNBits", [f(2, 80), u8(5, blocks, blob), f(5 * blocks, scale=0.05)] + z,
                 [1], weights=[1, 2, 3], K=80, N=5, bits=bits, block_size=32, atol=1e-4)
    case("nbits_bias", "MatMulNBits", [f(2, 32), u8(5, 1, 16), f(5, scale=0.05), None, None, f(5)], [1], weights=[1, 2, 5], K=32, N=5, bits=4, block_size=32, atol=1e-4)


def attention():
    b, s, n, h = 2, 4, 2, 3
    d = n * h
    x, w, bias = f(b, s, d), f(d, 3 * d), f(3 * d)
    mask = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], np.int32)
    case("attention", "Attention", [x, w, bias], [1], weights=[1, 2], num_heads=n)
    case("attention_mask", "Attention", [x, w, bias, mask], [1], weights=[1, 2], num_heads=n)
    case("attention_lengths", "Attention", [x, w, bias, np.array([3, 2], np.int32)], [1], weights=[1, 2], num_heads=n)
    case("attention_mask3", "Attention", [x, w, bias, np.tril(np.ones((b, s, s), np.int32))], [1], weights=[1, 2], num_heads=n)
    case("attention_causal", "Attention", [x, w, bias], [1], weights=[1, 2], num_heads=n, unidirectional=1)
    case("attention_past", "Attention", [x, w, bias, np.ones((b, s + 3), np.int32), f(2, b, n, 3, h)], [1, 1], weights=[1, 2], num_heads=n, unidirectional=1)
    case("attention_bias", "Attention", [x, w, bias, None, None, f(b, n, s, s)], [1], weights=[1, 2], num_heads=n, scale=0.3)
    case("attention_sizes", "Attention", [x, f(d, 2 * d + 8), f(2 * d + 8)], [1], weights=[1, 2], num_heads=n, qkv_hidden_sizes=[d, d, 8])
    q, k, v = f(b, s, d), f(b, 5, d), f(b, 5, 8)
    case("mha", "MultiHeadAttention", [q, k, v], [1], num_heads=n)
    case("mha_mask", "MultiHeadAttention", [q, k, v, None, np.array([[1, 1, 1, 1, 0], [1, 1, 0, 0, 0]], np.int32)], [1], num_heads=n)
    case("mha_bias", "MultiHeadAttention", [q, k, f(b, 5, d), f(3 * d), None, f(1, n, s, 5)], [1], weights=[3], num_heads=n, scale=0.2)
    case("mha_past", "MultiHeadAttention", [q, f(b, s, d), f(b, s, d), None, None, None, f(b, n, 2, h), f(b, n, 2, h)], [1, 1, 1], num_heads=n, unidirectional=1)
    case("mha_cross", "MultiHeadAttention", [q, f(b, n, 5, h), f(b, n, 5, h)], [1], num_heads=n)
    cos, sin = np.cos(f(16, 4)), np.sin(f(16, 4))
    case("rotary", "RotaryEmbedding", [f(b, s, 16), np.array([[0, 1, 2, 3], [4, 5, 6, 7]], np.int64), cos, sin], [1], weights=[2, 3])
    case("rotary_offset", "RotaryEmbedding", [f(b, s, 16), np.array([5], np.int64), cos, sin], [1], weights=[2, 3], interleaved=1)
    case("rotary_heads", "RotaryEmbedding", [f(b, 2, s, 8), np.array([[0, 1, 2, 3], [4, 5, 6, 7]], np.int64), cos, sin], [1], weights=[2, 3])
    n, shared, h = 4, 2, 16
    cos, sin = np.cos(f(16, 8)), np.sin(f(16, 8))
    for name, steps, past, extra in (("prompt", 4, 0, {}), ("decode", 1, 5, {}), ("window", 4, 3, {"local_window_size": 2}), ("cap", 4, 0, {"softcap": 2.0})):
        total = steps + past
        b = 1 if past and steps > 1 else 2
        rest = [f(b, shared, past, h), f(b, shared, past, h), np.full((b,), total - 1, np.int32), np.array(total, np.int32), cos, sin]
        qkv = [f(b, steps, n * h), f(b, steps, shared * h), f(b, steps, shared * h)]
        case(f"gqa_{name}", "GroupQueryAttention", qkv + rest, [1, 1, 1], weights=[7, 8], num_heads=n, kv_num_heads=shared, do_rotary=1, **extra)
    b = 1
    packed = [f(b, 3, (n + 2 * shared) * h), None, None, f(b, shared, 2, h), f(b, shared, 2, h), np.full((b,), 4, np.int32), np.array(5, np.int32)]
    case("gqa_packed", "GroupQueryAttention", packed, [1, 1, 1], num_heads=n, kv_num_heads=shared)


def quantized():
    def s(v):
        return np.array(v, np.float32)

    def z(v, kind=np.uint8):
        return np.array(v, kind)

    fixed = [1, 2, 4, 5, 6, 7]
    case("q_add", "QLinearAdd", [u8(2, 3, 4), s(0.02), z(120), u8(4), s(0.03), z(7), s(0.05), z(128)], [1], weights=fixed, atol=1)
    case("q_mul", "QLinearMul", [i8(2, 3, 4), s(0.02), z(3, np.int8), i8(2, 3, 4), s(0.03), z(-7, np.int8), s(0.04), z(0, np.int8)], [1], weights=fixed, atol=1)
    one = [1, 2, 3, 4]
    case("q_sigmoid", "QLinearSigmoid", [u8(2, 9), s(0.05), z(128), s(1 / 256), z(0)], [1], weights=one, atol=1)
    case("q_leaky", "QLinearLeakyRelu", [u8(2, 9), s(0.05), z(128), s(0.05), z(20)], [1], weights=one, alpha=0.1, atol=1)
    case("q_softmax", "QLinearSoftmax", [u8(3, 9), s(0.05), z(128), s(1 / 256), z(0)], [1], weights=one, axis=-1, opset=13, atol=1)
    case("q_global", "QLinearGlobalAveragePool", [u8(2, 3, 4, 4), s(0.05), z(128), s(0.02), z(100)], [1], weights=one, channels_last=0, atol=1)
    case("q_global_last", "QLinearGlobalAveragePool", [u8(2, 4, 4, 3), s(0.05), z(128), s(0.02), z(100)], [1], weights=one, channels_last=1, atol=1)
    case("q_average", "QLinearAveragePool", [u8(1, 2, 5, 5), s(0.05), z(128), s(0.04), z(100)], [1], weights=one, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], atol=1)
    case("q_concat", "QLinearConcat", [s(0.05), z(100), u8(2, 3), s(0.02), z(20), u8(2, 2), s(0.1), z(50)], [1], weights=[0, 1, 3, 4, 6, 7], axis=1, atol=1)
    case("q_gemm", "QGemm", [u8(3, 8), s(0.02), z(100), i8(5, 8), s(0.01), z(0, np.int8), rng.integers(-900, 900, 5).astype(np.int32), s(0.1), z(128)],
         [1], weights=[1, 2, 3, 4, 5, 6, 7, 8], transB=1, alpha=1.0, atol=1)
    case("q_gemm_float", "QGemm", [u8(3, 8), s(0.02), z(100), i8(8, 5), f(5, scale=0.01), np.zeros(5, np.int8), rng.integers(-900, 900, 5).astype(np.int32)],
         [1], weights=[1, 2, 3, 4, 5, 6], alpha=0.5, atol=1e-4)
    case("dynamic_matmul", "DynamicQuantizeMatMul", [f(3, 8), i8(8, 5), s(0.01), z(2, np.int8), f(5)], [1], weights=[1, 2, 3, 4], atol=1e-4)
    case("integer_matmul", "MatMulIntegerToFloat", [u8(3, 8), i8(8, 5), s(0.02), s(0.01), z(100), z(2, np.int8), f(5)], [1], weights=[1, 2, 3, 4, 5, 6], atol=1e-4)
    case("q_attention", "QAttention", [u8(2, 4, 6), i8(6, 18), f(18), s(0.02), s(0.01), np.array([3, 4], np.int32), z(128), z(0, np.int8)],
         [1], weights=[1, 2, 3, 4, 6, 7], num_heads=2, atol=1e-4)
    case("quantize", "QuantizeLinear", [f(2, 5, scale=3), s(0.05), z(120)], [1], weights=[1, 2], atol=1)
    case("dequantize", "DequantizeLinear", [rng.integers(0, 60000, (2, 5)).astype(np.uint16), s(0.001), np.array(30000, np.uint16)], [1], weights=[1, 2])
    hidden, width, steps = 4, 3, 5
    case("dynamic_lstm", "DynamicQuantizeLSTM", [f(steps, 2, width), u8(1, width, 4 * hidden), u8(1, hidden, 4 * hidden), f(1, 8 * hidden), None, None, None, None,
         np.array([0.01], np.float32), np.array([128], np.uint8), np.array([0.01], np.float32), np.array([128], np.uint8)], [1, 1, 1],
         weights=[1, 2, 3, 8, 9, 10, 11], hidden_size=hidden, atol=2e-2)


def more():
    def s(v):
        return np.array(v, np.float32)

    def z(v):
        return np.array(v, np.uint8)

    case("q_where", "QLinearWhere", [np.array([[True], [False]]), u8(2, 3), s(0.05), z(100), u8(2, 3), s(0.02), z(20), s(0.1), z(50)],
         [1], weights=[2, 3, 5, 6, 7, 8], atol=1)
    case("q_conv_last", "QLinearConv", [u8(1, 6, 6, 3), s(0.02), z(120), u8(4, 3, 3, 3), s(0.01), z(128), s(0.05), z(100), rng.integers(-500, 500, 4).astype(np.int32)],
         [1], weights=[1, 2, 3, 4, 5, 6, 7, 8], channels_last=1, pads=[1, 1, 1, 1], atol=1)
    ids = np.array([[0, 3], [2, 1]], np.int64)
    case("gather_blocks", "GatherBlockQuantized", [u8(4, 16), ids, f(4, 2, scale=0.1)], [1], weights=[0, 2], bits=4, block_size=16, gather_axis=0, quantize_axis=1)
    case("gather_blocks_zeros", "GatherBlockQuantized", [u8(4, 16), ids, f(4, 2, scale=0.1), u8(4, 1)], [1], weights=[0, 2, 3], bits=4, block_size=16, gather_axis=0, quantize_axis=1)
    case("gather_bytes", "GatherBlockQuantized", [u8(4, 32), ids, f(4, 2, scale=0.1)], [1], weights=[0, 2], bits=8, block_size=16, gather_axis=0, quantize_axis=1)
    case("pad", "Pad", [f(2, 3), np.array([0, 1, 0, 2], np.int64), np.array([7], np.float32)], [1], weights=[1, 2])
    case("range", "Range", [np.array(1, np.float32), np.array(6, np.float32), np.array(2, np.float32)], [1])
    case("gather_nd", "GatherND", [f(3, 4), np.array([[0, 1], [2, 3]], np.int64)], [1])


for group in (activations, norms, products, attention, quantized, more):
    group()
print(sum(1 for _ in ROOT.glob("*/model.onnx")), "cases")
