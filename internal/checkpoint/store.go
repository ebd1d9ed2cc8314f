package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/internal/bug"
	"github.com/turgo-io/turgo/internal/graph"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/state/snapshot"
)

// StoreOptions say where the checkpoints of a job are.
type StoreOptions struct {
	FS               vfs.FS
	Dir              string         // on FS: local files, and the checkpoints if Remote is nil
	Remote           snapshot.Store // where checkpoints go instead, nil: Dir
	Parallel         int            // files transferred at a time; 1 makes a run repeatable
	Plan             *graph.Plan
	Retain           int
	Log              *slog.Logger
	Clock            operator.Clock
	AllowNonRestored bool
}

// Store keeps the checkpoints of a job in a snapshot.Store.
type Store struct {
	o     StoreOptions
	lock  io.Closer // of the directory: one job at a time
	repo  *snapshot.Repository
	tasks []taskInfo
}

// taskInfo is what a manifest says of a task beside its part.
type taskInfo struct {
	name                 string
	subtask, parallelism int
}

// OpenStore opens the store in a directory, which need not exist. No other job can have it open.
func OpenStore(o StoreOptions) (*Store, error) {
	if err := o.FS.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("checkpoint: making the state directory: %w", err)
	}
	lock, err := o.FS.Lock(o.FS.PathJoin(o.Dir, "LOCK"))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: the state directory %s is in use by a running job: give each job one of its own: %w", o.Dir, err)
	}
	s := &Store{o: o, lock: lock}
	if s.repo, err = s.repository(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	for _, c := range o.Plan.Chains {
		for i := range c.Parallelism {
			s.tasks = append(s.tasks, taskInfo{c.Name(), i, c.Parallelism})
		}
	}
	return s, nil
}

// repository is where checkpoints go. A directory of the job's own has a lock; a distant store is claimed, so that of
// two processes that run one job by mistake the older one can write no more.
func (s *Store) repository() (*snapshot.Repository, error) {
	o := snapshot.RepositoryOptions{Parallel: s.o.Parallel, Now: s.o.Clock.Now, Log: s.o.Log, Exclusive: s.o.Remote == nil}
	if s.o.Remote == nil {
		return snapshot.NewRepository(snapshot.NewDir(s.o.FS, s.o.Dir), o), nil
	}
	cached, err := snapshot.NewCached(s.o.Remote, s.o.FS, s.o.FS.PathJoin(s.o.Dir, "copies"))
	if err != nil {
		return nil, err
	}
	r := snapshot.NewRepository(cached, o)
	owner := fmt.Sprintf("job %s, process %d, started at %d", s.o.Plan.Job, os.Getpid(), s.o.Clock.Now())
	return r, r.Claim(context.Background(), owner)
}

// Local is the directory for the files of running tasks. Nothing in it outlives an attempt.
func (s *Store) Local() string { return s.o.FS.PathJoin(s.o.Dir, "local") }

// Save implements Storage.
func (s *Store) Save(n int64, parts []Part) error {
	ctx := context.Background() // an upload is not cut short by a failing attempt: its files are named by what is in them
	m := &snapshot.Manifest{Job: s.o.Plan.Job, ID: uint64(n), Time: s.o.Clock.Now()}
	for _, node := range s.o.Plan.Nodes {
		m.Operators = append(m.Operators, snapshot.Operator{
			ID: node.ID, Name: node.Name, Parallelism: node.Parallelism, MaxParallelism: s.o.Plan.MaxParallelism,
		})
	}
	for i, p := range parts {
		t, err := s.repo.Upload(ctx, s.o.FS, p.State)
		if err != nil {
			return err
		}
		info := s.tasks[i]
		t.Name, t.Subtask, t.Parallelism = info.name, info.subtask, info.parallelism
		for _, load := range p.Payloads {
			t.Payloads = append(t.Payloads, snapshot.Payload{Operator: load.Operator, Subtask: info.subtask, Content: load.Bytes})
		}
		for _, f := range p.InFlight {
			t.InFlight = append(t.InFlight, snapshot.InFlight{Edge: f.Edge, From: f.From, To: f.To, Schema: f.Schema, Records: f.Bytes})
		}
		m.Tasks = append(m.Tasks, t)
	}
	switch err := s.repo.Write(ctx, m); {
	case errors.Is(err, snapshot.ErrTaken): // what this process does, another does again
		return operator.Permanent(err)
	case err != nil:
		return err
	}
	s.tidy(ctx, n, parts)
	return nil
}

// tidy gives back what a durable checkpoint no longer needs. What fails here is tried again by the next one.
func (s *Store) tidy(ctx context.Context, n int64, parts []Part) {
	var errs []error
	for _, p := range parts {
		errs = append(errs, p.State.Complete())
	}
	errs = append(errs, s.repo.Prune(ctx, s.o.Retain))
	if err := errors.Join(errs...); err != nil {
		s.o.Log.Warn("tidying up after a checkpoint failed; the next one tries again", "checkpoint", n, "error", err)
	}
}

// Drop implements Storage.
func (s *Store) Drop(n int64, parts []Part) {
	s.repo.Abandon(uint64(n))
	for _, p := range parts {
		if p.State == nil {
			continue
		}
		if err := p.State.Release(); err != nil {
			s.o.Log.Warn("removing the files of a failed checkpoint failed", "checkpoint", n, "error", err)
		}
	}
}

// Latest brings the newest whole checkpoint to local files, every byte verified. A damaged one is passed
// over, and the log says so. nil says that there is none.
func (s *Store) Latest() (*Restored, error) {
	ctx := context.Background()
	if err := s.o.FS.RemoveAll(s.Local()); err != nil {
		return nil, fmt.Errorf("checkpoint: removing what the last attempt left: %w", err)
	}
	ids, err := s.repo.List(ctx)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	if err := s.repo.Settle(ctx); err != nil {
		return nil, err
	}
	var r *Restored
	_, err = s.repo.Recover(ctx, func(m *snapshot.Manifest) (err error) {
		if bug.Enabled && bug.On(bug.OlderRestored) && len(ids) > 1 && m.ID == ids[len(ids)-1] {
			return snapshot.ErrCorrupt
		}
		r, err = s.fetch(ctx, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.Next = int64(ids[len(ids)-1]) + 1
	return r, nil
}

// fetch brings a checkpoint to local files, after a look whether this job is the one that took it.
func (s *Store) fetch(ctx context.Context, m *snapshot.Manifest) (*Restored, error) {
	if err := s.fits(m); err != nil {
		return nil, operator.Permanent(fmt.Errorf("checkpoint %d in %s: %w", m.ID, s.o.Dir, err))
	}
	r := &Restored{Number: int64(m.ID)}
	var err error
	r.Parts, err = s.repo.Fetch(ctx, m, s.o.FS, func(task int) string {
		return s.o.FS.PathJoin(s.Local(), "restored", strconv.FormatUint(m.ID, 10), strconv.Itoa(task))
	})
	if err != nil {
		return nil, err
	}
	for _, t := range m.Tasks {
		for _, p := range t.Payloads {
			r.Payloads = append(r.Payloads, Payload{Operator: p.Operator, Bytes: p.Content})
		}
		for _, f := range t.InFlight {
			r.InFlight = append(r.InFlight, InFlight{Channel: Channel{f.Edge, f.From, f.To}, Schema: f.Schema, Bytes: f.Records})
		}
	}
	return r, nil
}

// fits reports whether the job can go on from a checkpoint: same job, same key groups, and an operator for
// everything that is kept.
func (s *Store) fits(m *snapshot.Manifest) error {
	plan := s.o.Plan
	if m.Job != plan.Job {
		return fmt.Errorf("it was taken by job %q, not by %q: give each job a state directory of its own", m.Job, plan.Job)
	}
	has := map[string]bool{}
	for _, n := range plan.Nodes {
		has[n.ID] = true
	}
	for _, o := range m.Operators {
		if o.MaxParallelism != plan.MaxParallelism {
			return fmt.Errorf("it was taken with max parallelism %d, the job says %d: set stream.MaxParallelism(%d)", o.MaxParallelism, plan.MaxParallelism, o.MaxParallelism)
		}
	}
	if lost := lostInFlight(m, plan); len(lost) > 0 && !s.o.AllowNonRestored {
		return fmt.Errorf("it holds records that were on their way along edges that the job does not have: %s: take a checkpoint without stream.UnalignedAfter before you change the graph, or drop the records by stream.AllowNonRestoredState", strings.Join(lost, ", "))
	}
	if orphans := orphans(m, has); len(orphans) > 0 && !s.o.AllowNonRestored {
		return fmt.Errorf("it holds state of operators that the job does not have: %s: give operators their former ids by ID, or drop the state by stream.AllowNonRestoredState", strings.Join(orphans, ", "))
	}
	return nil
}

// InputWatermark is the name of the state in which the head of a chain keeps its task's watermark. An
// operator that is no head, after a change of the plan, does not miss it.
const InputWatermark = "_watermark"

// orphans are the operators with something in the checkpoint that the job does not have.
func orphans(m *snapshot.Manifest, has map[string]bool) (ids []string) {
	seen := map[string]bool{}
	note := func(id string) {
		if !has[id] && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for _, t := range m.Tasks {
		for _, st := range t.States {
			if st.Name != InputWatermark {
				note(st.Operator)
			}
		}
		for _, p := range t.Payloads {
			note(p.Operator)
		}
	}
	return ids
}

// lostInFlight are the edges with records in the checkpoint that the job does not have.
func lostInFlight(m *snapshot.Manifest, plan *graph.Plan) (edges []string) {
	has := map[string]bool{}
	for _, n := range plan.Nodes {
		for _, e := range n.In {
			has[EdgeKey(e)] = true
		}
	}
	for _, t := range m.Tasks {
		for _, f := range t.InFlight {
			if !has[f.Edge] {
				has[f.Edge] = true
				edges = append(edges, f.Edge)
			}
		}
	}
	return edges
}

// Close implements runtime.Store. Local files that cannot be removed now are removed by the next start.
func (s *Store) Close() error {
	if err := s.o.FS.RemoveAll(s.Local()); err != nil {
		s.o.Log.Warn("removing local state failed; the next start tries again", "error", err)
	}
	return s.lock.Close()
}
