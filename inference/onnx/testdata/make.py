#!/usr/bin/env python3
"""Writes zoo/: small models with the outputs that ONNX Runtime gives, for the tests of package onnx.

    pip install -r requirements.txt && python3 make.py        # in this folder

Everything is seeded: the same versions give the same files. A model is NAME/model.onnx with
test_data_set_K/{input_I,output_J}.pb; an output that is a list of maps is output_J.json."""
import json
import os
import shutil
import sys
import warnings

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "zoo")
RNG = np.random.default_rng(20)
warnings.filterwarnings("ignore")


def session(data):
    so = ort.SessionOptions()
    so.intra_op_num_threads = 1
    so.log_severity_level = 3
    return ort.InferenceSession(data, so, providers=["CPUExecutionProvider"])


def save(name, model, feeds_list):
    """Writes one model with a set for each dict of feeds."""
    opsets = sorted(model.opset_import, key=lambda o: o.domain)
    opsets = [helper.make_opsetid(o.domain, o.version) for o in opsets]
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    model.doc_string = ""
    data = model.SerializeToString()
    d = os.path.join(OUT, name)
    shutil.rmtree(d, ignore_errors=True)
    os.makedirs(d)
    with open(os.path.join(d, "model.onnx"), "wb") as f:
        f.write(data)
    s = session(data)
    for k, feeds in enumerate(feeds_list):
        sd = os.path.join(d, f"test_data_set_{k}")
        os.makedirs(sd)
        feeds = {n: v.astype(object) if v.dtype.kind in "US" else v for n, v in feeds.items()}
        for i, info in enumerate(s.get_inputs()):
            put(os.path.join(sd, f"input_{i}"), feeds[info.name], info.name)
        for j, (info, v) in enumerate(zip(s.get_outputs(), s.run(None, feeds))):
            put(os.path.join(sd, f"output_{j}"), v, info.name)
    print(f"{name}: {len(data):,} bytes, {len(feeds_list)} sets")


def put(path, value, name):
    if isinstance(value, list):
        with open(path + ".json", "w") as f:
            json.dump([{str(k): float(v) for k, v in row.items()} for row in value], f)
        return
    with open(path + ".pb", "wb") as f:
        f.write(numpy_helper.from_array(np.asarray(value), name).SerializeToString())


def sets(x, sizes=(1, 7, 33)):
    """Batches of growing size from the rows of x, under the name X."""
    return [{"X": x[:n]} for n in sizes]


def table(n=400, features=6, classes=2):
    """Rows of features and their class, separable but for some noise."""
    x = RNG.normal(size=(n, features)).astype(np.float32)
    w = RNG.normal(size=(features, classes))
    y = np.argmax(x @ w + 0.3 * RNG.normal(size=(n, classes)), axis=1)
    return x, y


# ---- tables: what scikit-learn, XGBoost and LightGBM are exported to


def sklearn_models():
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
    from sklearn.cluster import KMeans
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.ensemble import GradientBoostingClassifier, IsolationForest, RandomForestClassifier, RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Binarizer, MinMaxScaler, Normalizer, OneHotEncoder, PolynomialFeatures, StandardScaler
    from sklearn.svm import SVC, SVR, LinearSVC, OneClassSVM

    def one(name, model, x, y=None, zipmap=False, opset=None, sizes=(1, 7, 33), **more):
        model.fit(x, y)
        options = {"zipmap": zipmap} if hasattr(model, "predict_proba") and not isinstance(model, OneClassSVM) else {}
        options.update(more)
        onx = convert_sklearn(model, initial_types=[("X", FloatTensorType([None, x.shape[1]]))], target_opset=opset or {"": 18, "ai.onnx.ml": 3},
                              options={id(model): options} if options else None)
        save(name, onx, sets(x, sizes))

    x2, y2 = table()
    x3, y3 = table(classes=3)
    target = (x2 @ RNG.normal(size=6) + 0.1 * RNG.normal(size=len(x2))).astype(np.float32)
    words = np.array(["apple", "banana", "cherry"])
    one("linear_regression", LinearRegression(), x2, target)
    one("linear_regression_2", LinearRegression(), x2, np.stack([target, -2 * target + 1], 1))
    one("logistic_2", make_pipeline(StandardScaler(), LogisticRegression()), x2, y2)
    one("logistic_3_words", LogisticRegression(), x3, words[y3])
    one("logistic_zipmap_words", LogisticRegression(), x3, words[y3], zipmap=True)
    one("logistic_zipmap_ints", LogisticRegression(), x2, y2 + 5, zipmap=True)
    one("linear_svc", LinearSVC(), x3, y3)
    one("linear_svc_2", LinearSVC(), x2, y2)
    for kernel in ("linear", "poly", "rbf", "sigmoid"):
        one(f"svc_{kernel}", SVC(kernel=kernel, random_state=0), x2[:80], y2[:80])
    one("svc_3", SVC(random_state=0), x3[:90], y3[:90])
    one("svc_3_words", SVC(random_state=0), x3[:90], words[y3[:90]])
    one("svc_2_proba", SVC(probability=True, random_state=0), x2[:80], y2[:80])
    one("svc_3_proba", SVC(probability=True, random_state=0), x3[:90], y3[:90])
    one("svr", SVR(), x2[:60], target[:60])
    one("one_class_svm", OneClassSVM(nu=0.2), x2[:60])
    one("forest_3_words", RandomForestClassifier(8, max_depth=6, random_state=0), x3, words[y3])
    one("forest_regression", RandomForestRegressor(8, max_depth=5, random_state=0), x2, target)
    one("boosting_2", GradientBoostingClassifier(n_estimators=10, random_state=0), x2, y2)
    one("boosting_3", GradientBoostingClassifier(n_estimators=6, random_state=0), x3, y3)
    one("isolation_forest", IsolationForest(n_estimators=5, max_samples=40, random_state=0), x2)
    one("mlp_3", MLPClassifier((9, 5), random_state=0, max_iter=60), x3, y3)
    one("naive_bayes", GaussianNB(), x3, y3)
    one("neighbours", KNeighborsClassifier(3), x3[:60], y3[:60])
    one("discriminant", LinearDiscriminantAnalysis(), x3, y3)
    one("kmeans", KMeans(4, n_init=1, random_state=0), x2)
    one("pca", make_pipeline(MinMaxScaler(), PCA(3, random_state=0)), x2)
    one("polynomial", make_pipeline(PolynomialFeatures(2), LinearRegression()), x2, target)
    for norm in ("l1", "l2", "max"):
        one(f"normalizer_{norm}", Normalizer(norm), np.abs(x2) if norm == "max" else x2)
    one("binarizer", Binarizer(threshold=0.3), x2)
    holes = x2.copy()
    holes[RNG.random(holes.shape) < 0.2] = np.nan
    one("imputer", make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression()), holes, y2)

    import pandas as pd

    n = 120
    frame = pd.DataFrame({"amount": RNG.lognormal(size=n).astype(np.float32), "age": RNG.integers(18, 90, n),
                          "country": RNG.choice(["AT", "BR", "CN", "DE"], n), "kind": RNG.choice(["web", "pos"], n)})
    label = np.where((frame.amount > 1) & (frame.country != "DE"), "yes", "no")
    columns = ColumnTransformer([("n", make_pipeline(SimpleImputer(), StandardScaler()), ["amount", "age"]),
                                 ("c", OneHotEncoder(handle_unknown="ignore"), ["country", "kind"])])
    pipe = make_pipeline(columns, LogisticRegression()).fit(frame, label)
    types = [("amount", FloatTensorType([None, 1])), ("age", Int64TensorType([None, 1])),
             ("country", StringTensorType([None, 1])), ("kind", StringTensorType([None, 1]))]
    onx = convert_sklearn(pipe, initial_types=types, target_opset={"": 17, "ai.onnx.ml": 3}, options={"zipmap": False})
    feeds = []
    for rows in (1, 7, 40):
        f = frame[:rows].copy()
        f.loc[f.index[rows // 2], "country"] = "unknown"
        feeds.append({c: f[c].to_numpy().reshape(-1, 1) for c in f})
    save("pipeline_mixed", onx, feeds)


def boosted_models():
    from onnxmltools import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType
    import lightgbm
    import xgboost

    types = [("X", FloatTensorType([None, 6]))]
    for classes in (2, 3):
        x, y = table(classes=classes)
        x[RNG.random(x.shape) < 0.1] = np.nan
        m = xgboost.XGBClassifier(n_estimators=6, max_depth=4, n_jobs=1).fit(x, y)
        save(f"xgboost_{classes}", convert_xgboost(m, initial_types=types, target_opset=15), sets(x))
        m = lightgbm.LGBMClassifier(n_estimators=6, num_leaves=9, n_jobs=1, verbose=-1, deterministic=True, force_row_wise=True).fit(x, y)
        save(f"lightgbm_{classes}", convert_lightgbm(m, initial_types=types, zipmap=False, target_opset=15), sets(x))
    x, _ = table()
    m = xgboost.XGBRegressor(n_estimators=6, max_depth=4, n_jobs=1, objective="reg:squarederror").fit(x, x[:, 0] * 2 - x[:, 1])
    save("xgboost_regression", convert_xgboost(m, initial_types=types, target_opset=15), sets(x))


# ---- ai.onnx.ml operators with attributes that converters seldom write


def value(name, elem, *dims):
    return helper.make_tensor_value_info(name, elem, list(dims))


def ml_node(name, op, inputs, outputs, feeds_list, version=3, **attrs):
    node = helper.make_node(op, [i.name for i in inputs], [o.name for o in outputs], domain="ai.onnx.ml", **attrs)
    graph = helper.make_graph([node], name, inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", version)], ir_version=8)
    save(name, model, feeds_list)


def ml_nodes():
    f, i, s = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING
    x = RNG.normal(size=(9, 4)).astype(np.float32)
    for post in ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"):
        ml_node(f"ml_linear_classifier_{post.lower()}", "LinearClassifier", [value("X", f, None, 4)], [value("L", s, None), value("Y", f, None, 3)], [{"X": x}],
                version=1, coefficients=RNG.normal(size=12).tolist(), intercepts=[0.1, -0.2, 0.3], classlabels_strings=["a", "b", "c"], post_transform=post)
    ml_node("ml_linear_classifier_one", "LinearClassifier", [value("X", f, None, 4)], [value("L", i, None), value("Y", f, None, 2)], [{"X": x}],
            version=1, coefficients=RNG.normal(size=4).tolist(), intercepts=[0.1], classlabels_ints=[3, 8], post_transform="LOGISTIC")
    ml_node("ml_scaler_ints", "Scaler", [value("X", i, None, 3)], [value("Y", f, None, 3)], [{"X": RNG.integers(-9, 9, (5, 3))}],
            version=1, offset=[1.0, 2.0, 3.0], scale=[0.5, 2.0, -1.0])
    ml_node("ml_one_hot_ints", "OneHotEncoder", [value("X", i, None)], [value("Y", f, None, 4)], [{"X": np.array([3, 1, 9, 7])}], version=1, cats_int64s=[1, 3, 5, 7], zeros=1)
    ml_node("ml_imputer_ints", "Imputer", [value("X", i, None, 3)], [value("Y", i, None, 3)], [{"X": np.array([[1, -1, 3], [-1, 5, -1]])}],
            version=1, imputed_value_int64s=[10, 20, 30], replaced_value_int64=-1)
    ml_node("ml_label_strings_ints", "LabelEncoder", [value("X", s, None)], [value("Y", i, None)], [{"X": np.array(["b", "q", "a"])}],
            keys_strings=["a", "b"], values_int64s=[4, 7], default_int64=-3)
    ml_node("ml_label_ints_strings", "LabelEncoder", [value("X", i, None)], [value("Y", s, None)], [{"X": np.array([4, 5, 7])}],
            keys_int64s=[4, 7], values_strings=["x", "y"], default_string="none")
    ml_node("ml_label_floats", "LabelEncoder", [value("X", f, None)], [value("Y", f, None)], [{"X": np.array([1.5, np.nan, 2.5], np.float32)}],
            keys_floats=[1.5, float("nan")], values_floats=[10.0, 20.0], default_float=-1.0)
    ml_node("ml_label_1", "LabelEncoder", [value("X", s, None)], [value("Y", i, None)], [{"X": np.array(["c", "q", "a"])}], version=1, classes_strings=["a", "b", "c"], default_int64=9)
    ml_node("ml_category_mapper", "CategoryMapper", [value("X", s, None)], [value("Y", i, None)], [{"X": np.array(["cat", "dog", "eel"])}],
            version=1, cats_strings=["cat", "dog"], cats_int64s=[5, 6], default_int64=-1)
    ml_node("ml_extract", "ArrayFeatureExtractor", [value("X", f, None, 4), value("I", i, 3)], [value("Y", f, None, 3)], [{"X": x, "I": np.array([3, 0, 3])}], version=1)
    ml_node("ml_vectorize", "FeatureVectorizer", [value("A", f, None, 2), value("B", f, None, 3)], [value("Y", f, None, 5)],
            [{"A": x[:, :2], "B": x[:, 1:4]}], version=1, inputdimensions=[2, 3])
    tree_modes()


def tree_modes():
    """Every comparison with missing values both ways, and every aggregate."""
    f = TensorProto.FLOAT
    x = RNG.integers(-2, 3, (40, 3)).astype(np.float32)
    x[RNG.random(x.shape) < 0.15] = np.nan
    for mode in ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"):
        attrs = dict(nodes_treeids=[0] * 5 + [1] * 3, nodes_nodeids=[0, 1, 2, 3, 4, 0, 1, 2], nodes_featureids=[0, 1, 0, 0, 0, 2, 0, 0],
                     nodes_modes=[mode, mode, "LEAF", "LEAF", "LEAF", mode, "LEAF", "LEAF"], nodes_values=[0.0, 1.0, 0, 0, 0, -1.0, 0, 0],
                     nodes_truenodeids=[1, 2, 0, 0, 0, 1, 0, 0], nodes_falsenodeids=[4, 3, 0, 0, 0, 2, 0, 0],
                     nodes_missing_value_tracks_true=[1, 0, 0, 0, 0, 1, 0, 0], target_treeids=[0, 0, 0, 1, 1, 1], target_nodeids=[2, 3, 4, 1, 1, 2],
                     target_ids=[0, 1, 0, 0, 1, 1], target_weights=[1.0, -2.0, 3.0, 0.5, 0.25, 4.0], n_targets=2)
        ml_node(f"ml_tree_{mode.lower()}", "TreeEnsembleRegressor", [value("X", f, None, 3)], [value("Y", f, None, 2)], [{"X": x}], version=1, **attrs)
        if mode == "BRANCH_LEQ":
            for agg in ("AVERAGE", "MIN", "MAX"):
                ml_node(f"ml_tree_{agg.lower()}", "TreeEnsembleRegressor", [value("X", f, None, 3)], [value("Y", f, None, 2)], [{"X": x}],
                        version=1, aggregate_function=agg, **attrs)


# ---- networks


def weights(name, *shape, scale=0.3):
    return numpy_helper.from_array((scale * RNG.normal(size=shape)).astype(np.float32), name)


def network(name, nodes, initializers, inputs, outputs, feeds_list, opset=17):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model)
    save(name, model, feeds_list)


def networks():
    f, node = TensorProto.FLOAT, helper.make_node
    x = RNG.normal(size=(33, 10)).astype(np.float32)
    network("net_mlp", [node("MatMul", ["X", "w0"], ["a"]), node("Add", ["a", "b0"], ["b"]), node("Relu", ["b"], ["c"]),
                        node("Gemm", ["c", "w1", "b1"], ["d"], transB=1), node("Softmax", ["d"], ["Y"], axis=-1)],
            [weights("w0", 10, 17), weights("b0", 17), weights("w1", 5, 17), weights("b1", 5)],
            [value("X", f, "N", 10)], [value("Y", f, "N", 5)], sets(x))
    for op, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
        outs = ["Y", "H"] + (["C"] if op == "LSTM" else [])
        network(f"net_{op.lower()}", [node(op, ["X", "w", "r", "b"], outs, hidden_size=6, direction="bidirectional")],
                [weights("w", 2, gates * 6, 3), weights("r", 2, gates * 6, 6), weights("b", 2, 2 * gates * 6)],
                [value("X", f, "T", "N", 3)], [value(o, f, *([None] * (4 if o == "Y" else 3))) for o in outs],
                [{"X": RNG.normal(size=(t, n, 3)).astype(np.float32)} for t, n in ((1, 1), (5, 2), (7, 3))])
    network("net_conv", [node("Conv", ["X", "w0", "b0"], ["a"], pads=[1, 1, 1, 1], strides=[2, 1]), node("Relu", ["a"], ["b"]),
                         node("Conv", ["b", "w1"], ["c"], group=6, dilations=[2, 2]), node("MaxPool", ["c"], ["d"], kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1),
                         node("Conv", ["d", "w2"], ["e"], group=2, auto_pad="SAME_UPPER"), node("GlobalAveragePool", ["e"], ["g"]), node("Flatten", ["g"], ["Y"])],
            [weights("w0", 6, 3, 3, 3), weights("b0", 6), weights("w1", 6, 1, 3, 3), weights("w2", 4, 3, 2, 2)],
            [value("X", f, "N", 3, 15, 19)], [value("Y", f, "N", 4)], [{"X": RNG.normal(size=(n, 3, 15, 19)).astype(np.float32)} for n in (1, 3)])
    attention(f, node)
    branches(f, node)


def attention(f, node):
    """One block of a transformer: two heads over a sequence of any length, with its norm from parts."""
    shape = numpy_helper.from_array(np.array([0, 0, 2, 4], np.int64), "heads")
    flat = numpy_helper.from_array(np.array([0, 0, 8], np.int64), "flat")
    half = numpy_helper.from_array(np.float32(0.5), "half")
    nodes = []
    for k in "qkv":
        nodes += [node("MatMul", ["X", "w" + k], [k + "0"]), node("Reshape", [k + "0", "heads"], [k + "1"]),
                  node("Transpose", [k + "1"], [k], perm=[0, 2, 3, 1] if k == "k" else [0, 2, 1, 3])]
    nodes += [node("MatMul", ["q", "k"], ["s0"]), node("Mul", ["s0", "half"], ["s1"]), node("Softmax", ["s1"], ["s"], axis=-1), node("MatMul", ["s", "v"], ["o0"]),
              node("Transpose", ["o0"], ["o1"], perm=[0, 2, 1, 3]), node("Reshape", ["o1", "flat"], ["o2"]), node("MatMul", ["o2", "wo"], ["o3"]),
              node("Add", ["o3", "X"], ["r"]), node("LayerNormalization", ["r", "g", "b"], ["n"], axis=-1), node("MatMul", ["n", "w1"], ["h0"]),
              node("Erf", ["h0"], ["h1"]), node("MatMul", ["h1", "w2"], ["h2"]), node("Add", ["h2", "n"], ["Y"])]
    network("net_attention", nodes, [weights(w, 8, 8) for w in ("wq", "wk", "wv", "wo")] + [weights("w1", 8, 16), weights("w2", 16, 8), weights("g", 8), weights("b", 8), shape, flat, half],
            [value("X", f, "N", "T", 8)], [value("Y", f, "N", "T", 8)], [{"X": RNG.normal(size=(n, t, 8)).astype(np.float32)} for n, t in ((1, 1), (1, 9), (3, 5))])


def branches(f, node):
    """If with captured values, and a Loop that gathers."""
    zero = numpy_helper.from_array(np.float32(0), "zero")
    trips = numpy_helper.from_array(np.int64(4), "trips")
    true = numpy_helper.from_array(np.array(True), "true")
    then = helper.make_graph([node("Mul", ["X", "X"], ["t"])], "then", [], [value("t", f, None, None)])
    other = helper.make_graph([node("Neg", ["X"], ["e"])], "else", [], [value("e", f, None, None)])
    body = helper.make_graph([node("Add", ["s", "y"], ["s1"]), node("Identity", ["c"], ["c1"]), node("ReduceSum", ["s1"], ["g"], keepdims=0)], "body",
                             [value("i", TensorProto.INT64), value("c", TensorProto.BOOL), value("s", f, None, None)],
                             [value("c1", TensorProto.BOOL), value("s1", f, None, None), value("g", f)])
    network("net_branches", [node("ReduceSum", ["X"], ["sum"], keepdims=0), node("Greater", ["sum", "zero"], ["p"]),
                             node("If", ["p"], ["y"], then_branch=then, else_branch=other), node("Loop", ["trips", "true", "X"], ["Y", "G"], body=body)],
            [zero, trips, true], [value("X", f, None, 2)], [value("Y", f, None, 2), value("G", f, None)],
            [{"X": np.array(v, np.float32)} for v in ([[1, 2]], [[-1, -2], [0.5, 1]])])


def main():
    pins = dict(line.strip().split("==") for line in open(os.path.join(HERE, "requirements.txt")) if "==" in line)
    if onnx.__version__ != pins["onnx"] or ort.__version__ != pins["onnxruntime"]:
        sys.exit("install requirements.txt first: the files depend on the versions")
    shutil.rmtree(OUT, ignore_errors=True)
    sklearn_models()
    boosted_models()
    ml_nodes()
    networks()


main()
