package arch

// Layer is a set of folders that may import only those of layers below, and each other.
type Layer struct {
	Name string
	Dirs []string // a folder and all below it, unless a longer entry of another layer names them
}

// Layers lists the layers, top first. A package that is in none of them is a fault.
var Layers = []Layer{
	{"programs", []string{"cmd", "examples"}},
	{"around the API", []string{"stream/console", "stream/streamtest", "internal/nexmark", "internal/sim"}},
	{"API", []string{"stream"}},
	{"engine", []string{"internal/runtime", "internal/graph", "internal/exchange", "internal/checkpoint", "internal/timer"}},
	{"rooms", []string{"inference", "connector", "operator/feature", "operator/cep", "operator/operatortest"}},
	{"contracts", []string{"operator"}},
	{"state and time", []string{"state", "window"}},
	{"leaves", []string{"internal/sched", "internal/bug", "internal/arch", "inference/onnx", "inference/tensor", "inference/tokenizer"}},
}

// Wall forbids imports that the layers alone would allow.
type Wall struct {
	From, To []string // folders; From imports nothing of To
	Except   []string // folders of To that From may import all the same
	Why      string
}

// Walls lists the walls. Test files are held only to Layers' rule for them.
var Walls = []Wall{
	{
		From: []string{"stream", "internal/runtime", "internal/graph", "internal/exchange", "internal/checkpoint", "internal/timer"},
		To:   []string{"inference", "connector"},
		Why:  "a program without models or Kafka must link neither: they enter by Via, From and To",
	},
	{
		From: []string{"inference"}, To: []string{"connector", "operator/feature", "operator/cep"},
		Why: "a model is an operator of its own: what it needs from outside is handed to it",
	},
	{
		From: []string{"connector"}, To: []string{"inference", "operator/feature", "operator/cep"},
		Why: "a connector moves records and knows nothing of what is done with them",
	},
	{
		From: []string{"operator"}, To: []string{"inference", "connector"},
		Why: "an operator works on records, wherever they came from",
	},
	{
		From: []string{"inference/onnx", "inference/tensor", "inference/tokenizer"},
		To:   []string{"."}, Except: []string{"inference/onnx", "inference/tensor", "inference/tokenizer", "internal/sched"},
		Why: "models serve alone, without anything of streaming",
	},
}

// Library says which packages may import a third-party library. Test files may import any.
type Library struct {
	Path      string   // import path; the longest entry that matches counts
	Importers []string // folders, with all below them
}

// Libraries lists the libraries. One that is missing here may not be imported outside tests.
var Libraries = []Library{
	{"github.com/IBM/sarama", []string{"connector/kafka"}},
	{"github.com/axiomhq/hyperloglog", []string{"window"}},
	{"github.com/cespare/xxhash/v2", []string{"state"}},
	{"github.com/cockroachdb/pebble/v2", []string{"state"}},
	// The file system is what everything that touches disks is handed, so that tests can cut the power.
	{"github.com/cockroachdb/pebble/v2/vfs", []string{"state", "internal/checkpoint", "internal/runtime", "stream", "connector/file", "operator/operatortest", "cmd/turgo"}},
	{"github.com/hamba/avro/v2", []string{"connector/format/avro"}},
	{"github.com/klauspost/compress", []string{"connector/file"}},
	{"github.com/twmb/franz-go/pkg/kfake", []string{"connector/kafka/kafkatest", "examples/fraud"}},
	{"github.com/twmb/franz-go/pkg/sr", []string{"connector/format/registry"}},
	{"gocloud.dev", []string{"state/snapshot/blobstore"}},
	{"golang.org/x/image", []string{"inference/onnx/internal/ops/vision"}},
	{"golang.org/x/sys/cpu", []string{"inference/onnx/internal/kernel"}},
	{"google.golang.org/protobuf", []string{"connector/format/protobuf"}},
	{"google.golang.org/protobuf/encoding/protowire", []string{"inference/onnx/internal/pb"}},
	{"modernc.org/sqlite", []string{"connector/sql/sqlite"}},
	{"github.com/stretchr/testify", testKits},
	{"github.com/cockroachdb/datadriven", testKits},
	{"pgregory.net/rapid", testKits},
	{"go.uber.org/goleak", testKits},
}

// testKits are the packages whose users are tests.
var testKits = []string{"stream/streamtest", "operator/operatortest", "state/statetest", "state/snapshot/snapshottest", "connector/connectortest"}

// Bounds on size.
const (
	MaxFileLines = 800 // a file is a noun: past this it is two
	MaxFuncLines = 70  // a longer function is in LongFuncs with its reason
	MedianLines  = 10  // of all functions outside tests, first and last line included
	P90Lines     = 35
)

// LongFuncs lists functions over MaxFuncLines, as "folder.Name" or "folder.Type.Name", with the reason.
var LongFuncs = map[string]string{}

// Impure lists what is taken from the outside: only through what a job is handed, so that a test or a
// simulation can set it. An empty list of names means every function of the package.
var Impure = map[string][]string{
	"time":      {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"math/rand": nil, "crypto/rand": nil,
	// A generator made from a seed is pure; the package's own functions are not.
	"math/rand/v2": {
		"Int", "IntN", "Int32", "Int32N", "Int64", "Int64N", "Uint", "UintN", "Uint32", "Uint32N", "Uint64", "Uint64N", "N",
		"Float32", "Float64", "ExpFloat64", "NormFloat64", "Perm", "Shuffle",
	},
	"os": {
		"Open", "OpenFile", "Create", "CreateTemp", "ReadFile", "WriteFile", "ReadDir", "Stat", "Lstat", "Rename", "Remove", "RemoveAll",
		"Mkdir", "MkdirAll", "MkdirTemp", "Truncate", "Link", "Symlink", "Chtimes", "DirFS", "Getenv", "LookupEnv", "Getwd", "Hostname",
	},
	"io/ioutil": nil,
}

// ImpureFiles lists the files and folders that may call what Impure names outside tests, with the reason.
var ImpureFiles = map[string]string{
	"cmd":                       "programs: they are the outside",
	"examples":                  "programs: they are the outside",
	"operator/clock.go":         "the clock of the machine itself",
	"internal/sched/real.go":    "the driver of production: timers of the machine",
	"stream/streamtest":         "the line that runs a failure again comes from the environment",
	"internal/nexmark/cmd":      "programs: they are the outside",
	"connector/kafka":           "a network of its own goroutines: timers between tries, nonces of a login, certificates from files",
	"connector/format/registry": "the pause before a registry that does not answer is asked again",
}

// Limits bounds the package-level names of a public package: past it the package is two, or says things twice.
// The longest entry that matches counts.
var Limits = map[string]int{
	"stream":                  120,
	"connector":               15,
	"connector/format":        40, // a codec for each payload format
	"connector/kafka":         20, // source, sink, places in a topic, topics themselves
	"connector/connectortest": 20,
}
