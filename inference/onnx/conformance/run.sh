#!/usr/bin/env bash
# Writes the official ONNX backend cases from the pinned onnx package of PyPI, once, and runs them all.
# Needs Python 3.10 or later and, the first time, PyPI.
#
#   inference/onnx/conformance/run.sh [ARG of go test ...]
#
# The cases go to $TURGO_ONNX_SUITE, else ${XDG_CACHE_HOME:-$HOME/.cache}/turgo/onnx-VERSION.
set -eu -o pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
version="$(sed -n 's/^PINNED = "\(.*\)"$/\1/p' "$here/suite.py")"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/turgo"
export TURGO_ONNX_SUITE="${TURGO_ONNX_SUITE:-$cache/onnx-$version}"
export GOTOOLCHAIN="${GOTOOLCHAIN:-auto}"

if [ ! -e "$TURGO_ONNX_SUITE/complete" ]; then
  venv="$cache/venv-onnx-$version"
  if [ ! -e "$venv/complete" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "onnx==$version" "numpy==2.4.6" "ml_dtypes==0.6.0" >&2
    touch "$venv/complete"
  fi
  mkdir -p "$TURGO_ONNX_SUITE"
  "$venv/bin/python" "$here/suite.py" "$TURGO_ONNX_SUITE"
  touch "$TURGO_ONNX_SUITE/complete"
fi

cd "$here"
exec go test -count=1 -v -run TestConformance "$@" .
