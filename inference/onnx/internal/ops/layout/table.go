package layout

import "github.com/turgo-io/turgo/inference/onnx/internal/ops/op"

// Table lists the family's operators.
func Table() []op.Def {
	return []op.Def{
		{Name: "CenterCropPad", Since: 18, New: newCenterCropPad},
		{Name: "Compress", Since: 9, New: newCompress},
		{Name: "Concat", Since: 1, New: newConcat},
		{Name: "Constant", Since: 1, New: newConstant},
		{Name: "ConstantOfShape", Since: 9, New: newConstantOfShape},
		{Name: "DepthToSpace", Since: 1, New: newDepthToSpace},
		{Name: "Expand", Since: 8, New: newExpand},
		{Name: "EyeLike", Since: 9, New: newEyeLike},
		{Name: "Flatten", Since: 1, New: newFlatten},
		{Name: "Gather", Since: 1, New: newGather},
		{Name: "GatherElements", Since: 11, New: newGatherElements},
		{Name: "GatherND", Since: 11, New: newGatherND},
		{Name: "NonZero", Since: 9, New: newNonZero},
		{Name: "OneHot", Since: 9, New: newOneHot},
		{Name: "Pad", Since: 1, New: newPad},
		{Name: "Range", Since: 11, New: newRange},
		{Name: "Reshape", Since: 1, New: newReshape},
		{Name: "ReverseSequence", Since: 10, New: newReverseSequence},
		{Name: "Scatter", Since: 9, New: newScatterElements},
		{Name: "ScatterElements", Since: 11, New: newScatterElements},
		{Name: "ScatterND", Since: 11, New: newScatterND},
		{Name: "Shape", Since: 1, New: newShape},
		{Name: "Size", Since: 1, New: newSize},
		{Name: "Slice", Since: 1, New: newSlice},
		{Name: "SpaceToDepth", Since: 1, New: newSpaceToDepth},
		{Name: "Split", Since: 1, New: newSplit},
		{Name: "Squeeze", Since: 1, New: newSqueeze},
		{Name: "TensorScatter", Since: 24, New: newTensorScatter},
		{Name: "Tile", Since: 1, New: newTile},
		{Name: "Transpose", Since: 1, New: newTranspose},
		{Name: "Trilu", Since: 14, New: newTrilu},
		{Name: "Unsqueeze", Since: 1, New: newUnsqueeze},
	}
}
