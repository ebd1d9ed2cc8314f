package connectortest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
)

// Writer opens a sink's writer: for tests that go beyond the suite.
func Writer[T any](t testing.TB, s operator.Sink[T], env *operator.Env) operator.Writer[T] {
	t.Helper()
	w, err := s.Writer(operator.NewContext(env))
	require.NoError(t, err)
	return w
}

// Write writes values, which the writer has during the call only.
func Write[T any](t testing.TB, w operator.Writer[T], values ...T) {
	t.Helper()
	for _, v := range values {
		require.NoError(t, w.Write(operator.NoTime, &v))
	}
}

// Prepare sends a barrier, waits until the writer is prepared, and returns its payload.
func Prepare[T any](t testing.TB, w operator.Writer[T], checkpoint int64) []byte {
	t.Helper()
	answers := make(chan answer, 1)
	w.Prepare(checkpoint, func(p []byte, err error) { answers <- answer{p, err} })
	a := <-answers
	require.NoError(t, a.err)
	return a.payload
}
