#!/usr/bin/env bash
# Runs the tests of the ONNX engine on another processor, under user-mode emulation.
#
#   apt-get install qemu-user
#   inference/onnx/cross.sh [arm64|386] [PACKAGE or ARG of go test ...]
#
# Without an argument both, on the engine's packages in their short form. An emulator is slow: 10 to 30 times;
# 386 needs none on x86-64.
set -eu -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GOTOOLCHAIN="${GOTOOLCHAIN:-auto}" CGO_ENABLED=0

# native_386 names the emulator, or nothing on a processor that runs such programs itself: Go's threads crash
# qemu-i386 7.2.
native_386() { [ "$(uname -m)" = x86_64 ] || echo qemu-i386; }

run() {
  local arch="$1" emulator
  shift
  case "$arch" in
    arm64) emulator=qemu-aarch64 ;;
    386) emulator="$(native_386)" ;;
    *) echo "cross.sh: knows arm64 and 386, not $arch" >&2 && return 2 ;;
  esac
  [ -z "$emulator" ] || command -v "$emulator" >/dev/null || { echo "cross.sh: $emulator is missing: apt-get install qemu-user" >&2; return 1; }
  [ $# -gt 0 ] || set -- ./inference/tensor ./inference/onnx/...
  echo "== $arch"
  GOARCH="$arch" go test ${emulator:+-exec "$emulator"} -short -count=1 -timeout 20m "$@"
}

if [ $# -eq 0 ]; then
  run arm64
  run 386
else
  run "$@"
fi
