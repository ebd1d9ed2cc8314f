package file_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/connectortest"
	"github.com/turgo-io/turgo/connector/file"
	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/operator"
)

// committed reads what a sink has made visible.
func committed[T any](t testing.TB, fs vfs.FS, f file.Format[T]) []T {
	t.Helper()
	return within(t, fs, "out", f)
}

func within[T any](t testing.TB, fs vfs.FS, dir string, f file.Format[T]) []T {
	t.Helper()
	r := read(t, file.Source[T]{Path: dir + "/*", Format: f, FS: fs, Follow: true, InOrder: true}, nil) // Follow: there may be none
	require.NoError(t, r.err)
	r.close()
	return r.got
}

func TestSink(t *testing.T) {
	for _, compression := range []string{"", "gzip", "zstd"} {
		for name, roll := range map[string]file.Roll{
			"each checkpoint": {}, "small": {Bytes: 100}, "never full": {Bytes: 1 << 40}, "old": {After: time.Nanosecond},
		} {
			t.Run(fmt.Sprint(compression, " ", name), func(t *testing.T) {
				connectortest.Sink(t, connectortest.SinkCase[payment]{
					New: func(t *testing.T) (operator.Sink[payment], func() []payment) {
						fs := vfs.NewMem()
						s := file.Sink[payment]{Dir: "out", Format: file.CSV[payment](), Compression: compression, Roll: roll, FS: fs}
						return s, func() []payment { return committed(t, fs, s.Format) }
					},
					Values: some(0, 60), Seeds: 15,
				})
			})
		}
	}
}

func list(t testing.TB, fs vfs.FS, dir string) []string {
	t.Helper()
	names, err := fs.List(dir)
	require.NoError(t, err)
	slices.Sort(names)
	return names
}

func TestRolling(t *testing.T) {
	fs := vfs.NewMem()
	env := connectortest.Env(t.Context(), 3, 4)
	clock := env.Clock.(*connectortest.Clock)
	s := file.Sink[string]{Dir: "out", Prefix: "x", Format: file.Lines(), FS: fs, Roll: file.Roll{After: time.Minute}}
	w := connectortest.Writer(t, s, env)
	connectortest.Write(t, w, "a", "b")
	connectortest.Prepare(t, w, 1)
	require.NoError(t, w.Commit(1))
	require.Equal(t, []string{"x-003-00000000-000.txt.pending"}, list(t, fs, "out"), "a part that goes on is not seen")
	connectortest.Write(t, w, "c")
	clock.Set(int64(time.Minute))
	connectortest.Prepare(t, w, 2)
	require.NoError(t, w.Commit(2))
	require.Equal(t, []string{"x-003-00000000-000.txt"}, list(t, fs, "out"))
	connectortest.Write(t, w, "d")
	connectortest.Prepare(t, w, 3)
	require.NoError(t, w.Commit(3))
	require.NoError(t, w.Close())
	require.Equal(t, []string{"x-003-00000000-000.txt", "x-003-00000002-000.txt"}, list(t, fs, "out"), "at the end nothing is hidden that is committed")
	require.Equal(t, []string{"a", "b", "c", "d"}, committed(t, fs, s.Format))

	env = connectortest.Env(t.Context(), 3, 4) // another run into the same folder
	w = connectortest.Writer(t, s, env)
	connectortest.Write(t, w, "e")
	connectortest.Prepare(t, w, 1)
	require.NoError(t, w.Commit(1))
	connectortest.Write(t, w, "not committed")
	require.NoError(t, w.Close())
	require.Equal(t, []string{"x-003-00000000-000.txt", "x-003-00000000-001.txt.pending", "x-003-00000002-000.txt"}, list(t, fs, "out"))
	env = connectortest.Env(t.Context(), 3, 4)
	require.NoError(t, connectortest.Writer(t, s, env).Close())
	require.Len(t, list(t, fs, "out"), 2, "a run without a checkpoint begins anew")
}

// TestPowerCut ends the machine at any moment: what was not synced may be there or not.
func TestPowerCut(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 1))
		fs := vfs.NewCrashableMem()
		s := file.Sink[string]{Dir: "/deep/out", Format: file.Lines(), FS: fs, Compression: []string{"", "gzip", "zstd"}[random.IntN(3)]}
		if random.IntN(2) == 0 {
			s.Roll.Bytes = 1 + random.Int64N(200_000)
		}
		env := connectortest.Env(t.Context(), 0, 1)
		steps := &connectortest.Steps{}
		env.Executor = steps
		w := connectortest.Writer(t, s, env)
		var durable, written []string
		var restored int64
		var payload []byte
		var prepared []struct {
			payload []byte
			n       int64
			written []string
		}
		for i, checkpoint := 0, int64(0); i < 5+random.IntN(40); i++ {
			switch random.IntN(4) {
			case 0, 1:
				v := fmt.Sprint(i, strings.Repeat(" x", random.IntN(30_000)))
				connectortest.Write(t, w, v)
				written = append(written, v)
			case 2:
				checkpoint++
				n, upto := checkpoint, slices.Clone(written)
				w.Prepare(n, func(p []byte, err error) {
					require.NoError(t, err)
					prepared = append(prepared, struct {
						payload []byte
						n       int64
						written []string
					}{p, n, upto})
				})
			case 3:
				steps.RunNext()
				if len(prepared) > 0 { // some of them become durable, one may be skipped
					c := prepared[random.IntN(len(prepared))]
					if c.n > restored {
						restored, durable, payload = c.n, c.written, c.payload
						if random.IntN(4) > 0 {
							require.NoError(t, w.Commit(c.n))
						}
					}
				}
			}
		}
		after := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random})
		require.NoError(t, w.Close())
		s.FS = after
		for attempt := range 2 { // what a restart does may be done again
			env = connectortest.Env(t.Context(), 0, 1)
			env.Restored, env.Attempt = restored, attempt
			if payload != nil {
				env.Payloads = [][]byte{payload}
			}
			require.NoError(t, connectortest.Writer(t, s, env).Close(), "seed %d", seed)
			require.Equal(t, durable, within(t, after, s.Dir, s.Format), "seed %d", seed)
		}
		for _, name := range list(t, after, s.Dir) {
			require.NotContains(t, name, ".pending", "seed %d", seed)
		}
	}
}

func TestMissingParts(t *testing.T) {
	fs := vfs.NewMem()
	s := file.Sink[string]{Dir: "out", Format: file.Lines(), FS: fs}
	w := connectortest.Writer(t, s, connectortest.Env(t.Context(), 0, 1))
	connectortest.Write(t, w, "a")
	payload := connectortest.Prepare(t, w, 1)
	require.NoError(t, w.Close())
	name := "out/part-000-00000000-000.txt.pending"
	restart := func() error {
		env := connectortest.Env(t.Context(), 0, 1)
		env.Restored, env.Payloads = 1, [][]byte{payload}
		w, err := s.Writer(operator.NewContext(env))
		if err == nil {
			err = w.Close()
		}
		return err
	}
	put(t, fs, name, "")
	require.ErrorIs(t, restart(), file.ErrParts)
	require.ErrorContains(t, restart(), "has 0 bytes, the checkpoint had seen 2")
	require.NoError(t, fs.Remove(name))
	require.ErrorContains(t, restart(), "part-000-00000000-000.txt is in out neither as such nor with .pending")
	put(t, fs, strings.TrimSuffix(name, ".pending"), "a\n")
	require.NoError(t, restart())
	for _, p := range []string{"", "\x02", "\x01\x05abc", "\x01\x01a", "\x01\x00\x01", "\x01\x03a/b\x01"} {
		payload = []byte(p)
		require.ErrorIs(t, restart(), file.ErrParts, "%q", p)
	}
}

// fullDisk fails writes or syncs from some moment on.
type fullDisk struct {
	vfs.FS
	writes, syncs bool
}

var errFull = errors.New("no space left")

func (d *fullDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	return &fullFile{f, d}, err
}

type fullFile struct {
	vfs.File
	disk *fullDisk
}

func (f *fullFile) Write(p []byte) (int, error) {
	if f.disk.writes {
		return 0, errFull
	}
	return f.File.Write(p)
}

func (f *fullFile) Sync() error {
	if f.disk.syncs {
		return errFull
	}
	return f.File.Sync()
}

func TestFullDisk(t *testing.T) {
	for _, compression := range []string{"", "gzip", "zstd"} {
		for _, disk := range []*fullDisk{{writes: true}, {syncs: true}} {
			disk.FS = vfs.NewMem()
			w := connectortest.Writer(t, file.Sink[string]{Dir: "out", Format: file.Lines(), FS: disk, Compression: compression}, connectortest.Env(t.Context(), 0, 1))
			connectortest.Write(t, w, "a")
			failed := make(chan error, 1)
			w.Prepare(1, func(_ []byte, err error) { failed <- err })
			require.ErrorIs(t, <-failed, errFull)
			disk.writes, disk.syncs = false, false // there is room again: but what the file holds is not known
			v := "b"
			require.ErrorIs(t, w.Write(operator.NoTime, &v), errFull)
			require.ErrorIs(t, w.Flush(), errFull)
			w.Prepare(2, func(_ []byte, err error) { failed <- err })
			require.ErrorIs(t, <-failed, errFull)
			require.NoError(t, w.Close())
			require.Empty(t, committed(t, disk.FS, file.Lines()))
		}
	}
}

func TestSinkFaults(t *testing.T) {
	err := file.Sink[string]{Prefix: "a/b", Compression: "lz", Roll: file.Roll{Bytes: -1}}.Validate()
	for _, want := range []string{"Dir is empty", "Format is not set", "holds a slash", `"lz" is neither gzip nor zstd`, "cannot be negative"} {
		require.ErrorContains(t, err, want)
	}
	headed := file.Headed(func([]byte) (format.Decoder[string], error) { return format.String(), nil })
	require.ErrorContains(t, file.Sink[string]{Dir: "out", Format: headed}.Validate(), "can only be read")
	w := connectortest.Writer(t, file.Sink[string]{Dir: "out", Format: file.Lines(), FS: vfs.NewMem()}, connectortest.Env(t.Context(), 0, 1))
	v := "two\nlines"
	err = w.Write(operator.NoTime, &v)
	require.ErrorIs(t, err, file.ErrRecord)
	require.True(t, operator.IsPermanent(err))
	require.NoError(t, w.Close())
}

func BenchmarkSink(b *testing.B) {
	for _, c := range []struct {
		name   string
		format file.Format[payment]
	}{{"csv", file.CSV[payment]()}, {"json", file.JSON[payment]()}} {
		b.Run(c.name, func(b *testing.B) {
			w := connectortest.Writer(b, file.Sink[payment]{Dir: b.TempDir(), Format: c.format}, connectortest.Env(b.Context(), 0, 1))
			values := some(0, 1000)
			var err error
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				err = w.Write(operator.NoTime, &values[i%len(values)])
			}
			b.StopTimer()
			require.NoError(b, err)
			connectortest.Prepare(b, w, 1)
			require.NoError(b, w.Close())
		})
	}
}
