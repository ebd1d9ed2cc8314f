package state

import "fmt"

// Reads says whether a type of this schema can read what was written under another one, by the rules of docs/formats/state.md:
// fields added, dropped and reordered, numbers widened, string and []byte exchanged, a value put behind a pointer, an array
// made a slice. Otherwise the error wraps ErrIncompatible and names the place below path, and both types. It is what
// happens to a state when a job starts, without the job: a migration function of the program's is not known here.
func (s Schema) Reads(writer Schema, path string) error {
	s, _ = s.Expiring()
	writer, _ = writer.Expiring() // a time to live may come and go
	if s == writer {
		return nil
	}
	r, err := s.parse()
	if err != nil {
		return err
	}
	w, err := writer.parse()
	if err != nil {
		return err
	}
	return (&matcher{seen: map[[2]*node]bool{}}).match(w, r, path)
}

// matcher compares two schemas that may be recursive.
type matcher struct{ seen map[[2]*node]bool }

func unlike(w, r *node, path string) error {
	return fmt.Errorf("%w: %s was written as %.200s and is now %.200s", ErrIncompatible, path, w, r)
}

func (m *matcher) match(w, r *node, path string) error {
	w, r = w.deref(), r.deref()
	if m.seen[[2]*node{w, r}] {
		return nil
	}
	m.seen[[2]*node{w, r}] = true
	switch r.form {
	case formPointer:
		if w.form == formPointer {
			w = w.elem
		}
		return m.match(w, r.elem, path)
	case formCustom, formTime:
		if w.form != r.form || w.name != r.name {
			return unlike(w, r, path)
		}
		return nil
	case formString, formBytes:
		if w.form != formString && w.form != formBytes {
			return unlike(w, r, path)
		}
		return nil
	case formList, formArray:
		if w.form != r.form && w.form != formArray || r.form == formArray && w.size != r.size {
			return unlike(w, r, path)
		}
		return m.match(w.elem, r.elem, path+"[]")
	case formMap:
		if w.form != formMap {
			return unlike(w, r, path)
		}
		if err := m.match(w.key, r.key, path+" key"); err != nil {
			return err
		}
		return m.match(w.elem, r.elem, path+"[]")
	case formStruct:
		return m.fields(w, r, path)
	}
	if !numberFits(w, r.form, r.size) {
		return unlike(w, r, path)
	}
	return nil
}

func (m *matcher) fields(w, r *node, path string) error {
	if w.form != formStruct {
		return unlike(w, r, path)
	}
	for _, f := range w.fields {
		to := r.named(f.name)
		if to == nil { // skipped
			continue
		}
		if err := m.match(f.node, to, path+"."+f.name); err != nil {
			return err
		}
	}
	return nil
}

// numberFits says whether a number of form f and that many bytes holds every value of the written type.
func numberFits(w *node, f form, size int) bool {
	switch {
	case w.form == f && size >= w.size && (f != formBool || size == 1):
		return true
	case w.form == formUint && f == formInt:
		return size > w.size
	case isWhole(w) && f == formFloat:
		return mantissa(size) >= 8*w.size
	}
	return false
}
