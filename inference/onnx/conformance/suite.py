#!/usr/bin/env python3
"""Writes the official ONNX backend cases, which the onnx package carries, to model folders:

    pip install onnx==1.23.2 numpy && python3 suite.py DIR

    DIR/KIND/NAME/model.onnx
    DIR/KIND/NAME/test_data_set_K/{input_I,output_J}.pb    TensorProto, SequenceProto or OptionalProto
    DIR/KIND/NAME/data.json                                {"rtol", "atol"} where they are not 1e-3 and 1e-7

KIND is node, simple, pytorch-converted or pytorch-operator. An input or output that is absent has no file. Cases
that need a download are left out."""
import json
import pathlib
import shutil
import sys

import numpy
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case import model as simple_cases
from onnx.backend.test.loader import DATA_DIR, load_model_tests

PINNED = "1.23.2"
DEFAULT = (1e-3, 1e-7)


def encode(value, info):
    """The bytes of a value as the graph declares it, None for an absent one."""
    if value is None:
        return None
    if isinstance(value, TensorProto):
        return value.SerializeToString()
    kind = info.type.WhichOneof("value")
    make = {"sequence_type": numpy_helper.from_list, "map_type": numpy_helper.from_dict, "optional_type": numpy_helper.from_optional}.get(kind)
    if make is None:
        return numpy_helper.from_array(numpy.asarray(value), info.name).SerializeToString()
    return make(value, info.name).SerializeToString()


def write_values(folder, prefix, values, infos):
    for i, (value, info) in enumerate(zip(values, infos)):
        data = encode(value, info)
        if data is not None:
            (folder / f"{prefix}_{i}.pb").write_bytes(data)


def write_case(folder, case):
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for k, (inputs, outputs) in enumerate(case.data_sets):
        data = folder / f"test_data_set_{k}"
        data.mkdir()
        write_values(data, "input", inputs, case.model.graph.input)
        write_values(data, "output", outputs, case.model.graph.output)
    if (case.rtol, case.atol) != DEFAULT:
        (folder / "data.json").write_text(json.dumps({"rtol": case.rtol, "atol": case.atol}))


def copy_stored(root, kind):
    """Cases that lie in the package as files."""
    for source in sorted(pathlib.Path(DATA_DIR, kind).iterdir()):
        if (source / "model.onnx").exists():
            shutil.copytree(source, root / kind / source.name)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if onnx.__version__ != PINNED:
        sys.exit(f"suite.py: wants onnx {PINNED}, has {onnx.__version__}: the list of known failures belongs to that version")
    root = pathlib.Path(sys.argv[1])
    for kind in ("node", "simple", "pytorch-converted", "pytorch-operator"):
        shutil.rmtree(root / kind, ignore_errors=True)
    for case in load_model_tests(kind="node"):
        write_case(root / "node" / case.name, case)
    for case in simple_cases.collect_testcases():
        if case.kind == "simple":
            write_case(root / "simple" / case.name, case)
    copy_stored(root, "pytorch-converted")
    copy_stored(root, "pytorch-operator")
    print(f"{sum(1 for _ in root.glob('*/*/model.onnx'))} cases in {root}")


main()
