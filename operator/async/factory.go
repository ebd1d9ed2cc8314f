package async

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/turgo-io/turgo/operator"
)

// New returns the operator that turns each record into fn of it, many at a time. fn is a plain function that may block;
// it runs on goroutines of its own, so what it shares it must lock. Its context ends with the try's Timeout and with
// the attempt of the job.
//
// Event times stay; which record may overtake which is for Ordered, Unordered and PerKey to say. Records inside are part
// of checkpoints, with how often they were tried: after a restore they are asked about again, so fn may see a record
// more than once. The end of the input waits for the last answer.
//
// Counters: "calls" of fn, "retries" and "timeouts" of them, "failed" records.
func New[In, Out any](fn func(context.Context, In) (Out, error), opts ...Option) operator.Factory[In, Out] {
	f := newFactory[In, In, Out, Out]("async", fn == nil, opts)
	f.query, f.result = func(v In) In { return v }, second[In, Out]
	f.ask, f.settings.batch = single(fn), Batch{Max: 1}
	return f.ready()
}

// NewBatched is New for a function that takes several records at once and returns a result for each, in order. An error
// is that of all of them, unless it is a BatchError.
func NewBatched[In, Out any](fn func(context.Context, []In) ([]Out, error), b Batch, opts ...Option) operator.Factory[In, Out] {
	f := newFactory[In, In, Out, Out]("async", fn == nil, opts)
	f.query, f.result = func(v In) In { return v }, second[In, Out]
	f.ask, f.settings.batch = several(fn), b.withDefaults()
	return f.ready()
}

// Lookup says how records are looked up in a system outside. Of Ask and AskAll one is set.
type Lookup[In any, Q comparable, A, Out any] struct {
	// Key returns what is asked for a record.
	Key func(In) Q
	// Ask answers one key; ErrNotFound says that there is no answer.
	Ask func(context.Context, Q) (A, error)
	// AskAll answers several keys, in order. An error is that of all of them, unless it is a BatchError.
	AskAll func(context.Context, []Q) ([]A, error)
	// Batch says how keys are gathered for AskAll.
	Batch Batch
	// Result makes the result of a record and its answer.
	Result func(In, A) Out
}

// NewLookup returns the operator that looks each record up. Besides what New does, it can keep answers (Cached) and ask
// once for equal keys under way (Shared); counters "cached" and "shared" say how often that spared a query.
func NewLookup[In any, Q comparable, A, Out any](l Lookup[In, Q, A, Out], opts ...Option) operator.Factory[In, Out] {
	f := newFactory[In, Q, A, Out]("lookup", l.Key == nil || l.Result == nil || (l.Ask == nil) == (l.AskAll == nil), opts)
	if f.ask, f.settings.batch = single(l.Ask), (Batch{Max: 1}); l.AskAll != nil {
		f.ask, f.settings.batch = several(l.AskAll), l.Batch.withDefaults()
	}
	f.query, f.result = l.Key, l.Result
	if f.settings.share {
		f.sharing = func() sharing[Q, A] { return newShared[Q, A](f.settings.cache) }
	}
	f.comparable = true
	return f.ready()
}

func second[T, U any](_ T, u U) U { return u }

// asker asks about queries and appends the answers.
type asker[Q, A any] func(ctx context.Context, queries []Q, answers []A) ([]A, error)

func single[Q, A any](fn func(context.Context, Q) (A, error)) asker[Q, A] {
	return func(ctx context.Context, queries []Q, answers []A) ([]A, error) {
		a, err := fn(ctx, queries[0])
		return append(answers, a), err
	}
}

func several[Q, A any](fn func(context.Context, []Q) ([]A, error)) asker[Q, A] {
	return func(ctx context.Context, queries []Q, _ []A) ([]A, error) {
		answers, err := fn(ctx, queries)
		if err == nil && len(answers) != len(queries) {
			err = operator.Permanent(fmt.Errorf("async: the function returned %d answers to %d queries; it must return one for each, in order", len(answers), len(queries)))
		}
		return answers, err
	}
}

// factory is what all operators of a node share: nothing in it changes once it is ready.
type factory[In, Q, A, Out any] struct {
	name       string
	settings   settings
	faults     []error
	comparable bool
	query      func(In) Q
	ask        asker[Q, A]
	result     func(In, A) Out
	fallback   func(In, error) (Out, error)
	side       operator.Side[operator.Failure[In]]
	sharing    func() sharing[Q, A]
}

func newFactory[In, Q, A, Out any](name string, isNil bool, opts []Option) *factory[In, Q, A, Out] {
	f := &factory[In, Q, A, Out]{name: name, sharing: func() sharing[Q, A] { return unshared[Q, A]{} }}
	if isNil {
		f.faults = append(f.faults, errors.New("async: a function is nil, or both Ask and AskAll are set"))
	}
	for _, o := range opts {
		o(&f.settings)
	}
	return f
}

// ready fills in defaults and gives the untyped options their types.
func (f *factory[In, Q, A, Out]) ready() *factory[In, Q, A, Out] {
	f.settings = f.settings.withDefaults()
	s := &f.settings
	f.faults = append(f.faults, s.validate())
	var ok bool
	if f.fallback, ok = s.fallback.(func(In, error) (Out, error)); !ok && s.fallback != nil {
		f.faults = append(f.faults, fmt.Errorf("async: Fallback is given a %T; here it takes %v and returns %v", s.fallback, reflect.TypeFor[In](), reflect.TypeFor[Out]()))
	}
	if f.side, ok = s.failed.(operator.Side[operator.Failure[In]]); !ok && s.failed != nil {
		f.faults = append(f.faults, fmt.Errorf("async: FailedTo is given an %T; records here are of type %v", s.failed, reflect.TypeFor[In]()))
	}
	if (s.share || s.cache.Size > 0) && !f.comparable {
		f.faults = append(f.faults, errors.New("async: Cached and Shared are for lookups, which have a key"))
	}
	return f
}

// Name is what the operator is called unless the user names it.
func (f *factory[In, Q, A, Out]) Name() string { return f.name }

// Validate reports everything that is wrong with the options.
func (f *factory[In, Q, A, Out]) Validate() error { return errors.Join(f.faults...) }

// New returns an operator for one subtask.
func (f *factory[In, Q, A, Out]) New() operator.Operator[In, Out] {
	return &caller[In, Q, A, Out]{factory: f}
}
