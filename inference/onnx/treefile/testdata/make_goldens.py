"""Trains small models with XGBoost, LightGBM and CatBoost and writes the model files and the libraries' own predictions.

    python -m pip install xgboost==3.2.0 lightgbm==4.7.0 catboost==1.2.10 scikit-learn
    python make_goldens.py            # writes *.xgb.json, *.lgb.txt, *.cat.json and goldens.json here

Rows hold missing values, zeros, values on thresholds, negative and unknown categories.
"""
import json
import os

import catboost as cb
import lightgbm as lgb
import numpy as np
import xgboost as xgb

here = os.path.dirname(os.path.abspath(__file__))
rnd = np.random.default_rng(5)
F, N = 5, 600
X = np.round(rnd.normal(size=(N, F)), 2).astype(np.float32)
X[:, 3] = rnd.integers(0, 9, N)  # a category where a model wants one
X[rnd.random((N, F)) < 0.08] = np.nan
X[rnd.random((N, F)) < 0.08] = 0
Z = np.nan_to_num(X[:, 0]) + (np.nan_to_num(X[:, 3]) % 3) - np.nan_to_num(X[:, 1]) * 0.5 + rnd.normal(size=N) * 0.3
BINARY, CLASS3, COUNT = (Z > 1).astype(int), np.digitize(Z, [0.3, 1.5]), np.floor(np.exp(Z / 2)).astype(int)
ROWS = np.concatenate([X[:14], np.array([[0, 0, 0, 0, 0], [np.nan] * F, [1e-36, -1e-36, 1e-30, 8, 0], [9, 9, 9, 40, 9], [-9, -9, -9, -1, -9], [np.inf, -np.inf, np.inf, 3, 1]], np.float32)])
cases = []


def emit(file, raw, prediction):
    flat = lambda v: [float(f"{x:.9g}") for x in np.asarray(v, np.float64).reshape(-1)]
    cases.append({"file": file, "raw": flat(raw), "prediction": flat(prediction)})


def with_xgb(name, y, rounds=6, category=False, **params):
    types = ["q"] * 3 + ["c" if category else "q"] + ["q"]
    data = xgb.DMatrix(X, y, feature_types=types, enable_categorical=category)
    params = {"max_depth": 3, "seed": 1, "nthread": 1, **params}
    model = xgb.train(params, data, rounds)
    model.save_model(os.path.join(here, name + ".xgb.json"))
    rows = np.clip(ROWS, -1e30, 1e30)  # XGBoost refuses infinities,
    if category:
        rows[rows[:, 3] < 0, 3] = 60  # and negative categories, but not unknown ones
    test = xgb.DMatrix(rows, feature_types=types, enable_categorical=category)
    emit(name + ".xgb.json", model.predict(test, output_margin=True), model.predict(test))
    cases[-1]["rows"] = rows_json(rows)


def with_lgb(name, y, rounds=6, category=False, **params):
    params = {"num_leaves": 7, "min_data_in_leaf": 5, "verbose": -1, "seed": 1, "num_threads": 1, "min_data_per_group": 5, "cat_smooth": 1, **params}
    data = lgb.Dataset(X.astype(np.float64), y, categorical_feature=[3] if category else [], params=params)
    model = lgb.train(params, data, rounds)
    text = model.model_to_string()
    with open(os.path.join(here, name + ".lgb.txt"), "w") as f:
        f.write(text[: text.index("\nparameters:")] + "\n")
    emit(name + ".lgb.txt", model.predict(ROWS, raw_score=True), model.predict(ROWS))


def with_cat(name, y, loss, kind="Probability", rounds=6, **params):
    model = cb.CatBoost({"iterations": rounds, "depth": 3, "loss_function": loss, "random_seed": 1, "thread_count": 1, "verbose": False, "allow_writing_files": False, "border_count": 16, **params})
    model.fit(cb.Pool(X, y))
    model.save_model(os.path.join(here, name + ".cat.json"), format="json")
    slim(os.path.join(here, name + ".cat.json"))
    prediction = model.predict(ROWS, prediction_type=kind)
    raw = model.predict(ROWS, prediction_type="RawFormulaVal")
    emit(name + ".cat.json", raw, prediction[:, 1] if kind == "Probability" and raw.ndim == 1 else prediction)


def slim(path):
    """Drops what predictions do not need: training options with paths and times."""
    model = json.load(open(path))
    info = model["model_info"]
    model["model_info"] = {k: info[k] for k in ("class_params", "params") if k in info}
    params = model["model_info"].get("params")
    if isinstance(params, dict):
        model["model_info"]["params"] = {k: params[k] for k in ("loss_function",) if k in params}
    json.dump(model, open(path, "w"), separators=(",", ":"))


def rows_json(rows):
    return [[None if np.isnan(v) else "inf" if v == np.inf else "-inf" if v == -np.inf else float(f"{v:.9g}") for v in row] for row in rows]


with_xgb("binary", BINARY, objective="binary:logistic", base_score=0.3)
with_xgb("hinge", BINARY, objective="binary:hinge")
with_xgb("squared", Z, objective="reg:squarederror")
with_xgb("poisson", COUNT, objective="count:poisson")
with_xgb("multi", CLASS3, rounds=4, objective="multi:softprob", num_class=3)
with_xgb("dart", BINARY, objective="binary:logistic", booster="dart", rate_drop=0.5)
with_xgb("forest", Z, rounds=2, objective="reg:squarederror", num_parallel_tree=3, subsample=0.5)
with_xgb("category", Z, category=True, objective="reg:squarederror", max_cat_to_onehot=1)
with_xgb("onehot", Z, category=True, objective="reg:squarederror", max_cat_to_onehot=20)
with_xgb("targets", np.stack([Z, -Z * Z], 1), objective="reg:squarederror")
with_xgb("stump", np.ones(N), rounds=2, objective="reg:squarederror")

with_lgb("binary", BINARY, objective="binary", sigmoid=1.5)
with_lgb("zero", Z, objective="regression", zero_as_missing=True)
with_lgb("nomissing", Z, objective="regression", use_missing=False)
with_lgb("multi", CLASS3, rounds=4, objective="multiclass", num_class=3)
with_lgb("ova", CLASS3, rounds=3, objective="multiclassova", num_class=3)
with_lgb("category", Z, category=True, objective="regression", max_cat_to_onehot=1)
with_lgb("poisson", COUNT, objective="poisson")
with_lgb("sqrt", Z, objective="regression", reg_sqrt=True)
with_lgb("entropy", np.clip(Z / 4, 0, 1), objective="cross_entropy")
with_lgb("lambda", np.clip(Z / 4, 0, 1), objective="cross_entropy_lambda")
with_lgb("forest", Z, objective="regression", boosting="rf", bagging_freq=1, bagging_fraction=0.5)
with_lgb("stump", np.ones(N), rounds=2, objective="regression")

with_cat("binary", BINARY, "Logloss")
with_cat("squared", Z, "RMSE", "RawFormulaVal", nan_mode="Max")
with_cat("multi", CLASS3, "MultiClass", rounds=4)
with_cat("ova", CLASS3, "MultiClassOneVsAll", rounds=3)
with_cat("depthwise", Z, "RMSE", "RawFormulaVal", grow_policy="Depthwise")
with_cat("lossguide", Z, "RMSE", "RawFormulaVal", grow_policy="Lossguide", max_leaves=6)
with_cat("poisson", COUNT, "Poisson", "Exponent")

with open(os.path.join(here, "goldens.json"), "w") as f:
    json.dump({"rows": rows_json(ROWS), "cases": cases}, f, separators=(",", ":"))
