package op_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference/onnx/internal/ir"
	"github.com/turgo-io/turgo/inference/onnx/internal/ops/op"
	"github.com/turgo-io/turgo/inference/tensor"
)

// ctx is a context with n slots, the first of which hold the given values.
func ctx(a *op.Arena, n int, values ...tensor.Value) (*op.Ctx, []op.Slot) {
	slots := make([]op.Slot, n)
	c := op.NewCtx(a, slots)
	for i, v := range values {
		slots[i].V = v
	}
	return c, slots
}

func TestOutReusesBlocks(t *testing.T) {
	a := &op.Arena{}
	c, _ := ctx(a, 2)
	shape, outs := []int{100}, []int32{0}
	once := func() {
		c.Enter(nil, outs, nil)
		if _, err := c.Out(0, tensor.Float32, shape); err != nil {
			t.Error(err)
		}
		c.Leave()
		c.Drop(0)
	}
	once()
	held := a.Held()
	require.GreaterOrEqual(t, held, int64(400))
	require.Zero(t, testing.AllocsPerRun(50, once))
	require.Equal(t, held, a.Held())
	// A somewhat smaller tensor takes the same block.
	shape[0] = 70
	once()
	require.Equal(t, held, a.Held())
}

func TestOutOverTakesDyingInput(t *testing.T) {
	for _, dies := range []bool{true, false} {
		a := &op.Arena{}
		c, _ := ctx(a, 2)
		c.Enter(nil, []int32{0}, nil)
		x, err := c.Out(0, tensor.Float32, []int{4})
		require.NoError(t, err)
		tensor.Slice[float32](x)[0] = 7
		c.Leave()
		c.Enter([]int32{0}, []int32{1}, []bool{dies})
		y, err := c.OutOver(0, 0, tensor.Float32, []int{2, 2})
		require.NoError(t, err)
		same := &tensor.Slice[float32](y)[0] == &tensor.Slice[float32](x)[0]
		require.Equal(t, dies, same)
		c.Leave()
		c.Drop(0)
		// The block lives on in y; a new output must not get it.
		c.Enter(nil, []int32{0}, nil)
		z, err := c.Out(0, tensor.Float32, []int{4})
		require.NoError(t, err)
		require.NotSame(t, &tensor.Slice[float32](y)[0], &tensor.Slice[float32](z)[0])
	}
}

// TestOutOverLeavesForeignInputs: constants and the caller's tensors are read only.
func TestOutOverLeavesForeignInputs(t *testing.T) {
	x := tensor.Vector[float32](1, 2)
	c, _ := ctx(&op.Arena{}, 2, x)
	c.Enter([]int32{0}, []int32{1}, []bool{true})
	y, err := c.OutOver(0, 0, tensor.Float32, []int{2})
	require.NoError(t, err)
	tensor.Slice[float32](y)[0] = 9
	require.Equal(t, []float32{1, 2}, tensor.Slice[float32](x))
}

func TestViewKeepsBlockAlive(t *testing.T) {
	a := &op.Arena{}
	c, slots := ctx(a, 3)
	c.Enter(nil, []int32{0}, nil)
	x, err := c.Out(0, tensor.Int64, []int{6})
	require.NoError(t, err)
	copy(tensor.Slice[int64](x), []int64{0, 1, 2, 3, 4, 5})
	c.Enter([]int32{0}, []int32{1}, []bool{true})
	require.NoError(t, c.ViewRange(0, 0, 2, 4, []int{2, 2}))
	c.Leave()
	c.Drop(0)
	c.Enter(nil, []int32{2}, nil)
	other, err := c.OutZero(0, tensor.Int64, []int{6})
	require.NoError(t, err)
	require.NotNil(t, other)
	require.Equal(t, []int64{2, 3, 4, 5}, tensor.Slice[int64](slots[1].V.(*tensor.Tensor)))
	require.ErrorIs(t, c.View(0, 5, nil), op.ErrInput)
}

// TestViewCopiesIntoCallersTensor: what the caller owns never points into the arena.
func TestViewCopiesIntoCallersTensor(t *testing.T) {
	x, out := tensor.Vector("a", "b", "c"), &tensor.Tensor{}
	c, slots := ctx(&op.Arena{}, 2, x)
	slots[1].Ext = out
	c.Enter([]int32{0}, []int32{1}, []bool{true})
	require.NoError(t, c.ViewRange(0, 0, 1, 2, []int{2, 1}))
	require.Equal(t, []string{"b", "c"}, out.Strings())
	x.Strings()[1] = "changed"
	require.Equal(t, "b", out.Strings()[0])
	require.ErrorIs(t, c.ViewRange(0, 0, 2, 2, []int{2}), op.ErrInput)
}

func TestUnwantedOutputs(t *testing.T) {
	a := &op.Arena{}
	c, _ := ctx(a, 1)
	once := func() {
		c.Enter(nil, []int32{-1, 0}, nil)
		for i := range 12 { // more than there are spare slots
			if _, err := c.Out(i, tensor.Float32, []int{8}); err != nil {
				t.Error(err)
			}
		}
		c.Leave()
		c.Drop(0)
	}
	once()
	require.False(t, c.HasOut(0))
	require.True(t, c.HasOut(1))
}

func TestArenaLimit(t *testing.T) {
	a := &op.Arena{Limit: 10_000}
	c, _ := ctx(a, 2)
	c.Enter(nil, []int32{0, 1}, nil)
	_, err := c.Out(0, tensor.Float32, []int{2000})
	require.NoError(t, err)
	_, err = c.Out(1, tensor.Float32, []int{2000})
	require.ErrorIs(t, err, op.ErrMemory)
	_, err = c.Out(1, tensor.Float32, []int{1 << 22, 16})
	require.ErrorIs(t, err, op.ErrMemory)
	c.Leave()
	c.Drop(0)
	// The free block is given up for one of another size.
	_, err = c.Out(1, tensor.Float32, []int{100})
	require.NoError(t, err)
	_, err = op.Scratch[float64](c, 1000)
	require.NoError(t, err)
	require.LessOrEqual(t, a.Held(), a.Limit)
}

// echo returns its input doubled; it knows float32 only.
func echo(c *op.Ctx) error {
	x, err := c.Need(0)
	if err != nil {
		return err
	}
	if x.Elem() != tensor.Float32 {
		return op.ErrType
	}
	y, err := c.Out(0, tensor.Float32, x.Shape())
	if err != nil {
		return err
	}
	for i, v := range tensor.Slice[float32](x) {
		tensor.Slice[float32](y)[i] = 2 * v
	}
	return nil
}

func TestWide(t *testing.T) {
	def := &op.Def{Name: "Echo", Wide: true, New: func(*op.Build) (op.Kernel, error) { return op.Func(echo), nil }}
	k, err := op.Make(def, &ir.Node{Op: "Echo"}, nil)
	require.NoError(t, err)
	for _, elem := range []tensor.Elem{tensor.Float16, tensor.BFloat16} {
		x, err := tensor.New(elem, 3)
		require.NoError(t, err)
		tensor.Narrow(x, []float32{1, -2, 4})
		c, slots := ctx(&op.Arena{}, 2, x)
		ins, outs, last := []int32{0}, []int32{1}, []bool{false}
		once := func() {
			c.Enter(ins, outs, last)
			if err := k.Run(c); err != nil {
				t.Error(err)
			}
			c.Leave()
		}
		once()
		y := slots[1].V.(*tensor.Tensor)
		require.Equal(t, elem, y.Elem())
		got := make([]float32, 3)
		tensor.Widen(got, y)
		require.Equal(t, []float32{2, -4, 8}, got)
		c.Drop(1)
		require.Zero(t, testing.AllocsPerRun(10, func() { once(); c.Drop(1) }))
	}
}

// TestBuildReportsEverything: wrong kinds, wrong choices and unknown names at once.
func TestBuildReportsEverything(t *testing.T) {
	def := &op.Def{Name: "X", Since: 3, New: func(b *op.Build) (op.Kernel, error) {
		b.Int("axis", 0)
		b.Str("mode", "a", "a", "b")
		b.ElemOf("dtype", tensor.Float32)
		b.Ignore("hint")
		return op.Func(echo), nil
	}}
	n := &ir.Node{Op: "X", Version: 5, Attrs: map[string]*ir.Attr{
		"axis": {Kind: ir.Float}, "mode": {Kind: ir.String, S: "c"}, "dtype": {Kind: ir.Int, I: 77}, "hint": {Kind: ir.Int},
		"strange": {Kind: ir.Int}, "consumed_inputs": {Kind: ir.Ints},
	}}
	_, err := op.Make(def, n, nil)
	require.ErrorIs(t, err, op.ErrAttribute)
	for _, part := range []string{"axis is of kind float, not int", `mode is "c"`, "dtype is 77", "does not know attribute strange"} {
		require.ErrorContains(t, err, part)
	}
	require.NotContains(t, err.Error(), "hint")
	n.Version = 2
	_, err = op.Make(def, n, nil)
	require.ErrorContains(t, err, "came with version 3")
}
