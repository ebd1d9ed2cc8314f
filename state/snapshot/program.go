package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/turgo-io/turgo/state"
)

// Program is what a job keeps, as its program declares it: stream.Job.Schema makes one, and Vet compares it with a
// checkpoint. As JSON it is meant to be stored beside the program and compared in review.
type Program struct {
	Job            string            `json:"job"`
	MaxParallelism int               `json:"max_parallelism"`
	Operators      []ProgramOperator `json:"operators"`
	States         []ProgramState    `json:"states"`
}

// ProgramOperator is an operator of the job. Of kind "source" and "sink" the states are not listed: they belong to the
// connector.
type ProgramOperator struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"` // source, operator or sink
}

// ProgramState is a state that an operator declares.
type ProgramState struct {
	Operator string         `json:"operator"`
	Name     string         `json:"name"`
	Kind     string         `json:"kind"`
	Key      state.Schema   `json:"key,omitempty"`
	MapKey   state.Schema   `json:"map_key,omitempty"`
	Value    state.Schema   `json:"value,omitempty"`
	Migrates []state.Schema `json:"migrates,omitempty"`
}

// StateOf describes a declaration for a Program.
func StateOf(d state.Declaration) ProgramState {
	p := ProgramState{Operator: d.Operator, Name: d.Name, Kind: d.Kind.String(), Key: d.Key, MapKey: d.MapKey, Migrates: d.Migrates}
	if len(d.Values) > 0 {
		p.Value, _ = d.Values[len(d.Values)-1].Expiring() // a time to live may come and go
	}
	return p
}

// Encode writes the program as JSON, the same bytes for the same program.
func (p *Program) Encode() ([]byte, error) {
	out, err := json.MarshalIndent(p, "", "  ")
	return append(out, '\n'), err
}

// DecodeProgram reads what Encode has written.
func DecodeProgram(src []byte) (*Program, error) {
	p := &Program{}
	if err := json.Unmarshal(src, p); err != nil {
		return nil, fmt.Errorf("snapshot: this is not the schema of a job, as stream.Job.Schema makes it: %w", err)
	}
	if p.Job == "" || p.MaxParallelism == 0 {
		return nil, errors.New("snapshot: this is not the schema of a job, as stream.Job.Schema makes it: it names no job")
	}
	return p, nil
}

// Finding is something that Vet found. One that is Fatal keeps the job from starting; others are news.
type Finding struct {
	Fatal bool
	State string // empty: the job as a whole
	Text  string
}

// String writes the finding as a line.
func (f Finding) String() string {
	level := "note"
	if f.Fatal {
		level = "error"
	}
	if f.State == "" {
		return level + ": " + f.Text
	}
	return level + ": " + f.State + ": " + f.Text
}

// Vet says what would happen if a program started from a checkpoint, without either: which state it reads, which it
// refuses and why, which begins empty and which is dropped.
func Vet(m *Manifest, p *Program) []Finding {
	v := &vetter{p: p, kinds: map[string]string{}}
	for _, o := range p.Operators {
		v.kinds[o.ID] = o.Kind
	}
	if m.Job != p.Job {
		v.fatal("", "the checkpoint was taken by job %q, the program is job %q", m.Job, p.Job)
	}
	if n := m.MaxParallelism(); n != p.MaxParallelism && n > 0 {
		v.fatal("", "the checkpoint has max parallelism %d, the program %d: set stream.MaxParallelism(%d), or rewrite it with turgo checkpoint rescale", n, p.MaxParallelism, n)
	}
	stored := m.States()
	for _, st := range stored {
		v.stored(st)
	}
	v.payloads(m)
	for _, d := range p.States {
		has := func(st state.StateSchema) bool { return st.Operator == d.Operator && st.Name == d.Name }
		if !slices.ContainsFunc(stored, has) {
			v.note(fmt.Sprintf("%s %q of operator %q", d.Kind, d.Name, d.Operator), "new; it begins empty")
		}
	}
	return v.found
}

type vetter struct {
	p     *Program
	kinds map[string]string // of operators, by id
	found []Finding
}

func (v *vetter) fatal(at, format string, args ...any) {
	v.found = append(v.found, Finding{Fatal: true, State: at, Text: fmt.Sprintf(format, args...)})
}

func (v *vetter) note(at, text string) {
	v.found = append(v.found, Finding{State: at, Text: text})
}

// inputWatermark is a state of the engine's own, which a job does without.
const inputWatermark = "_watermark"

// stored looks at a state of the checkpoint.
func (v *vetter) stored(st state.StateSchema) {
	kind, known := v.kinds[st.Operator]
	switch {
	case st.Name == inputWatermark:
		return
	case !known:
		v.fatal(st.String(), "the program has no such operator: give one that id by ID, or drop the state by stream.AllowNonRestoredState")
		return
	case kind != "operator":
		return
	}
	at := slices.IndexFunc(v.p.States, func(d ProgramState) bool { return d.Operator == st.Operator && d.Name == st.Name })
	if at < 0 {
		v.note(st.String(), "the operator does not declare it any more; it is dropped")
		return
	}
	v.compare(st, v.p.States[at])
}

// compare says whether a stored state can be read as it is declared now: by the rules for types, or by a migration.
func (v *vetter) compare(st state.StateSchema, d ProgramState) {
	lists := !IsKeyed(st.Kind) && (d.Kind == state.KindOperatorSplit.String() || d.Kind == state.KindOperatorUnion.String())
	switch {
	case st.Kind.String() != d.Kind && !lists:
		v.fatal(st.String(), "it is now a %s; give it another name", d.Kind)
		return
	case st.Key != d.Key:
		v.fatal(st.String(), "the key was written as %s and is now %s", st.Key, d.Key)
	case st.MapKey != d.MapKey:
		v.fatal(st.String(), "the map key was written as %s and is now %s", st.MapKey, d.MapKey)
	}
	for _, w := range st.Values {
		if w, _ = w.Expiring(); w == d.Value {
			continue
		}
		if migrates(d, st.Kind, w) {
			v.note(st.String(), fmt.Sprintf("written as %.200s: read by a migration", w))
			continue
		}
		if err := d.Value.Reads(w, "value"); err != nil {
			v.fatal(st.String(), "%s", err)
			continue
		}
		v.note(st.String(), fmt.Sprintf("written as %.200s, read as %.200s", w, d.Value))
	}
}

// migrates says whether a migration reads what was written.
func migrates(d ProgramState, kind state.Kind, writer state.Schema) bool {
	for _, m := range d.Migrates {
		if kind == state.KindList {
			m = "[]" + m
		}
		if m == writer || d.Value.Reads(writer, "") != nil && m.Reads(writer, "") == nil {
			return true
		}
	}
	return false
}

// payloads looks for what sources and sinks kept that the program does not have.
func (v *vetter) payloads(m *Manifest) {
	seen := map[string]bool{}
	for _, t := range m.Tasks {
		for _, p := range t.Payloads {
			if _, known := v.kinds[p.Operator]; known || seen[p.Operator] {
				continue
			}
			seen[p.Operator] = true
			v.fatal(fmt.Sprintf("what operator %q has prepared", p.Operator), "the program has no such operator: give one that id by ID, or drop it by stream.AllowNonRestoredState")
		}
	}
}
