package trees

// Mode is the comparison a node makes. The numbers are those of the v5 attribute nodes_modes.
type Mode uint8

// The comparisons, x being the feature and t the node's Value, and Leaf.
const (
	LEQ    Mode = iota // x <= t
	LT                 // x < t
	GTE                // x >= t
	GT                 // x > t
	EQ                 // x == t
	NEQ                // x != t; NaN != t holds, whatever the node's Missing says
	Member             // x is in the node's set
	Leaf               // no comparison: the node casts votes
)

// Aggregate says how the votes for one target become its score. The numbers are those of v5.
type Aggregate uint8

// The aggregates. A target without votes has score 0 under each of them.
const (
	Average Aggregate = iota // sum divided by the number of trees
	Sum
	Min
	Max
)

// PostTransform is applied to the scores of a row after base values are added. The numbers are those of v5.
type PostTransform uint8

// The post transforms. Softmax and SoftmaxZero work on the row, the others on each score alone.
const (
	None PostTransform = iota
	Softmax
	Logistic
	SoftmaxZero // softmax in which scores of zero stay zero
	Probit      // inverse of the normal distribution, in Winitzki's approximation as ONNX Runtime has it
)

// Node is one decision or, with Mode Leaf, one leaf.
type Node struct {
	// Value is the threshold t.
	Value float64
	// Feature is the column compared.
	Feature int32
	// True and False are the positions in Ensemble.Nodes of the node to go to. In a leaf they are a range of
	// Ensemble.Votes: the leaf casts Votes[True:False].
	True, False int32
	// Set is the position in Ensemble.Sets of the set of a Member node.
	Set int32
	// Mode is the comparison.
	Mode Mode
	// Missing sends a NaN to True; else it goes to False. NEQ does not look at it.
	Missing bool
}

// Vote is what a leaf adds to one target.
type Vote struct {
	Weight float64
	Target int32
}

// Ensemble describes trees, the way their votes are combined, and what the result means. It is a plain value that
// Compile reads and does not keep changing parts of; see FromV3 and FromV5 for descriptions in ONNX attributes.
type Ensemble struct {
	// Nodes holds the nodes of all trees, in any order. Nodes that no root leads to are ignored.
	Nodes []Node
	// Roots are positions in Nodes, one a tree, in the order in which votes are added.
	Roots []int32
	// Votes are cast by leaves, see Node.True.
	Votes []Vote
	// Sets are the values of Member nodes; NaN in a set is ignored (a NaN feature follows Missing).
	Sets [][]float64
	// Targets is the number of targets or classes, at least 1.
	Targets int
	// Base is added after the aggregate: nothing, or a value for each target. A classifier of at most two classes may
	// also have one value (see finish.go).
	Base []float64
	// Aggregate combines votes; a classifier always sums. The zero value is Average, as in the ONNX numbering.
	Aggregate Aggregate
	// Post is applied last.
	Post PostTransform
	// Classifier turns on labels and the special rules for two classes.
	Classifier bool
	// Exact keeps Post on a single output, where ONNX Runtime applies Probit only. Importers of other formats set it.
	Exact bool
	// Single compares float64 features as the nearest float32, as XGBoost and CatBoost do.
	Single bool
}

// Limits on what Compile accepts; they bound its time and memory in proportion to the description.
const (
	maxNodes   = 1 << 28 // nodes reached from roots
	maxTargets = 1 << 20
	maxFeature = 1 << 24
	maxDepth   = 1 << 16 // steps from a root to a leaf
)
