package pb

// Model is ModelProto.
type Model struct {
	IRVersion       int64
	Producer        string
	ProducerVersion string
	Domain          string
	Version         int64
	Doc             string
	Graph           *Graph
	Opsets          []Opset
	Functions       []*Function
	Metadata        []Entry
}

// Opset is OperatorSetIdProto: the version of one operator domain.
type Opset struct {
	Domain  string
	Version int64
}

// Entry is StringStringEntryProto.
type Entry struct{ Key, Value string }

// Graph is GraphProto.
type Graph struct {
	Name         string
	Doc          string
	Nodes        []*Node
	Initializers []*Tensor
	Sparse       []*SparseTensor
	Inputs       []*ValueInfo
	Outputs      []*ValueInfo
	Values       []*ValueInfo
}

// Node is NodeProto. An empty name among Inputs or Outputs means "not given".
type Node struct {
	Name       string
	Op         string
	Domain     string
	Overload   string
	Inputs     []string
	Outputs    []string
	Attributes []*Attribute
}

// Function is FunctionProto: an operator defined by a graph in the model itself.
type Function struct {
	Name     string
	Domain   string
	Overload string
	Inputs   []string
	Outputs  []string
	// Attributes names those without, Defaults holds those with a default.
	Attributes []string
	Defaults   []*Attribute
	Nodes      []*Node
	Opsets     []Opset
	Values     []*ValueInfo
}

// AttributeKind is AttributeProto.AttributeType.
type AttributeKind int32

// The kinds of attributes, numbered as in the format.
const (
	AttrUndefined     AttributeKind = 0
	AttrFloat         AttributeKind = 1
	AttrInt           AttributeKind = 2
	AttrString        AttributeKind = 3
	AttrTensor        AttributeKind = 4
	AttrGraph         AttributeKind = 5
	AttrFloats        AttributeKind = 6
	AttrInts          AttributeKind = 7
	AttrStrings       AttributeKind = 8
	AttrTensors       AttributeKind = 9
	AttrGraphs        AttributeKind = 10
	AttrSparseTensor  AttributeKind = 11
	AttrSparseTensors AttributeKind = 12
	AttrType          AttributeKind = 13
	AttrTypes         AttributeKind = 14
)

// Attribute is AttributeProto. Only the field that Kind names is meaningful.
type Attribute struct {
	Name string
	// Ref names an attribute of the enclosing function whose value this one takes.
	Ref     string
	Kind    AttributeKind
	F       float32
	I       int64
	S       string
	T       *Tensor
	G       *Graph
	Sparse  *SparseTensor
	Type    *Type
	Floats  []float32
	Ints    []int64
	Strings []string
	Tensors []*Tensor
	Graphs  []*Graph
}

// Tensor is TensorProto.
type Tensor struct {
	Name     string
	Elem     int32
	Dims     []int64
	Raw      []byte
	HasRaw   bool
	Floats   []float32
	Int32s   []int32
	Int64s   []int64
	Doubles  []float64
	Uint64s  []uint64
	Strings  []string
	External []Entry
	// Shared is set where Raw lies in memory that may be kept and is never written.
	Shared bool
	// Location is 1 where the data lies in another file.
	Location int64
}

// SparseTensor is SparseTensorProto.
type SparseTensor struct {
	Values  *Tensor
	Indices *Tensor
	Dims    []int64
}

// ValueInfo is ValueInfoProto: a name and its declared type, nil if undeclared.
type ValueInfo struct {
	Name string
	Type *Type
}

// TypeKind tells which case of TypeProto a Type is.
type TypeKind uint8

// The cases of TypeProto.
const (
	TypeUndefined TypeKind = iota
	TypeTensor
	TypeSparse
	TypeSequence
	TypeMap
	TypeOptional
)

// Type is TypeProto.
type Type struct {
	Kind TypeKind
	// Elem is the element type of a tensor, or the key type of a map.
	Elem int32
	// HasShape distinguishes a declared scalar from an undeclared shape.
	HasShape bool
	Dims     []Dim
	// Of is the element type of a sequence or optional, the value type of a map.
	Of *Type
}

// Dim is one dimension: a size, or a name, or neither (Size -1).
type Dim struct {
	Size int64
	Name string
}

// Sequence is SequenceProto, the form test data has. Exactly one list is used.
type Sequence struct {
	Name      string
	Kind      int64
	Tensors   []*Tensor
	Sequences []*Sequence
	Maps      []*Map
	Optionals []*Optional
}

// Map is MapProto.
type Map struct {
	KeyType    int64
	Keys       []int64
	StringKeys []string
	Values     *Sequence
}

// Optional is OptionalProto; Kind 0 means that there is no value.
type Optional struct {
	Kind     int64
	Tensor   *Tensor
	Sequence *Sequence
	Map      *Map
}
