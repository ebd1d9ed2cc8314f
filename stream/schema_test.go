package stream_test

import (
	"context"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/memory"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/stream"
)

type account struct {
	Cents int64
	Name  string
}

type accountV0 struct{ Amount string }

// keeper is a job whose state is a struct of type S; it ends at once if it may not read.
func keeping[S any](t *testing.T, store snapshot.Store, opts ...state.Option) *stream.Job {
	job := stream.NewJob("keeper", stream.Logger(nil), stream.CheckpointStore(store), stream.FileSystem(vfs.NewMem()), stream.Parallelism(2))
	stream.From(job, memory.Of(1, 2, 3, 4)).ID("numbers").
		KeyBy(func(v int) int { return v }).
		WithState(func(_ *S, v int) int { return v }, opts...).ID("accounts").
		Reduce(func(a, b int) int { return a + b }).ID("totals").
		To(memory.Collect[int]()).ID("out")
	return job
}

func schemaOf(t *testing.T, job *stream.Job) *snapshot.Program {
	t.Helper()
	p, err := job.Schema()
	require.NoError(t, err)
	text, err := p.Encode()
	require.NoError(t, err)
	again, err := snapshot.DecodeProgram(text)
	require.NoError(t, err)
	require.Equal(t, p, again)
	return p
}

// TestVetSaysWhatAStartWouldDo compares programs with a checkpoint, by Vet and by starting them.
func TestVetSaysWhatAStartWouldDo(t *testing.T) {
	store := snapshot.NewDir(vfs.NewMem(), "bucket")
	job := keeping[account](t, store)
	before := schemaOf(t, job)
	require.Equal(t, []snapshot.ProgramOperator{{ID: "numbers", Name: "memory", Kind: "source"}}, before.Operators[:1])
	require.NotEmpty(t, before.States)
	require.NoError(t, soon(t, t.Context(), job))
	m, err := snapshot.Latest(t.Context(), store)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		job   *stream.Job
		fatal []string
		notes []string
	}{
		"the same": {keeping[account](t, store), nil, nil},
		"a field more, one less, one wider": {keeping[struct {
			Name string
			Born int64
		}](t, store), nil, []string{"written as {Cents int64;Name string}, read as {Name string;Born int64}"}},
		"another type": {
			keeping[struct{ Cents string }](t, store),
			[]string{`of operator "accounts": state: stored state does not fit the program: value.Cents was written as int64 and is now string`},
			nil,
		},
		"another type, with a migration": {keeping[struct{ Cents string }](t, store, state.Migrate(func(old account) struct{ Cents string } { return struct{ Cents string }{"x"} })), nil, []string{"read by a migration"}},
		"a migration of something else":  {keeping[struct{ Cents bool }](t, store, state.Migrate(func(accountV0) struct{ Cents bool } { return struct{ Cents bool }{} })), nil, []string{"read by a migration"}},
	} {
		t.Run(name, func(t *testing.T) {
			var fatal, notes []string
			for _, f := range snapshot.Vet(m, schemaOf(t, c.job)) {
				if f.Fatal {
					fatal = append(fatal, f.String())
				} else {
					notes = append(notes, f.String())
				}
			}
			contain(t, c.fatal, fatal)
			contain(t, c.notes, notes)
			err := soon(t, t.Context(), c.job)
			if len(c.fatal) == 0 {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, state.ErrIncompatible)
				require.ErrorContains(t, err, "Cents was written as int64 and is now string")
			}
			require.NoError(t, store.Delete(context.Background(), "checkpoints/00000000000000000002.manifest"))
		})
	}
}

func contain(t *testing.T, want, got []string) {
	t.Helper()
	require.Len(t, got, len(want), "%q", got)
	for i := range want {
		require.Contains(t, got[i], want[i])
	}
}

func TestVetOfAnotherJob(t *testing.T) {
	store := snapshot.NewDir(vfs.NewMem(), "bucket")
	require.NoError(t, soon(t, t.Context(), keeping[account](t, store)))
	m, err := snapshot.Latest(t.Context(), store)
	require.NoError(t, err)
	job := stream.NewJob("other", stream.MaxParallelism(64))
	stream.From(job, memory.Of(1)).ID("numbers").KeyBy(func(v int) int { return v }).Reduce(func(a, b int) int { return a + b }).ID("sums").To(memory.Collect[int]()).ID("out")
	var all []string
	for _, f := range snapshot.Vet(m, schemaOf(t, job)) {
		all = append(all, f.String())
	}
	text := strings.Join(all, "\n")
	require.Contains(t, text, `error: the checkpoint was taken by job "keeper", the program is job "other"`)
	require.Contains(t, text, "error: the checkpoint has max parallelism 128, the program 64: set stream.MaxParallelism(128)")
	require.Contains(t, text, `of operator "accounts": the program has no such operator`)
	require.Contains(t, text, `of operator "sums": new; it begins empty`)
}

// TestSchemaOpensNeitherSourcesNorSinks, and what cannot be opened is an error that names it.
func TestSchemaOpensNeitherSourcesNorSinks(t *testing.T) {
	job := stream.NewJob("closed")
	stream.From(job, closedSource{}).KeyBy(func(v int) int { return v }).Process(func() operator.Keyed[int, int, int] { return &refusing{} }).ID("refusing").
		To(memory.Collect[int]())
	_, err := job.Schema()
	require.ErrorContains(t, err, "opening process: no: give it a table")
}

type closedSource struct{}

func (closedSource) Name() string { return "closed" }

func (closedSource) Validate() error { return nil }

func (closedSource) Splits(context.Context) ([]operator.Split, error) {
	panic("it reaches for the outside")
}

func (closedSource) Reader(operator.Context) (operator.Reader[int], error) {
	panic("it reaches for the outside")
}

type refusing struct{}

func (*refusing) Open(operator.Context) error { return errRefusing }

func (*refusing) Process(operator.KeyedContext[int], int, *operator.Collector[int]) error { return nil }

var errRefusing = errRefused{}

type errRefused struct{}

func (errRefused) Error() string { return "no: give it a table" }
