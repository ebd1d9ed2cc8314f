package vision

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// suppression keeps, for each image and class, the boxes of highest score that do
// not overlap a kept one by more than a limit: boxes [B, N, 4], scores [B, C, N] to
// indices [K, 3] of image, class, box.
type suppression struct {
	center bool // boxes are x, y of the middle, width, height; else two corners
}

func newNonMaxSuppression(b *op.Build) (op.Kernel, error) {
	return &suppression{center: b.Bool("center_point_box", false)}, nil
}

// box is a rectangle with ordered corners.
type box struct{ x0, y0, x1, y1 float32 }

func (k *suppression) box(v []float32) box {
	if k.center {
		w, h := v[2]/2, v[3]/2
		return box{v[0] - w, v[1] - h, v[0] + w, v[1] + h}
	}
	return box{min(v[1], v[3]), min(v[0], v[2]), max(v[1], v[3]), max(v[0], v[2])}
}

func (b box) area() float32 { return (b.x1 - b.x0) * (b.y1 - b.y0) }

// overlaps reports whether what two boxes share is more than limit of what they cover.
func (b box) overlaps(o box, limit float32) bool {
	w, h := min(b.x1, o.x1)-max(b.x0, o.x0), min(b.y1, o.y1)-max(b.y0, o.y0)
	if !(w > 0 && h > 0) {
		return false
	}
	shared := w * h
	all := b.area() + o.area() - shared
	return shared > 0 && b.area() > 0 && o.area() > 0 && all > 0 && shared/all > limit
}

func (k *suppression) Run(c *op.Ctx) error {
	boxes, err := c.Need(0)
	if err != nil {
		return err
	}
	scores, err := c.Need(1)
	if err != nil {
		return err
	}
	if boxes.Elem() != tensor.Float32 || scores.Elem() != tensor.Float32 {
		return fmt.Errorf("%w: NonMaxSuppression of %v, %v", op.ErrType, boxes, scores)
	}
	if boxes.Rank() != 3 || scores.Rank() != 3 || boxes.Dim(2) != 4 || boxes.Dim(0) != scores.Dim(0) || boxes.Dim(1) != scores.Dim(2) {
		return fmt.Errorf("%w: NonMaxSuppression of %v, %v", op.ErrInput, boxes, scores)
	}
	s := selection{suppression: k, boxes: tensor.Slice[float32](boxes), scores: tensor.Slice[float32](scores), n: boxes.Dim(1)}
	if err := s.limits(c); err != nil {
		return err
	}
	if err := s.memory(c); err != nil {
		return err
	}
	classes := scores.Dim(1)
	for image := range boxes.Dim(0) {
		for class := range classes {
			s.class(image, class, classes)
		}
	}
	shape := [2]int{len(s.found) / 3, 3}
	y, err := c.Out(0, tensor.Int64, shape[:])
	if err != nil {
		return err
	}
	copy(tensor.Slice[int64](y), s.found)
	return nil
}

// selection is one run.
type selection struct {
	*suppression
	boxes, scores []float32
	n             int
	most          int64
	iou, score    float32
	scored        bool
	order, kept   []int32
	found         []int64
}

func (s *selection) limits(c *op.Ctx) (err error) {
	if t := c.In(2); t != nil {
		if s.most, err = tensor.Item[int64](t); err != nil {
			return err
		}
	}
	if t := c.In(3); t != nil {
		if s.iou, err = tensor.Item[float32](t); err != nil {
			return err
		}
	}
	if t := c.In(4); t != nil {
		s.scored = true
		s.score, err = tensor.Item[float32](t)
	}
	return err
}

func (s *selection) memory(c *op.Ctx) (err error) {
	if s.order, err = op.Scratch[int32](c, s.n); err != nil {
		return err
	}
	if s.kept, err = op.Scratch[int32](c, s.n); err != nil {
		return err
	}
	sets := 0
	if s.n > 0 {
		sets = len(s.scores) / s.n
	}
	room := int(min(max(s.most, 0), int64(s.n))) * sets * 3
	s.found, err = op.Scratch[int64](c, room)
	s.found = s.found[:0]
	return err
}

// class selects among the boxes of one image by the scores of one class.
func (s *selection) class(image, class, classes int) {
	boxes, scores := s.boxes[image*s.n*4:], s.scores[(image*classes+class)*s.n:]
	order, kept := s.order[:0], s.kept[:0]
	for i := range s.n {
		if !s.scored || scores[i] > s.score {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b))
	})
	for _, i := range order {
		if int64(len(kept)) >= s.most {
			return
		}
		this := s.box(boxes[4*i:])
		if slices.ContainsFunc(kept, func(j int32) bool { return this.overlaps(s.box(boxes[4*j:]), s.iou) }) {
			continue
		}
		kept = append(kept, i)
		s.found = append(s.found, int64(image), int64(class), int64(i))
	}
}
