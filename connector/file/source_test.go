package file_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/connectortest"
	"github.com/turgo-io/turgo/connector/file"
	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/operator"
)

type payment struct {
	Card   string  `csv:"card" json:"card"`
	Amount float64 `csv:"amount" json:"amount"`
	N      int     `csv:"n" json:"n"`
}

// files returns a file system with files of these contents, compressed as their names say.
func files(t testing.TB, contents map[string]string) vfs.FS {
	t.Helper()
	fs := vfs.NewMem()
	for name, text := range contents {
		put(t, fs, name, text)
	}
	return fs
}

func put(t testing.TB, fs vfs.FS, name, text string) {
	t.Helper()
	require.NoError(t, fs.MkdirAll(fs.PathDir(name), 0o755))
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = f.Write(pack(t, name, text))
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func pack(t testing.TB, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	switch {
	case strings.HasSuffix(name, ".gz"):
		w := gzip.NewWriter(&b)
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, w.Close())
	case strings.HasSuffix(name, ".zst"):
		w, err := zstd.NewWriter(&b)
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, w.Close())
	default:
		b.WriteString(text)
	}
	return b.Bytes()
}

func extend(t testing.TB, fs vfs.FS, name, text string) {
	t.Helper()
	info, err := fs.Stat(name)
	require.NoError(t, err)
	f, err := fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte(text), info.Size())
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func some(from, to int) (all []payment) {
	for i := from; i < to; i++ {
		all = append(all, payment{fmt.Sprintf("card \"%d\",\nof %d", i%7, i%3), float64(i) / 4, i})
	}
	return all
}

func csvText(all []payment) string {
	var b strings.Builder
	b.WriteString("n,unknown,card,amount\r\n")
	for _, p := range all {
		fmt.Fprintf(&b, "%d,\"x\",\"%s\",%g\r\n", p.N, strings.ReplaceAll(p.Card, `"`, `""`), p.Amount)
	}
	return b.String()
}

func jsonText(all []payment) string {
	var b []byte
	for _, p := range all {
		b, _ = format.JSON[payment]().Encode(b, &p)
		b = append(b, '\n')
	}
	return string(b)
}

func TestSource(t *testing.T) {
	for _, suffix := range []string{"", ".gz", ".zst"} {
		for _, follow := range []bool{false, true} {
			name := fmt.Sprintf("%s follow=%v", suffix, follow)
			t.Run("csv"+name, func(t *testing.T) {
				fs := files(t, map[string]string{
					"in/a.csv" + suffix: csvText(some(0, 40)), "in/b.csv" + suffix: "\xef\xbb\xbf" + csvText(some(40, 70)),
					"in/empty.csv" + suffix: "", "in/header.csv" + suffix: csvText(nil), "in/.hidden.csv" + suffix: "no", "in/c.csv.pending": "no", "in/c.txt": "no",
				})
				connectortest.Source(t, connectortest.SourceCase[payment]{
					New: func() operator.Source[payment] {
						return file.Source[payment]{Path: "in/*.csv*", Format: file.CSV[payment](), FS: fs, Follow: follow}
					},
					Want: some(0, 70),
				})
			})
			t.Run("json"+name, func(t *testing.T) {
				fs := files(t, map[string]string{
					"in/1/a.jsonl" + suffix: jsonText(some(0, 40)), "in/2/b.jsonl" + suffix: "\n" + strings.ReplaceAll(jsonText(some(40, 70)), "\n", "\r\n\n"),
				})
				connectortest.Source(t, connectortest.SourceCase[payment]{
					New: func() operator.Source[payment] {
						return file.Source[payment]{Path: "in/[12]/*", Format: file.JSON[payment](), FS: fs, Follow: follow, InOrder: true}
					},
					Want: some(0, 70),
				})
			})
		}
	}
	t.Run("lines", func(t *testing.T) {
		long := strings.Repeat("long ", 40_000)
		fs := files(t, map[string]string{"/log": "a\n\n b \r\n" + long + "\nlast"})
		connectortest.Source(t, connectortest.SourceCase[string]{
			New:  func() operator.Source[string] { return file.Source[string]{Path: "/log", Format: file.Lines(), FS: fs} },
			Want: []string{"a", "", " b ", long, "last"},
		})
	})
	t.Run("own header", func(t *testing.T) {
		fs := files(t, map[string]string{"log": "3\nabcdef\nxyz\n"})
		connectortest.Source(t, connectortest.SourceCase[string]{
			New: func() operator.Source[string] {
				return file.Source[string]{Path: "log", FS: fs, Format: file.Headed(func(first []byte) (format.Decoder[string], error) {
					n := int(first[0] - '0')
					return format.DecodeFunc[string](func(data []byte, v *string) error {
						*v = string(data[:n])
						return nil
					}), nil
				})}
			},
			Want: []string{"abc", "xyz"},
		})
	})
	t.Run("the machine's files", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.csv"), []byte(csvText(some(0, 10))), 0o600))
		connectortest.Source(t, connectortest.SourceCase[payment]{
			New: func() operator.Source[payment] {
				return file.Source[payment]{Path: dir + "/*.csv", Format: file.CSV[payment]()}
			},
			Want: some(0, 10),
		})
	})
}

// reading is one reader of all splits, and what it gave.
type reading[T any] struct {
	t      testing.TB
	env    *operator.Env
	reader operator.Reader[T]
	out    operator.Emitter[T]
	got    []T
	marks  []string
	dead   []operator.DeadLetter
	err    error
}

func (r *reading[T]) Push(_ int64, v *T) error {
	r.got = append(r.got, *v)
	return nil
}

func (r *reading[T]) Mark(m operator.Mark) error {
	r.marks = append(r.marks, fmt.Sprint(m.Kind, " ", m.Value))
	return nil
}

type graveyard[T any] struct{ *reading[T] }

func (g graveyard[T]) Push(_ int64, v *operator.DeadLetter) error {
	g.dead = append(g.dead, *v)
	return nil
}
func (graveyard[T]) Mark(operator.Mark) error { return nil }

// read opens a source at positions and reads until it is done or waits, or fails.
func read[T any](t testing.TB, s file.Source[T], positions map[string][]byte) *reading[T] {
	t.Helper()
	r := &reading[T]{t: t, env: connectortest.Env(t.Context(), 0, 1)}
	r.env.Sides[operator.DeadLetters.Name()] = operator.Receiver[operator.DeadLetter](graveyard[T]{r})
	r.out = operator.Emitter[T]{Next: r, Task: r.env.Task}
	var err error
	r.reader, err = s.Reader(operator.NewContext(r.env))
	require.NoError(t, err)
	splits, err := s.Splits(t.Context())
	require.NoError(t, err)
	for i, split := range splits {
		require.NoError(t, r.reader.Add(split, int32(i), positions[split.ID]))
	}
	r.poll()
	return r
}

// poll reads until there is no more for now.
func (r *reading[T]) poll() (deadline int64) {
	for status := operator.Ready; status == operator.Ready && r.err == nil; {
		status, deadline, r.err = r.reader.Poll(&r.out, 7)
	}
	return deadline
}

// later reads again at the time that the reader asked for.
func (r *reading[T]) later() {
	r.t.Helper()
	deadline := r.poll()
	require.NotZero(r.t, deadline)
	r.env.Clock.(*connectortest.Clock).Set(deadline)
	r.poll()
}

func (r *reading[T]) close() map[string][]byte {
	r.t.Helper()
	at := map[string][]byte{}
	r.reader.Positions(func(id string, p []byte) { at[id] = bytes.Clone(p) })
	require.NoError(r.t, r.reader.Close())
	return at
}

func TestBadRecords(t *testing.T) {
	const text = "n,card,amount\n1,a,1\nx,b,1\n\n2,c\n3,\"d\n4,e,1\n5,f,1\n"
	fs := files(t, map[string]string{"in.csv": text})
	source := file.Source[payment]{Path: "in.csv", Format: file.CSV[payment](), FS: fs}

	r := read(t, source, nil)
	require.ErrorContains(t, r.err, `(at in.csv:3, byte 20)`)
	require.ErrorContains(t, r.err, `column n: strconv.ParseInt: parsing "x": invalid syntax; Source.BadRecords says`)
	require.ErrorIs(t, r.err, file.ErrRecord)
	require.True(t, operator.IsPermanent(r.err))
	r.close()

	good := []payment{{"a", 1, 1}, {"e", 1, 4}, {"f", 1, 5}}
	source.BadRecords = format.Skip
	r = read(t, source, nil)
	require.NoError(t, r.err)
	require.Equal(t, good, r.got)
	require.Equal(t, int64(3), r.env.Counters.Get("connector", "bad").Value())
	r.close()

	source.BadRecords = format.DeadLetter
	r = read(t, source, nil)
	require.NoError(t, r.err)
	require.Equal(t, good, r.got)
	require.Len(t, r.dead, 3)
	for i, want := range []operator.DeadLetter{
		{Position: 20, Raw: []byte("x,b,1"), Error: "line 3: file: bad record: column n: strconv.ParseInt: parsing \"x\": invalid syntax"},
		{Position: 27, Raw: []byte("2,c"), Error: "line 5: file: bad record: 2 fields, the header has 3"},
		{Position: 31, Raw: []byte(`3,"d`), Error: "line 6: file: bad record: a quoted field does not end"},
	} {
		want.Source, want.Topic, want.Split, want.Time = "connector", "in.csv", -1, operator.NoTime
		require.Equal(t, want, r.dead[i])
	}
	r.close()
}

func TestRecordsThatAreTooLong(t *testing.T) {
	long := strings.Repeat("x", 300_000)
	fs := files(t, map[string]string{"log": "a\n" + long + "\nb\n" + long[:101] + "\nc\n" + long})
	source := file.Source[string]{Path: "log", Format: file.Lines(), FS: fs, MaxRecordBytes: 100, BadRecords: format.DeadLetter}
	whole := read(t, source, nil)
	require.NoError(t, whole.err)
	require.Equal(t, []string{"a", "b", "c"}, whole.got)
	require.Len(t, whole.dead, 3)
	require.Len(t, whole.dead[0].Raw, 100)
	require.Contains(t, whole.dead[0].Error, "line 2: file: bad record: it has more than 100 bytes")
	require.Equal(t, int64(2), whole.dead[0].Position)
	require.Contains(t, whole.dead[1].Error, "line 4: ")
	whole.close()

	// Positions within a long record do not make records of its rest.
	var at map[string][]byte
	var got []string
	dead := 0
	for range 1000 {
		r := &reading[string]{t: t, env: connectortest.Env(t.Context(), 0, 1)}
		r.env.Sides[operator.DeadLetters.Name()] = operator.Receiver[operator.DeadLetter](graveyard[string]{r})
		r.out = operator.Emitter[string]{Next: r, Task: r.env.Task}
		var err error
		r.reader, err = source.Reader(operator.NewContext(r.env))
		require.NoError(t, err)
		require.NoError(t, r.reader.Add(operator.Split{ID: "log"}, 0, at["log"]))
		status, _, err := r.reader.Poll(&r.out, 1)
		require.NoError(t, err)
		at = r.close()
		got, dead = append(got, r.got...), dead+len(r.dead)
		if status == operator.Done {
			break
		}
	}
	require.Equal(t, []string{"a", "b", "c"}, got)
	require.Equal(t, 3, dead)
}

func TestFollow(t *testing.T) {
	fs := files(t, map[string]string{"in/a.csv": ""})
	source := file.Source[payment]{Path: "in/*", Format: file.CSV[payment](), FS: fs, Follow: true, Every: time.Second}
	require.Equal(t, int64(time.Second), source.DiscoverEvery())
	r := read(t, source, nil)
	require.Empty(t, r.got)
	require.Equal(t, []string{"split-idle 0"}, r.marks)
	extend(t, fs, "in/a.csv", "n,card,amou")
	r.later()
	extend(t, fs, "in/a.csv", "nt\n1,a,1\n2,\"b")
	r.later()
	require.Equal(t, []payment{{"a", 1, 1}}, r.got, "a record without its end is waited for")
	extend(t, fs, "in/a.csv", "\nc\",2\n3,d")
	r.later()
	require.Equal(t, []payment{{"a", 1, 1}, {"b\nc", 2, 2}}, r.got)
	require.Equal(t, []string{"split-idle 0", "split-idle 0", "split-idle 0"}, r.marks, "said once each time it has no more")

	put(t, fs, "in/b.csv", "card,amount,n\nnew,1,7\n") // found later
	require.NoError(t, r.reader.Add(operator.Split{ID: "in/b.csv"}, 1, nil))
	r.poll()
	require.Equal(t, payment{"new", 1, 7}, r.got[2])
	at := r.close()

	extend(t, fs, "in/a.csv", ",3\n")
	r = read(t, source, at)
	require.Equal(t, []payment{{"d", 3, 3}}, r.got)

	put(t, fs, "in/a.csv", "n,card,amount\n9,cut,9\n") // shorter: rotated
	r.later()
	require.Equal(t, []payment{{"d", 3, 3}, {"cut", 9, 9}}, r.got)
	at = r.close()
	put(t, fs, "in/a.csv", "n,card,amount\n8,c,8\n")
	r = read(t, source, at)
	require.Equal(t, []payment{{"c", 8, 8}}, r.got, "cut while nobody looked")
	r.close()
}

func TestInOrder(t *testing.T) {
	fs := files(t, map[string]string{"d/1": "a\nb\n", "d/2": "c\n", "d/3": "d\n"})
	source := file.Source[string]{Path: "d/*", Format: file.Lines(), FS: fs, InOrder: true}
	r := read(t, source, nil)
	require.Equal(t, []string{"a", "b", "c", "d"}, r.got)
	require.Equal(t, []string{"split-idle 1", "split-idle 2", "split-done 0", "split-done 1", "split-done 2"}, r.marks)
	at := r.close()
	r = read(t, source, at)
	require.Empty(t, r.got)
	require.Equal(t, []string{"split-done 0", "split-done 1", "split-done 2"}, r.marks, "files that were read hold nothing back after a restart")
	r.close()
}

func TestReplacedFiles(t *testing.T) {
	for _, suffix := range []string{"", ".gz", ".zst"} {
		fs := files(t, map[string]string{"log" + suffix: "aaaa\nbbbb\ncccc\n"})
		source := file.Source[string]{Path: "log" + suffix, Format: file.Lines(), FS: fs}
		r, err := source.Reader(operator.NewContext(connectortest.Env(t.Context(), 0, 1)))
		require.NoError(t, err)
		require.NoError(t, r.Add(operator.Split{ID: source.Path}, 0, nil))
		got := &reading[string]{}
		_, _, err = r.Poll(&operator.Emitter[string]{Next: got, Task: &operator.TaskState{}}, 2)
		require.NoError(t, err)
		var at []byte
		r.Positions(func(_ string, p []byte) { at = bytes.Clone(p) })
		require.NoError(t, r.Close())
		require.Len(t, got.got, 2)
		put(t, fs, source.Path, "a\n")
		again := read(t, source, map[string][]byte{source.Path: at})
		require.ErrorIs(t, again.err, file.ErrPosition, suffix)
		require.NoError(t, again.reader.Close())
	}
}

func TestSourceFaults(t *testing.T) {
	err := file.Source[string]{BadRecords: 9, Every: -1}.Validate()
	for _, want := range []string{"Source.Path is empty", "Format is not set", "9 is no policy", "cannot be negative"} {
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, file.Source[string]{Path: "[", Format: file.Lines()}.Validate(), "Source.Path [: syntax error in pattern")
	require.ErrorContains(t, file.Source[string]{Path: "x", Format: file.Records[string](nil)}.Validate(), "the codec is nil")
	require.ErrorContains(t, file.Source[string]{Path: "x", Format: file.Headed[string](nil)}.Validate(), "the function is nil")
	require.ErrorContains(t, file.Source[int]{Path: "x", Format: file.CSV[int]()}.Validate(), "int is not a struct")

	_, err = file.Source[string]{Path: "none/*", Format: file.Lines(), FS: vfs.NewMem()}.Splits(t.Context())
	require.ErrorIs(t, err, file.ErrNoFiles)
	splits, err := file.Source[string]{Path: "none/*", Format: file.Lines(), FS: vfs.NewMem(), Follow: true}.Splits(t.Context())
	require.NoError(t, err)
	require.Empty(t, splits)

	for text, want := range map[string]string{
		"card,amount\n": `there is no column "n"; it has card, amount`,
		"n,card,n\n":    `two columns are called "n"`,
		"\"n\n":         "a quoted field does not end",
	} {
		fs := files(t, map[string]string{"in.csv": text})
		r := read(t, file.Source[payment]{Path: "in.csv", Format: file.CSV[payment](), FS: fs}, nil)
		require.ErrorContains(t, r.err, want)
		require.ErrorContains(t, r.err, "in.csv")
		require.NoError(t, r.reader.Close())
	}
	for _, name := range []string{"x.gz", "x.zst"} {
		fs := files(t, nil)
		put(t, fs, "x", "no archive at all")
		require.NoError(t, fs.Rename("x", name))
		r := read(t, file.Source[string]{Path: name, Format: file.Lines(), FS: fs}, nil)
		require.ErrorContains(t, r.err, name)
		require.NoError(t, r.reader.Close())
	}
}

func BenchmarkSource(b *testing.B) {
	for _, c := range []struct {
		name, text string
		format     file.Format[payment]
	}{{"csv", csvText(some(0, 10_000)), file.CSV[payment]()}, {"json", jsonText(some(0, 10_000)), file.JSON[payment]()}} {
		b.Run(c.name, func(b *testing.B) {
			fs := files(b, map[string]string{"in": c.text})
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				r := read(b, file.Source[payment]{Path: "in", Format: c.format, FS: fs}, nil)
				require.Len(b, r.got, 10_000)
				r.close()
			}
			b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "records/s")
		})
	}
}
