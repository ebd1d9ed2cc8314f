package operatortest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state"
)

// Run runs an operator without keys through the script in every mode and compares what comes out with what is
// wanted: records, in order; watermarks and idleness too if want names any.
func Run[In, Out any](t testing.TB, f operator.Factory[In, Out], in *Script[In], want *Script[Out], opts ...Option) {
	t.Helper()
	s := &subject[In, Out]{factory: f, script: in}
	check(t, s, want, opts)
}

// RunKeyed runs an operator behind a KeyBy by key. Records and timers of one key must come out in the same order
// in every mode; want is in the order of a single task.
func RunKeyed[K comparable, In, Out any](t testing.TB, key func(In) K, f operator.Factory[In, Out], in *Script[In], want *Script[Out], opts ...Option) {
	t.Helper()
	k, err := keyedBy(key)
	if err != nil {
		t.Fatalf("operatortest: %v", err)
		return
	}
	check(t, &subject[In, Out]{factory: f, script: in, keying: k}, want, opts)
}

// Trace runs an operator without keys in every mode, as Run does, and returns what came out at each step: for
// golden files.
func Trace[In, Out any](t testing.TB, f operator.Factory[In, Out], in *Script[In], opts ...Option) string {
	t.Helper()
	return check(t, &subject[In, Out]{factory: f, script: in}, nil, opts)
}

// TraceKeyed is Trace for an operator behind a KeyBy.
func TraceKeyed[K comparable, In, Out any](t testing.TB, key func(In) K, f operator.Factory[In, Out], in *Script[In], opts ...Option) string {
	t.Helper()
	k, err := keyedBy(key)
	if err != nil {
		t.Fatalf("operatortest: %v", err)
		return ""
	}
	return check(t, &subject[In, Out]{factory: f, script: in, keying: k}, nil, opts)
}

// check runs all modes. It reports the first mode that fails: the next ones would say the same again.
func check[In, Out any](t testing.TB, s *subject[In, Out], want *Script[Out], opts []Option) string {
	t.Helper()
	s.modes, s.ctx = allModes, t.Context()
	for _, o := range opts {
		o(&s.settings)
	}
	if err := s.validate(want); err != nil {
		t.Fatalf("operatortest: %s: %v", s.name(), err)
		return ""
	}
	s.cache = state.NewBlockCache(1 << 20)
	defer s.cache.Close()
	first, err := s.do(way{mode: ItemWise, room: -1})
	trace := transcript(s.script, &first.journal)
	err = errors.Join(s.judge(first, err), s.compareWant(first, want))
	if err == nil {
		err = s.others(first)
	}
	if err != nil {
		t.Errorf("operatortest: %s: %v\nitem by item:\n%s", s.name(), err, indent(trace))
	}
	return trace
}

func (s *subject[In, Out]) name() string {
	if s.factory == nil {
		return "operator"
	}
	return s.factory.Name()
}

func (s *subject[In, Out]) validate(want *Script[Out]) error {
	faults := []error{s.script.validate()}
	if s.factory == nil {
		faults = append(faults, errors.New("the factory is nil"))
	}
	if v, ok := s.factory.(interface{ Validate() error }); ok {
		faults = append(faults, v.Validate())
	}
	if want != nil {
		want.entries("")
		faults = append(faults, want.validate())
	}
	for _, o := range s.sides {
		faults = append(faults, o.fault)
	}
	return errors.Join(faults...)
}

// judge returns what was wrong in a run, whatever it put out.
func (s *subject[In, Out]) judge(r *run[In, Out], err error) error {
	switch {
	case s.fails != "" && err == nil:
		err = fmt.Errorf("no error came; one with %q was wanted", s.fails)
	case s.fails != "" && strings.Contains(err.Error(), s.fails):
		if err = nil; r.blamed == keyIndex {
			err = errors.New("the error would be blamed on the KeyBy before it: call Context.Enter first")
		}
	}
	if err = errors.Join(append(slices.Clone(r.faults), err)...); err != nil {
		return fmt.Errorf("%v: %w", r.way, err)
	}
	return nil
}

// compareWant compares the item-wise run with what the test wants.
func (s *subject[In, Out]) compareWant(r *run[In, Out], want *Script[Out]) error {
	var faults []error
	if want != nil {
		w := want.entries("")
		faults = append(faults, compare("the output", w, r.of("", hasMarks(w))))
	}
	for _, o := range s.sides {
		if o.compared {
			faults = append(faults, compare("the side output "+o.name, o.want, r.of(o.name, false)))
		}
	}
	for _, c := range s.counters {
		if n := r.counters.Get("test", c.name).Value(); n != c.n {
			faults = append(faults, fmt.Errorf("counter %q is %d, %d was wanted", c.name, n, c.n))
		}
	}
	return errors.Join(faults...)
}

func compare(what string, want, got []entry) error {
	if equal(want, got) {
		return nil
	}
	return fmt.Errorf("%s is not what was wanted (- missing, + too much):\n%s", what, diff(want, got))
}

func hasMarks(want []entry) bool {
	return slices.ContainsFunc(want, func(e entry) bool { return e.isMark })
}

// of returns what came out of an output: its records, and with marks also watermarks and idleness. The end of
// time, which stands behind every output, is left out, and so is what repeats: a restored task says its watermark again.
func (j *journal) of(side string, marks bool) (all []entry) {
	last := operator.NoTime
	for _, e := range j.entries {
		switch {
		case !e.isMark && e.side == side:
			all = append(all, e)
		case marks && e.telling():
			if e.mark.Kind == operator.Watermark && e.mark.Value <= last {
				continue
			}
			if e.mark.Kind == operator.Watermark {
				last = e.mark.Value
			}
			all = append(all, e)
		}
	}
	return all
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n    ")
}
