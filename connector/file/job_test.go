package file_test

import (
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/file"
	"github.com/turgo-io/turgo/stream"
)

// TestJob copies files by a job that fails on its way and restarts: nothing is lost, nothing is there twice, and at the
// end nothing is hidden.
func TestJob(t *testing.T) {
	want := some(0, 20_000)
	in := files(t, map[string]string{"/in/a.csv": csvText(want[:12_000]), "/in/b.csv.gz": csvText(want[12_000:])})
	for name, roll := range map[string]file.Roll{"each checkpoint": {}, "large": {Bytes: 1 << 30}} {
		t.Run(name, func(t *testing.T) {
			out := vfs.NewMem()
			var n, failures atomic.Int64 // of both subtasks
			job := stream.NewJob("copy", stream.CheckpointEvery(5*time.Millisecond), stream.Restart(stream.FixedDelay(10, time.Millisecond)),
				stream.Parallelism(2), stream.Logger(slog.New(slog.DiscardHandler)))
			stream.From(job, file.Source[payment]{Path: "/in/*", Format: file.CSV[payment](), FS: in}).
				Map(func(p payment) payment {
					if n.Add(1)%9_000 == 0 && failures.Add(1) <= 3 {
						panic(errors.New("a fault of the user's code"))
					}
					return p
				}).
				To(file.Sink[payment]{Dir: "out", Format: file.JSON[payment](), FS: out, Roll: roll, Compression: "zstd"})
			require.NoError(t, job.Run(t.Context()))
			got := committed(t, out, file.JSON[payment]())
			slices.SortFunc(got, func(a, b payment) int { return a.N - b.N })
			require.Equal(t, want, got)
		})
	}
}
