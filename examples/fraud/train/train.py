#!/usr/bin/env python3
"""Train the fraud model of the example and write it as ONNX, with golden scores.
     go run ./examples/fraud/train -dir DATA
     pip install -r examples/fraud/train/requirements.txt
     python examples/fraud/train/train.py DATA examples/fraud/model
Writes OUT/model.onnx, OUT/golden.csv (features and the scores that ONNX Runtime gives) and prints metrics."""
import argparse
import csv
import pathlib
import sys

import lightgbm
import numpy as np
import onnx
import onnxruntime
import onnxmltools
from onnxmltools.convert.common.data_types import FloatTensorType

KINDS = ['legit', 'stolen', 'testing', 'cloned', 'collusion', 'takeover']
SEED = 7


def load(data, name):
    return np.load(data / f'{name}.x.npy'), np.load(data / f'{name}.y.npy')


def training_set(data):
    sets = [load(data, p.name[:-len('.x.npy')]) for p in sorted(data.glob('train-*.x.npy'))]
    return np.concatenate([x for x, _ in sets]), np.concatenate([y for _, y in sets])


def fit(x, kind, trees, leaves, rate):
    """All frauds and a fifth of the honest payments, weighted back."""
    keep = (kind > 0) | (np.random.RandomState(SEED).rand(len(kind)) < 0.2)
    weight = np.where(kind > 0, 1.0, 5.0)[keep]
    model = lightgbm.LGBMClassifier(n_estimators=trees, num_leaves=leaves, learning_rate=rate, min_child_samples=40,
                                    reg_lambda=2.0, colsample_bytree=0.7, subsample=0.8, subsample_freq=1, n_jobs=2,
                                    random_state=SEED, deterministic=True, force_row_wise=True, verbose=-1)
    return model.fit(x[keep], (kind[keep] > 0).astype(np.int64), sample_weight=weight)


def quality(score, kind, threshold):
    hit, fraud = score >= threshold, kind > 0
    return (hit & fraud).sum() / max(hit.sum(), 1), (hit & fraud).sum() / fraud.sum()


def best_threshold(score, kind):
    """Where the smaller of precision and recall is greatest."""
    grid = np.round(np.arange(0.05, 0.95, 0.01), 2)
    return float(max(grid, key=lambda t: min(quality(score, kind, t))))


def report(name, score, kind, threshold):
    precision, recall = quality(score, kind, threshold)
    kinds = ', '.join(f'{KINDS[k]} {(score[kind == k] >= threshold).mean():.2f}' for k in range(1, len(KINDS)))
    print(f'{name}: {len(kind)} payments, {(kind > 0).sum()} frauds, at {threshold}: '
          f'precision {precision:.3f}, recall {recall:.3f} ({kinds})')


def convert(model, columns):
    m = onnxmltools.convert_lightgbm(model, initial_types=[('x', FloatTensorType([None, len(columns)]))],
                                     target_opset=15, zipmap=False)
    return slim(m, columns)


def slim(m, columns):
    """Keep the trees alone: the converter adds four nodes that change nothing, and declares a label of one element."""
    g, tree = m.graph, m.graph.node[0]
    assert [n.op_type for n in g.node] == ['TreeEnsembleClassifier', 'Identity', 'Identity', 'Cast', 'Mul']
    tree.output[:] = ['label', 'probabilities']
    vi = onnx.helper.make_tensor_value_info
    slim_graph = onnx.helper.make_graph([tree], 'fraud', [vi('x', onnx.TensorProto.FLOAT, ['N', len(columns)])],
                                        [vi('label', onnx.TensorProto.INT64, ['N']),
                                         vi('probabilities', onnx.TensorProto.FLOAT, ['N', 2])])
    out = onnx.helper.make_model(slim_graph, opset_imports=[onnx.helper.make_opsetid('', 15), onnx.helper.make_opsetid('ai.onnx.ml', 3)],
                                 ir_version=8, producer_name='train.py', doc_string='columns of x: ' + ' '.join(columns))
    onnx.checker.check_model(out)
    return out


def golden(path, session, columns, x, kind):
    """All kinds of fraud and honest payments, a few of each, with what ONNX Runtime says."""
    r = np.random.RandomState(SEED)
    rows = np.concatenate([r.choice(np.flatnonzero(kind == k), 200 if k == 0 else 20, replace=False)
                           for k in range(len(KINDS))])
    label, p = session.run(['label', 'probabilities'], {'x': x[rows]})
    with open(path, 'w', newline='') as f:
        w = csv.writer(f, lineterminator='\n')
        w.writerow(columns + ['label', 'p1'])
        for row, one, prob in zip(x[rows], label, p):
            w.writerow([str(v) for v in row] + [int(one), str(prob[1])])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('data', type=pathlib.Path)
    ap.add_argument('out', type=pathlib.Path)
    ap.add_argument('--trees', type=int, default=160)
    ap.add_argument('--leaves', type=int, default=24)
    ap.add_argument('--rate', type=float, default=0.07)
    a = ap.parse_args()
    columns = (a.data / 'columns.txt').read_text().split()
    model = fit(*training_set(a.data), a.trees, a.leaves, a.rate)
    valid, demo = load(a.data, 'valid'), load(a.data, 'demo')
    threshold = best_threshold(model.predict_proba(valid[0])[:, 1], valid[1])
    onx = convert(model, columns)
    session = onnxruntime.InferenceSession(onx.SerializeToString(), providers=['CPUExecutionProvider'])
    for name, (x, kind) in (('valid', valid), ('demo', demo)):
        score = session.run(['probabilities'], {'x': x})[0][:, 1]
        print(f'{name}: ONNX Runtime and LightGBM differ by at most {np.abs(score - model.predict_proba(x)[:, 1]).max():.1e}')
        report(name, score, kind, threshold)
    gain = sorted(zip(model.booster_.feature_importance('gain'), columns), reverse=True)
    print('gain:', ', '.join(f'{c} {g / sum(g for g, _ in gain):.3f}' for g, c in gain))
    a.out.mkdir(parents=True, exist_ok=True)
    onnx.save(onx, a.out / 'model.onnx')
    golden(a.out / 'golden.csv', session, columns, *demo)
    print(f'model.onnx: {(a.out / "model.onnx").stat().st_size} bytes, nodes:', [n.op_type for n in onx.graph.node],
          f'; put {threshold} into model.go')


if __name__ == '__main__':
    sys.exit(main())
