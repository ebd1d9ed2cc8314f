"""Writes ort_goldens.json: small tree ensembles of every kind and what ONNX Runtime makes of them.

    python -m pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    python ort_goldens.py > ort_goldens.json

Left out, because the package follows the specification there (doc.go): labels where votes name both of two classes, pairs of
base values of two classes, PROBIT from a single vote of two classes, post transforms 1 and 2 of v5, base values of
targets that a row has no vote for.
"""
import json
import math
import random

import numpy as np
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import helper as h

rnd = random.Random(7)
FEATURES = 3
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
POSTS = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"]
POOL = [-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 0.1, float("nan"), float("inf"), float("-inf")]
TYPES = {"float32": (T.FLOAT, np.float32), "float64": (T.DOUBLE, np.float64), "int32": (T.INT32, np.int32), "int64": (T.INT64, np.int64)}


def grow(a, tree, modes, depth):
    """Appends a random tree to the nodes_* attributes and returns the ids of its leaves."""
    leaves, first, count = [], len(a["nodes_treeids"]), [0]

    def node(d):
        i = count[0]
        count[0] += 1
        row = dict(treeids=tree, nodeids=i, featureids=0, modes="LEAF", values=0.0, truenodeids=0, falsenodeids=0, missing_value_tracks_true=0)
        for k, v in row.items():
            a["nodes_" + k].append(v)
        if d == 0 or d < depth and rnd.random() < 0.2:
            leaves.append(i)
            return i
        a["nodes_featureids"][first + i] = rnd.randrange(FEATURES)
        a["nodes_modes"][first + i] = rnd.choice(modes)
        a["nodes_values"][first + i] = rnd.choice(POOL[:8])
        a["nodes_missing_value_tracks_true"][first + i] = rnd.randrange(2)
        a["nodes_truenodeids"][first + i] = node(d - 1)
        a["nodes_falsenodeids"][first + i] = node(d - 1)
        return i

    node(depth)
    return leaves


def forest(prefix, targets_of_leaf, weight, modes, trees=3, depth=2):
    a = {"nodes_" + k: [] for k in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true")}
    a.update({prefix + k: [] for k in ("treeids", "nodeids", "ids", "weights")})
    for tree in range(trees):
        for leaf in grow(a, tree, modes, depth):
            for t in targets_of_leaf(tree):
                a[prefix + "treeids"].append(tree)
                a[prefix + "nodeids"].append(leaf)
                a[prefix + "ids"].append(t)
                a[prefix + "weights"].append(round(weight(), 2))
    return a


def rows(kind, whole):
    if whole:  # ONNX Runtime shifts bits by the feature's value in BRANCH_MEMBER nodes
        return [[rnd.choice([1.0, 2.0, 3.0, 5.0, 7.0, float("nan")]) for _ in range(FEATURES)] for _ in range(8)]
    if kind.startswith("int"):
        return [[rnd.choice([-2, -1, 0, 1, 2]) for _ in range(FEATURES)] for _ in range(8)]
    return [[rnd.choice(POOL) for _ in range(FEATURES)] for _ in range(8)]


def run(op, version, attrs, kind, x, classifier, out=T.FLOAT):
    names = ["l", "z"] if classifier else ["z"]
    node = h.make_node(op, ["x"], names, domain="ai.onnx.ml", **attrs)
    types = {"l": T.INT64, "z": out}
    graph = h.make_graph([node], "g", [h.make_tensor_value_info("x", TYPES[kind][0], [None, FEATURES])], [h.make_tensor_value_info(n, types[n], None) for n in names])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("ai.onnx.ml", version), h.make_opsetid("", 17)], ir_version=9)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    s = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    result = s.run(None, {"x": np.array(x, TYPES[kind][1])})
    return [r.flatten().tolist() for r in result]


def plain(v):
    if isinstance(v, float) and not math.isfinite(v):
        return str(v)
    if isinstance(v, float):
        return float(f"{v:.7g}") if v == np.float32(v) else v
    if isinstance(v, (list, tuple)):
        return [plain(i) for i in v]
    return v


cases = []


def emit(name, op, version, attrs, kind, classifier, keep_labels=True, stored=None, whole=False, **more):
    x = rows(kind, whole)
    result = run(op, version, attrs, kind, x, classifier, **more)
    case = {"name": name, "type": kind, "x": plain(x), "attributes": {k: plain(v) for k, v in (stored or attrs).items()}, "scores": plain(result[-1])}
    if classifier:
        case["classifier"] = True
        if keep_labels:
            case["labels"] = [attrs["classlabels_int64s"].index(l) if len(attrs["classlabels_int64s"]) > 1 else l for l in result[0]]
    cases.append(case)


def positive():
    return rnd.random() / 3


def mixed():
    return rnd.uniform(-1, 1)


def classifiers():
    for labels, votes, bases in (
        ([10, 20], lambda t: [0], ([], [0.1])),
        ([10, 20], lambda t: [1], ([], [0.1])),
        ([10, 20], lambda t: [0, 1], ([],)),
        ([10, 20, 30], lambda t: [0, 1, 2], ([], [0.1, 0.2, 0.3])),
        ([10, 20, 30], lambda t: [t % 3], ([], [0.1, 0.2, 0.3])),
        ([10, 20, 30], lambda t: [0], ([],)),
        ([10], lambda t: [0], ([], [0.2])),
    ):
        for weight in (positive, mixed):
            for post in POSTS:
                one = len(labels) == 2 and votes(0) == [0]
                if post == "PROBIT" and (weight is mixed or one):
                    continue
                for base in bases:
                    attrs = forest("class_", votes, weight, MODES)
                    attrs.update(classlabels_int64s=labels, post_transform=post)
                    if base:
                        attrs["base_values"] = base
                    kind = rnd.choice(["float32", "float32", "float64", "int32", "int64"])
                    emit(f"classifier {labels} votes {votes(0)} {weight.__name__} {post} {base}", "TreeEnsembleClassifier", 3, attrs, kind, True, keep_labels=not (len(labels) == 2 and votes(0) == [0, 1]))


def regressors():
    for n in (1, 3):
        for aggregate in ("SUM", "AVERAGE", "MIN", "MAX"):
            for post in POSTS:
                attrs = forest("target_", lambda t: sorted({t % n, (t + 1) % n}), positive, MODES)
                attrs.update(n_targets=n, aggregate_function=aggregate, post_transform=post)
                if rnd.random() < 0.5:
                    attrs["base_values"] = [0.1, 0.2, 0.15][:n]
                emit(f"regressor {n} {aggregate} {post}", "TreeEnsembleRegressor", 3, attrs, rnd.choice(["float32", "float64"]), False)


def doubles():
    for _ in range(4):
        attrs = forest("target_", lambda t: [0], mixed, MODES)
        attrs.update(n_targets=1)
        real = dict(attrs)
        for name in ("nodes_values", "target_weights"):
            values = real.pop(name)
            real[name + "_as_tensor"] = h.make_tensor(name, T.DOUBLE, [len(values)], values)
        stored = dict(attrs)
        for name in ("nodes_values", "target_weights"):
            stored[name + "_as_tensor"] = stored.pop(name)
        emit("doubles", "TreeEnsembleRegressor", 3, real, "float64", False, stored=stored)


def version5():
    for k in range(12):
        n, splits, members = 4, [], []
        modes = [rnd.randrange(7) for _ in range(2 * n)]
        for m in modes:
            splits.append(rnd.choice(POOL[:8]))
            if m == 6:
                members += rnd.sample([1.0, 2.0, 3.0, 5.0], rnd.randrange(1, 4)) + [float("nan")]
        a = dict(tree_roots=[0, n], n_targets=2, nodes_featureids=[], nodes_truenodeids=[], nodes_falsenodeids=[], nodes_trueleafs=[], nodes_falseleafs=[], nodes_missing_value_tracks_true=[], leaf_targetids=[])
        weights = []
        for tree in range(2):
            for i in range(n):  # a chain: each decision leads to the next and to a leaf
                a["nodes_featureids"].append(rnd.randrange(FEATURES))
                a["nodes_missing_value_tracks_true"].append(rnd.randrange(2))
                for side in ("true", "false"):
                    down = side == "true" and i + 1 < n
                    a[f"nodes_{side}leafs"].append(0 if down else 1)
                    a[f"nodes_{side}nodeids"].append(tree * n + i + 1 if down else len(weights))
                    if not down:
                        weights.append(round(positive(), 2))
                        a["leaf_targetids"].append(rnd.randrange(2))
        a.update(aggregate_function=k % 4, post_transform=[0, 3, 4][k % 3])
        kind = ["float32", "float64"][k % 2]
        t = TYPES[kind][0]
        stored = dict(a, nodes_splits=splits, leaf_weights=weights, membership_values=members, nodes_modes=modes)
        a.update(nodes_splits=h.make_tensor("s", t, [2 * n], splits), leaf_weights=h.make_tensor("w", t, [len(weights)], weights), nodes_modes=h.make_tensor("m", T.UINT8, [2 * n], modes))
        if members:
            a["membership_values"] = h.make_tensor("v", t, [len(members)], members)
        emit("v5", "TreeEnsemble", 5, a, kind, False, stored=stored, out=t, whole=len(members) > 0)


classifiers()
regressors()
doubles()
version5()
print("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]")
