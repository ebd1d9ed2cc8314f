package trees

import "fmt"

// nodeIndex finds a node's position by tree id and node id. Nearly every file lists a tree's nodes together and numbers
// them from 0; such a tree needs no map.
type nodeIndex struct {
	trees []treeSpan
	at    map[int64]int32 // tree id -> position in trees
	tree  []int32         // per node, position in trees
	last  int32           // tree asked for last: files ask for one tree many times in a row
}

type treeSpan struct {
	id    int64
	start int32           // position of the tree's first node
	count int32           // nodes
	ids   map[int64]int32 // node id -> position, where ids are not start, start+1, …
}

func indexNodes(treeIDs, nodeIDs []int64) (*nodeIndex, error) {
	x := &nodeIndex{at: map[int64]int32{}, tree: make([]int32, len(nodeIDs))}
	for i, t := range treeIDs {
		k := x.treeFor(t, int32(i))
		x.tree[i] = k
		s := &x.trees[k]
		if s.ids == nil && (nodeIDs[i] != int64(s.count) || i != int(s.start+s.count)) {
			s.spill()
		}
		if s.ids != nil {
			if _, twice := s.ids[nodeIDs[i]]; twice {
				return nil, fmt.Errorf("%w: tree %d has node id %d twice", ErrMalformed, t, nodeIDs[i])
			}
			s.ids[nodeIDs[i]] = int32(i)
		}
		s.count++
	}
	return x, nil
}

func (x *nodeIndex) treeFor(id int64, i int32) int32 {
	if len(x.trees) > 0 && x.trees[x.last].id == id {
		return x.last
	}
	k, ok := x.at[id]
	if !ok {
		k = int32(len(x.trees))
		x.at[id] = k
		x.trees = append(x.trees, treeSpan{id: id, start: i})
	}
	x.last = k
	return k
}

// spill goes over to a map; until then ids were 0, 1, 2, … at start, start+1, ….
func (s *treeSpan) spill() {
	s.ids = make(map[int64]int32, s.count+1)
	for j := range s.count {
		s.ids[int64(j)] = s.start + j
	}
}

func (x *nodeIndex) find(tree, node int64) (int32, bool) {
	if len(x.trees) == 0 {
		return 0, false
	}
	if x.trees[x.last].id != tree {
		k, ok := x.at[tree]
		if !ok {
			return 0, false
		}
		x.last = k
	}
	s := &x.trees[x.last]
	if s.ids != nil {
		p, ok := s.ids[node]
		return p, ok
	}
	return s.start + int32(node), node >= 0 && node < int64(s.count)
}

// roots finds, per tree, the node that is nobody's child.
func (x *nodeIndex) roots(nodes []Node) ([]int32, error) {
	child := make([]bool, len(nodes))
	for i := range nodes {
		if n := &nodes[i]; n.Mode != Leaf {
			child[n.True], child[n.False] = true, true
		}
	}
	roots := make([]int32, len(x.trees))
	for k := range roots {
		roots[k] = -1
	}
	for i := range nodes {
		k := x.tree[i]
		if child[i] {
			continue
		}
		if roots[k] >= 0 {
			return nil, fmt.Errorf("%w: tree %d has two roots, at positions %d and %d",
				ErrMalformed, x.trees[k].id, roots[k], i)
		}
		roots[k] = int32(i)
	}
	for k, r := range roots {
		if r < 0 {
			return nil, fmt.Errorf("%w: tree %d has no root: its nodes form a cycle", ErrMalformed, x.trees[k].id)
		}
	}
	return roots, nil
}
