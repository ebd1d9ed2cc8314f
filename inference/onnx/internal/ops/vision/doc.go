// Package vision holds the operators that look at images: sampling by
// coordinates, regions of interest, boxes, and encoded pictures.
//
//	for _, d := range vision.Table() {
//		fmt.Println(d.Name) // GridSample, RoiAlign, NonMaxSuppression, …
//	}
//
// # Concepts
//
// What samples an image works out once per output point which pixels count and
// how much (taps), and then goes over the channels with that list.
//
//	coordinate ── padding rule ──> taps (offset, weight) ──every channel──> sum
//
// # Invariants
//
//  1. A coordinate may be anything, infinite and NaN included: it never reads
//     outside the image.
//  2. The size of an encoded picture is checked before it is decoded.
//
// # What it does not do
//
// Resize, pooling and convolutions are in package nn.
package vision
