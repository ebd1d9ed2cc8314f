package inference_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	fraud "github.com/turgo-io/turgo/examples/fraud/model"
	"github.com/turgo-io/turgo/inference"
	"github.com/turgo-io/turgo/inference/tensor"
	"github.com/turgo-io/turgo/operator"
)

// payment is a record around the fraud model's features, of the size that records of that example have.
type payment struct {
	Card, Merchant string
	Rest           [16]int64
	X              [16]float32 `onnx:"x,0"`
	A              float32     `onnx:"x,16"`
	B              float64     `onnx:"x,17"`
	C              [14]float32 `onnx:"x,18"`
}

type score struct {
	Label int64      `onnx:"label"`
	P     [2]float32 `onnx:"probabilities"`
}

func fraudModel(t testing.TB) *inference.Model {
	t.Helper()
	m, err := inference.Load(fraud.ONNX(), inference.Named("fraud"))
	require.NoError(t, err)
	return m
}

func fraudRows(t testing.TB) ([]payment, []fraud.Row) {
	t.Helper()
	_, rows, err := fraud.Golden()
	require.NoError(t, err)
	payments := make([]payment, len(rows))
	for i, r := range rows {
		p := &payments[i]
		copy(p.X[:], r.X)
		copy(p.C[:], r.X[18:])
		p.A, p.B = r.X[16], float64(r.X[17])
	}
	return payments, rows
}

// TestFraudModel: the scores of ONNX Runtime, through tags and batches, by several subtasks at a time.
func TestFraudModel(t *testing.T) {
	payments, rows := fraudRows(t)
	model := fraudModel(t)
	var tasks sync.WaitGroup
	for range 3 {
		tasks.Go(func() {
			p, err := inference.Bind[payment, score](model)
			if err != nil {
				t.Error(err)
				return
			}
			for size := 1; size < len(payments); size = size*3 + 1 {
				for from := 0; from < len(payments); from += size {
					in := payments[from:min(from+size, len(payments))]
					out := make([]score, len(in))
					if err := p.Predict(context.Background(), in, out); err != nil {
						t.Error(err)
						return
					}
					for i, s := range out {
						want := rows[from+i]
						if s.Label != want.Label || s.P[1]-want.Score > 1e-5 || want.Score-s.P[1] > 1e-5 {
							t.Errorf("row %d: got %v, ONNX Runtime gives %d and %g", from+i, s, want.Label, want.Score)
						}
					}
				}
			}
		})
	}
	tasks.Wait()
}

// nothing takes records and marks.
type nothing struct{ n int }

func (s *nothing) Push(int64, *float32) error { s.n++; return nil }
func (s *nothing) Mark(operator.Mark) error   { return nil }

// fraudOperator is the operator as the fraud pipeline has it, and where its scores go.
func fraudOperator(t testing.TB, model *inference.Model, batch inference.Batch) (operator.Operator[payment, float32], *nothing) {
	t.Helper()
	f := inference.Predict(model, batch, func(_ payment, s score) float32 { return s.P[1] })
	op, out := f.New(), &nothing{}
	env := &operator.Env{Ctx: t.Context(), Clock: operator.SystemClock{}, Task: &operator.TaskState{}, Counters: &operator.Counters{}}
	require.NoError(t, op.Open(operator.NewContext(env), out))
	t.Cleanup(func() { require.NoError(t, op.Close()) })
	return op, out
}

func TestNothingIsAllocatedPerRecord(t *testing.T) {
	payments, _ := fraudRows(t)
	fake := inference.Func(func(p payment) score { return score{P: [2]float32{0, p.A}} })
	for name, model := range map[string]*inference.Model{"onnx": fraudModel(t), "func": fake} {
		op, out := fraudOperator(t, model, inference.Batch{Max: 64})
		run := func() {
			for i := range payments {
				if err := op.Push(int64(i), &payments[i]); err != nil {
					t.Error(err)
				}
				if err := op.Mark(operator.Mark{Kind: operator.Watermark, Value: int64(i)}); err != nil {
					t.Error(err)
				}
			}
		}
		run()
		require.Zero(t, testing.AllocsPerRun(10, run), name)
		require.Greater(t, out.n, 11*len(payments)-64, name)
	}
}

// TestNothingIsAllocatedPerBatch: of what a prediction does not hold on to.
func TestNothingIsAllocatedPerBatch(t *testing.T) {
	type in struct {
		A [2]float32 `onnx:"x,0"`
		B bool       `onnx:"x,2"`
	}
	type out struct {
		A float64 `onnx:"y,0"`
		B float32 `onnx:"y,2"`
	}
	free := func(name string, batch func() error) {
		require.NoError(t, batch())
		require.Zero(t, testing.AllocsPerRun(10, func() {
			if err := batch(); err != nil {
				t.Error(err)
			}
		}), name)
	}
	p, err := inference.Bind[in, out](echo(tensor.Float32, -1, 3).model(t))
	require.NoError(t, err)
	rows, outs := make([]in, 256), make([]out, 256)
	free("tensor", func() error { return p.Predict(context.Background(), rows, outs) })

	type class struct {
		Seven float64 `onnx:"p,7"`
	}
	zip, err := inference.Bind[[3]float32, class](byInt().model(t))
	require.NoError(t, err)
	vectors, classes := make([][3]float32, 256), make([]class, 256)
	free("one class of a map", func() error { return zip.Predict(context.Background(), vectors, classes) })

	text, err := inference.Bind[string, string](echo(tensor.String, -1).model(t))
	require.NoError(t, err)
	words, same := make([]string, 256), make([]string, 256)
	free("strings", func() error { return text.Predict(context.Background(), words, same) })
}

// BenchmarkPredict is the operator with the fraud model; records/s is what counts. Max 1 is a model
// called record by record. The fake has no cost of its own: what is left is the operator.
func BenchmarkPredict(b *testing.B) {
	payments, _ := fraudRows(b)
	fake := inference.Func(func(p payment) score { return score{P: [2]float32{0, p.A}} })
	for _, c := range []struct {
		name  string
		model *inference.Model
		max   int
	}{
		{"fraud/1", fraudModel(b), 1}, {"fraud/32", fraudModel(b), 32}, {"fraud/256", fraudModel(b), 256}, {"fake/256", fake, 256},
	} {
		b.Run(c.name, func(b *testing.B) {
			op, _ := fraudOperator(b, c.model, inference.Batch{Max: c.max})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i == len(payments) {
					i = 0
				}
				if err := op.Push(int64(i), &payments[i]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkBind is what lies between records and tensors: tags bound, tensors filled and read, with a model that does
// nothing.
func BenchmarkBind(b *testing.B) {
	type in struct {
		A [8]float32 `onnx:"x,0"`
		B float64    `onnx:"x,8"`
		C int32      `onnx:"x,9"`
		D bool       `onnx:"x,10"`
		E float32    `onnx:"x,11"`
	}
	type out struct {
		P [2]float32 `onnx:"y,0"`
		Q float64    `onnx:"y,11"`
	}
	p, err := inference.Bind[in, out](echo(tensor.Float32, -1, 12).model(b))
	require.NoError(b, err)
	rows, scores := make([]in, 256), make([]out, 256)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Predict(b.Context(), rows, scores); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/256, "ns/record")
}
