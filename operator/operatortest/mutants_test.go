package operatortest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/operatortest"
	"github.com/turgo-io/turgo/state"
)

// recorder is a test that notes its failures.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return context.Background() }
func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...) }

// mutant is an operator with one mistake: what is not replaced is right.
type mutant struct {
	operator.Base[int]
	push  func(m *mutant, time int64, v *int) error
	mark  func(m *mutant, k operator.Mark) error
	tick  func(m *mutant, now int64) error
	close error

	count state.Value[int]
	sum   int
	kept  []operator.Record[int]
	ptrs  []*int
	due   int64
}

func (m *mutant) Open(c operator.Context, out operator.Receiver[int]) error {
	if c.Env().Keys != nil {
		m.count = state.NewValue[int](c, "count")
	}
	return m.Base.Open(c, out)
}

func (m *mutant) Push(time int64, v *int) error {
	if m.push != nil {
		return m.push(m, time, v)
	}
	return m.Out.Push(time, v)
}

func (m *mutant) Mark(k operator.Mark) error {
	if m.mark != nil {
		return m.mark(m, k)
	}
	return m.Out.Mark(k)
}

func (m *mutant) Deadline() int64 { return m.due }

func (m *mutant) Tick(now int64) error {
	if m.tick == nil {
		return nil
	}
	return m.tick(m, now)
}

func (m *mutant) Close() error { return m.close }

// flush emits what is held back.
func (m *mutant) flush() error {
	for i := range m.kept {
		if err := m.Out.Push(m.kept[i].Time, &m.kept[i].Value); err != nil {
			return err
		}
	}
	m.kept = m.kept[:0]
	return nil
}

func hold(m *mutant, time int64, v *int) error {
	m.kept = append(m.kept, operator.Record[int]{Time: time, Value: *v})
	return nil
}

// numbers is a script that meets every rule.
func numbers() *operatortest.Script[int] {
	return operatortest.Of[int]().At("10:00:00", 1, 2).Watermark("10:00:10").At("10:00:20", 3, 4).Barrier().
		At("10:00:30", 5).Idle().Clock("00:01").Untimed(6)
}

func same() *operatortest.Script[int] {
	return operatortest.Of[int]().At("10:00:00", 1, 2).At("10:00:20", 3, 4).At("10:00:30", 5).Untimed(6)
}

func TestMistakesAreFound(t *testing.T) {
	for _, c := range []struct {
		name  string
		keyed bool
		m     mutant
		says  string
	}{
		{name: "keeps the pointer of a record", says: "- 10:00:00  1", m: mutant{
			push: func(m *mutant, _ int64, v *int) error { m.ptrs = append(m.ptrs, v); return nil },
			mark: func(m *mutant, k operator.Mark) error {
				for _, p := range m.ptrs {
					if err := m.Out.Push(operator.NoTime, p); err != nil {
						return err
					}
				}
				m.ptrs = nil
				return m.Out.Mark(k)
			},
		}},
		{name: "reads a record after it was handed on", says: "item-wise", m: mutant{
			push: func(m *mutant, time int64, v *int) error {
				if err := m.Out.Push(time, v); err != nil {
					return err
				}
				if *v != 0 {
					return nil
				}
				return fmt.Errorf("the value is gone")
			},
		}},
		{name: "swallows a barrier", says: "barrier 1 went in and did not come out", m: mutant{
			mark: func(m *mutant, k operator.Mark) error {
				if k.Kind == operator.Barrier {
					return nil
				}
				return m.Out.Mark(k)
			},
		}},
		{name: "doubles the idleness", says: "idle came out 2 times", m: mutant{
			mark: func(m *mutant, k operator.Mark) error {
				if k.Kind == operator.Idle {
					if err := m.Out.Mark(k); err != nil {
						return err
					}
				}
				return m.Out.Mark(k)
			},
		}},
		{name: "watermark before the records that it held", says: "came behind watermark 10:00:10, which covers it", m: mutant{
			push: hold,
			mark: func(m *mutant, k operator.Mark) error {
				if err := m.Out.Mark(k); err != nil {
					return err
				}
				return m.flush()
			},
		}},
		{name: "holds records over a barrier", says: "restored (a checkpoint and a restore after each record): the output", m: mutant{
			push: hold,
			mark: func(m *mutant, k operator.Mark) error {
				if k.Kind != operator.Barrier {
					if err := m.flush(); err != nil {
						return err
					}
				}
				return m.Out.Mark(k)
			},
		}},
		{name: "records after the end", says: "came after the end", m: mutant{
			push: hold,
			mark: func(m *mutant, k operator.Mark) error {
				if err := m.Out.Mark(k); err != nil || k.Kind != operator.End {
					return err
				}
				return m.flush()
			},
		}},
		{name: "goes on after an error", says: "after the output had returned an error", m: mutant{
			push: func(m *mutant, time int64, v *int) error {
				n := *v
				err := m.Out.Push(time, v)
				if n == 2 && err != nil {
					again := 7
					return m.Out.Push(time, &again)
				}
				return err
			},
		}},
		{name: "swallows an error", says: "after the output had returned an error, the record 10:00:20  3 came", m: mutant{
			push: func(m *mutant, time int64, v *int) error {
				if n := *v; n == 6 {
					_ = m.Out.Push(time, v)
					return nil
				}
				return m.Out.Push(time, v)
			},
			mark: func(m *mutant, k operator.Mark) error { _ = m.Out.Mark(k); return nil },
		}},
		{name: "cannot close", says: "closing: stuck", m: mutant{close: fmt.Errorf("stuck")}},
		{name: "stays due", says: "the Deadline stays at or before 00:00:00 after 1000 ticks", m: mutant{due: 1}},
		{name: "state in a field", keyed: true, says: "restored", m: mutant{
			push: func(m *mutant, time int64, v *int) error {
				m.sum++
				*v = m.sum
				return m.Out.Push(time, v)
			},
		}},
		{name: "counts subtasks", keyed: true, says: "rescaled (to 3 subtasks before step", m: mutant{
			mark: func(m *mutant, k operator.Mark) error {
				if n := m.Context.Parallelism(); k.Kind == operator.End && n > 1 {
					if err := m.Out.Push(operator.NoTime, &n); err != nil {
						return err
					}
				}
				return m.Out.Mark(k)
			},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := operator.NewFactory("mutant", func() operator.Operator[int, int] { m := c.m; return &m })
			r := &recorder{TB: t}
			if c.keyed {
				operatortest.RunKeyed(r, func(n int) int { return n % 5 }, f, numbers(), same())
			} else {
				operatortest.Run(r, f, numbers(), same())
			}
			require.Len(t, r.said, 1)
			require.Contains(t, r.said[0], c.says)
		})
	}
}

func TestMistakesInScripts(t *testing.T) {
	double := operator.NewMap(func(n int) int { return 2 * n })
	for _, c := range []struct {
		name string
		in   *operatortest.Script[int]
		want *operatortest.Script[int]
		opts []operatortest.Option
		says string
	}{
		{"a time", operatortest.Of(1).At("noon", 2), operatortest.Of[int](), nil, `step 2: operatortest: "noon" is no time`},
		{"a wanted time", operatortest.Of(1), operatortest.Of[int]().At("25:00", 2), nil, `"25:00" is no time`},
		{"nil", nil, operatortest.Of[int](), nil, "the script is nil"},
		{"a wanted split", operatortest.Of(1), operatortest.Of[int]().Split("a"), nil, `"split a" is nothing that comes out`},
		{"watermarks", operatortest.Of(1).Watermark("10:00").Watermark("10:00"), operatortest.Of(2), nil, "step 3: the watermark does not grow"},
		{"a split", operatortest.Of(1).SplitDone("a"), operatortest.Of(2), nil, `step 2: the split "a" is not known`},
		{"a counter", operatortest.Of(1), operatortest.Of(2), []operatortest.Option{operatortest.WantCounter("lost", 1)}, `counter "lost" is 0, 1 was wanted`},
		{"no error", operatortest.Of(1), operatortest.Of(2), []operatortest.Option{operatortest.Fails("broken")}, `no error came; one with "broken" was wanted`},
		{"a side", operatortest.Of(1), operatortest.Of(2), []operatortest.Option{
			operatortest.WantSide(operator.NewSide[string]("rest"), operatortest.Of("x")),
		}, "the side output rest is not what was wanted (- missing, + too much):\n  - no time  x\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{TB: t}
			operatortest.Run(r, double, c.in, c.want, c.opts...)
			require.NotEmpty(t, r.said)
			require.Contains(t, r.said[0], c.says)
		})
	}
}

func TestDifferencesAreShown(t *testing.T) {
	r := &recorder{TB: t}
	operatortest.Run(r, operator.NewMap(func(n int) int { return 2 * n }),
		operatortest.Of[int]().At("10:00", 1, 2, 3).Watermark("10:01").At("2026-01-02T10:00:00.5Z", 4),
		operatortest.Of[int]().At("10:00", 2, 5, 6).Watermark("10:01").At("2026-01-02T10:00:00.5Z", 8).Untimed(9))
	require.Equal(t, []string{strings.TrimPrefix(`
operatortest: map: the output is not what was wanted (- missing, + too much):
    10:00:00  2
  - 10:00:00  5
  + 10:00:00  4
    10:00:00  6
    watermark 10:01:00
    2026-01-02T10:00:00.5Z  8
  - no time  9

item by item:
    10:00:00  1
        10:00:00  2
    10:00:00  2
        10:00:00  4
    10:00:00  3
        10:00:00  6
    watermark 10:01:00
    2026-01-02T10:00:00.5Z  4
        2026-01-02T10:00:00.5Z  8
    end`, "\n")}, r.said)
}

func TestTrace(t *testing.T) {
	got := operatortest.TraceKeyed(t, func(s string) string { return s },
		operator.NewCount[string, string](func(k string, n int64) string { return fmt.Sprint(k, n) }),
		operatortest.Of("a", "b").Watermark("10:00").Untimed("a"))
	require.Equal(t, `no time  a
    no time  a1
no time  b
    no time  b1
watermark 10:00:00
no time  a
    no time  a2
end
`, got)
	require.Equal(t, "no time  A\n    no time  a\nend\n",
		operatortest.Trace(t, operator.NewMap(strings.ToLower), operatortest.Of("A")))
}
