package streamtest

import (
	"bytes"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// surviving returns what a crash leaves that loses some percent of what was not synced. Pebble's own clone goes over a Go
// map, so that the same seed would lose other files each time. This one takes the pictures without and with all of that,
// walks both, and draws for each name by itself: which other files there are, such as those that a goroutine of Pebble was
// about to remove, makes no difference.
func surviving(mem *vfs.MemFS, lose int, seed uint64) *vfs.MemFS {
	clone := func(percent int) *vfs.MemFS {
		return mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(seed, 0))})
	}
	if lose <= 0 || lose >= 100 {
		return clone(100 - lose)
	}
	s := &survivor{synced: clone(0), all: clone(100), left: vfs.NewCrashableMem(), lose: lose, seed: seed}
	s.folder("/")
	return s.left
}

type survivor struct {
	synced, all *vfs.MemFS
	left        *vfs.MemFS
	lose        int
	seed        uint64
}

// folder makes a folder and what is left in it, and brings it to the disk: a crash was survived already.
func (s *survivor) folder(dir string) {
	must(s.left.MkdirAll(dir, 0o755))
	for _, name := range s.names(dir) {
		file := s.left.PathJoin(dir, name)
		old, wasThere := read(s.synced, file)
		now, isThere := read(s.all, file)
		random := s.draws(file)
		if wasThere != isThere && (random.IntN(100) < s.lose) == isThere {
			continue // a name that was not synced, or one whose removal was
		}
		switch {
		case isFolder(s.synced, file) || isFolder(s.all, file):
			s.folder(file)
		case !isThere:
			s.write(file, old)
		case !wasThere || !bytes.HasPrefix(now, old):
			s.write(file, now)
		default:
			s.write(file, now[:len(now)-s.torn(random, len(now)-len(old))])
		}
	}
	d, err := s.left.OpenDir(dir)
	must(err)
	must(d.Sync())
	must(d.Close())
}

// torn is how many of n bytes are lost at the end of a file.
func (s *survivor) torn(random *rand.Rand, n int) int {
	if n == 0 || random.IntN(100) >= s.lose {
		return 0
	}
	return 1 + random.IntN(n)
}

// draws are those of one name.
func (s *survivor) draws(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	return rand.New(rand.NewPCG(s.seed, h.Sum64()))
}

// names are those in a folder of either picture, in order.
func (s *survivor) names(dir string) []string {
	a, _ := s.synced.List(dir) // a folder that is not in one of them has no names there
	b, _ := s.all.List(dir)
	both := append(a, b...)
	slices.Sort(both)
	return slices.Compact(both)
}

func isFolder(fs vfs.FS, name string) bool {
	info, err := fs.Stat(name)
	return err == nil && info.IsDir()
}

// read returns what is in a file, and whether there is anything of that name.
func read(fs vfs.FS, name string) ([]byte, bool) {
	if _, err := fs.Stat(name); err != nil || isFolder(fs, name) {
		return nil, err == nil
	}
	f, err := fs.Open(name)
	must(err)
	b, err := io.ReadAll(f)
	must(err)
	must(f.Close())
	return b, true
}

func (s *survivor) write(name string, content []byte) {
	f, err := s.left.Create(name, vfs.WriteCategoryUnspecified)
	must(err)
	_, err = f.Write(content)
	must(err)
	must(f.Sync())
	must(f.Close())
}

// must holds what cannot fail in memory.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
