package snapshot

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/turgo-io/turgo/state"
)

// Manifest is one checkpoint: everything that is needed to go on from it. It is stored with the schema of its Go types,
// so a field that is added later is zero in older manifests.
type Manifest struct {
	Job       string
	ID        uint64
	Time      int64 // when it was taken, in nanoseconds since the Unix epoch
	Savepoint bool  // Prune leaves it alone
	Operators []Operator
	Tasks     []Task
	Payloads  []Payload // of the whole job
}

// Operator is an operator of the graph that took the checkpoint.
type Operator struct {
	ID             string
	Name           string
	Parallelism    int
	MaxParallelism int
}

// Task is the part of one subtask of a chain of operators.
type Task struct {
	Name        string
	Subtask     int
	Parallelism int
	Groups      state.Range
	States      []state.StateSchema
	Lists       []state.OperatorChunk
	Files       []Blob
	Payloads    []Payload
	InFlight    []InFlight
}

// InFlight is records that were on their way to a task when the checkpoint was taken without waiting for them.
type InFlight struct {
	Edge     string // of the graph
	From, To int    // subtasks
	Schema   string // of the records
	Records  []byte // each: event time (8 bytes, little-endian), length (uvarint), value
}

// Payload is what an operator, a sink or a source wants to find again: opaque here.
type Payload struct {
	Operator string
	Subtask  int
	Content  []byte
}

// Blob is a file of a task and the name under which the store has it.
type Blob struct {
	Name  string // of the file
	Blob  string // in the store
	Bytes int64
	Sum   uint64 // xxhash64 of the content
}

// Bytes is the size of all files of the checkpoint; a file that two tasks share counts twice.
func (m *Manifest) Bytes() (n int64) {
	for _, t := range m.Tasks {
		for _, f := range t.Files {
			n += f.Bytes
		}
	}
	return n
}

// A manifest: magic (8 bytes), version (u32), length of the schema (u32), length of the value (u64), schema, value,
// xxhash64 of all before it (u64); little-endian.
const (
	manifestMagic   = "turgockp"
	manifestVersion = 1
	manifestHeader  = 24
	manifestTrailer = 8
)

// Encode returns the bytes of a manifest.
func (m *Manifest) Encode() ([]byte, error) {
	codec, err := state.CodecFor[Manifest]()
	if err != nil {
		return nil, err
	}
	schema := codec.Schema()
	out := append(make([]byte, 0, 4096), manifestMagic...)
	out = binary.LittleEndian.AppendUint32(out, manifestVersion)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(schema)))
	out = binary.LittleEndian.AppendUint64(out, 0)
	out = append(out, schema...)
	before := len(out)
	if out, err = codec.Append(out, m); err != nil {
		return nil, err
	}
	binary.LittleEndian.PutUint64(out[16:], uint64(len(out)-before))
	return binary.LittleEndian.AppendUint64(out, xxhash.Sum64(out)), nil
}

// Decode reads a manifest. Bytes that were not written by Encode are an error that wraps ErrCorrupt.
func Decode(src []byte) (*Manifest, error) {
	schema, value, err := openManifest(src)
	if err != nil {
		return nil, err
	}
	codec, err := state.CodecFor[Manifest]()
	if err != nil {
		return nil, err
	}
	read, err := codec.(state.SchemaReader[Manifest]).ReaderOf(state.Schema(schema))
	if err != nil {
		return nil, fmt.Errorf("%w: manifest: %w", ErrCorrupt, err)
	}
	m := &Manifest{}
	if err := read(value, m); err != nil {
		return nil, fmt.Errorf("%w: manifest: %w", ErrCorrupt, err)
	}
	return m, m.checkNames()
}

// checkNames refuses names that would lead out of the store or out of a task's directory.
func (m *Manifest) checkNames() error {
	for _, t := range m.Tasks {
		for _, b := range t.Files {
			if path.Base(b.Name) != b.Name || strings.ContainsAny(b.Name, `/\`) || b.Name == "." || b.Name == ".." {
				return fmt.Errorf("%w: manifest: a file is named %q", ErrCorrupt, b.Name)
			}
			if sum, size, ok := parseBlob(b.Blob); !ok || sum != b.Sum || size != b.Bytes || strings.Contains(b.Blob, `\`) {
				return fmt.Errorf("%w: manifest: the blob of %s is named %q", ErrCorrupt, b.Name, b.Blob)
			}
		}
	}
	return nil
}

// openManifest checks everything that can be checked without knowing what is in a manifest.
func openManifest(src []byte) (schema, value []byte, err error) {
	end := len(src) - manifestTrailer
	switch {
	case end < manifestHeader:
		return nil, nil, fmt.Errorf("%w: manifest of %d bytes", ErrCorrupt, len(src))
	case !bytes.HasPrefix(src, []byte(manifestMagic)):
		return nil, nil, fmt.Errorf("%w: not a manifest", ErrCorrupt)
	case xxhash.Sum64(src[:end]) != binary.LittleEndian.Uint64(src[end:]):
		return nil, nil, fmt.Errorf("%w: manifest: the checksum does not match", ErrCorrupt)
	}
	if v := binary.LittleEndian.Uint32(src[8:]); v != manifestVersion {
		return nil, nil, fmt.Errorf("snapshot: manifest of version %d; this program reads version %d", v, manifestVersion)
	}
	schemaLen := uint64(binary.LittleEndian.Uint32(src[12:]))
	valueLen := binary.LittleEndian.Uint64(src[16:])
	body := src[manifestHeader:end]
	if schemaLen > uint64(len(body)) || valueLen != uint64(len(body))-schemaLen {
		return nil, nil, fmt.Errorf("%w: manifest: its lengths do not add up", ErrCorrupt)
	}
	return body[:schemaLen], body[schemaLen:], nil
}

const (
	checkpointFolder = "checkpoints"
	blobFolder       = "blobs"
	manifestSuffix   = ".manifest"
)

func manifestName(id uint64) string {
	return fmt.Sprintf("%s/%020d%s", checkpointFolder, id, manifestSuffix)
}

// manifestID is the checkpoint of a manifest's name; ok is false for other names.
func manifestID(name string) (id uint64, ok bool) {
	digits, ok := strings.CutSuffix(strings.TrimPrefix(name, checkpointFolder+"/"), manifestSuffix)
	id, err := strconv.ParseUint(digits, 10, 64)
	return id, ok && err == nil && manifestName(id) == name
}

// Write makes a checkpoint exist. All its blobs must have been uploaded. When it returns without an error, the
// checkpoint survives a crash; after an error it may exist or not.
func Write(ctx context.Context, store Store, m *Manifest) error {
	content, err := m.Encode()
	if err != nil {
		return fmt.Errorf("snapshot: checkpoint %d: %w", m.ID, err)
	}
	return store.PutAtomic(ctx, manifestName(m.ID), content)
}

// List returns the ids of all checkpoints of a store, oldest first, readable or not.
func List(ctx context.Context, store Store) ([]uint64, error) {
	names, err := store.List(ctx, checkpointFolder)
	if err != nil {
		return nil, err
	}
	var ids []uint64
	for _, name := range names {
		if id, ok := manifestID(name); ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Read returns the manifest of a checkpoint.
func Read(ctx context.Context, store Store, id uint64) (*Manifest, error) {
	content, err := store.Read(ctx, manifestName(id))
	if err != nil {
		return nil, err
	}
	m, err := Decode(content)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %d: %w", id, err)
	}
	if m.ID != id {
		return nil, fmt.Errorf("%w: the manifest of checkpoint %d is that of %d", ErrCorrupt, id, m.ID)
	}
	return m, nil
}

// Latest returns the newest checkpoint whose manifest is readable, or ErrNone. Its files may still be corrupt: use
// Recover to restore.
func Latest(ctx context.Context, store Store) (*Manifest, error) {
	return Recover(ctx, store, nil, func(*Manifest) error { return nil })
}

// Recover calls use with the newest checkpoint. If its manifest is corrupt, or use returns an error that wraps
// ErrCorrupt or ErrNotFound, the one before has its turn, and the log, which may be nil, says so. It returns the
// checkpoint that use accepted, ErrNone if the store has none, or all the reasons why none of them will do.
func Recover(ctx context.Context, store Store, log *slog.Logger, use func(*Manifest) error) (*Manifest, error) {
	ids, err := List(ctx, store)
	if err != nil {
		return nil, err
	}
	return recoverOf(ctx, store, ids, log, use)
}

func recoverOf(ctx context.Context, store Store, ids []uint64, log *slog.Logger, use func(*Manifest) error) (*Manifest, error) {
	if len(ids) == 0 {
		return nil, ErrNone
	}
	var faults []error
	for i := len(ids) - 1; i >= 0; i-- {
		m, err := Read(ctx, store, ids[i])
		if err == nil {
			err = use(m)
		}
		if err == nil {
			return m, nil
		}
		if faults = append(faults, err); !IsLost(err) {
			break
		}
		if log != nil {
			log.Error("checkpoint cannot be used; trying the one before", slog.Uint64("checkpoint", ids[i]), slog.Any("error", err))
		}
	}
	return nil, fmt.Errorf("snapshot: no checkpoint can be used: %w", errors.Join(faults...))
}

// IsLost says whether an error means that a checkpoint is gone for good, so that an older one should be tried.
func IsLost(err error) bool { return errors.Is(err, ErrCorrupt) || errors.Is(err, ErrNotFound) }
