package onnx_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx"
)

func TestLoadRefusesGarbage(t *testing.T) {
	for _, data := range [][]byte{nil, {0xff}, []byte("hello, this is no model"), {0x3a, 0x7f}} {
		_, err := onnx.Load(data)
		require.Error(t, err)
	}
}
