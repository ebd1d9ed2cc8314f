package operator_test

import (
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/operator/operatortest"
)

func odd(n int) bool { return n%2 == 1 }

func TestMap(t *testing.T) {
	operatortest.Run(t, operator.NewMap(strconv.Itoa),
		operatortest.Of[int]().At("10:00:00", 1, 2).Watermark("10:00:01").At("10:00:00.5", 3).Barrier().Untimed(4).Idle(),
		operatortest.Of[string]().At("10:00:00", "1", "2").Watermark("10:00:01").At("10:00:00.5", "3").Untimed("4").Idle())
}

func TestUpdate(t *testing.T) {
	operatortest.Run(t, operator.NewUpdate(func(n *int) { *n *= 2 }),
		operatortest.Of(1, 2).At("10:00:00", 3),
		operatortest.Of(2, 4).At("10:00:00", 6))
}

func TestFilter(t *testing.T) {
	operatortest.Run(t, operator.NewFilter(odd),
		operatortest.Of[int]().At("10:00:00", 1, 2, 3).Watermark("10:00:01").At("10:00:02", 4),
		operatortest.Of[int]().At("10:00:00", 1, 3).Watermark("10:00:01"))
}

func TestFlatMap(t *testing.T) {
	operatortest.Run(t, operator.NewFlatMap(strings.FieldsSeq),
		operatortest.Of("to be or", "", "not").At("10:00:00", "to be"),
		operatortest.Of("to", "be", "or", "not").At("10:00:00", "to", "be"))
}

// A nil sequence is an empty one.
func TestFlatMapNil(t *testing.T) {
	operatortest.Run(t, operator.NewFlatMap(func(n int) iter.Seq[int] {
		if n == 0 {
			return nil
		}
		return slices.Values([]int{n, n})
	}), operatortest.Of(1, 0, 2), operatortest.Of(1, 1, 2, 2))
}

func TestTry(t *testing.T) {
	bad := operator.NewSide[operator.Failure[string]]("bad")
	half := func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err == nil && n < 0 {
			err = errors.New("negative")
		}
		return n, err
	}
	in := operatortest.Of("1", "-2", "3").Watermark("10:00:00").At("10:00:01", "-4", "5")
	failure := func(v string, time int64) operator.Failure[string] {
		return operator.Failure[string]{Value: v, Time: time, Err: "negative"}
	}
	operatortest.Run(t, operator.NewTry(half, bad), in, operatortest.Of(1, 3).At("10:00:01", 5),
		operatortest.WantCounter("failed", 2),
		operatortest.WantSide(bad, operatortest.Of(failure("-2", operator.NoTime)).At("10:00:01", failure("-4", nano("10:00:01")))))
	operatortest.Run(t, operator.NewTry(half, bad), in, operatortest.Of(1, 3).At("10:00:01", 5))
}

func TestSplit(t *testing.T) {
	even := operator.NewSide[int]("even")
	in := operatortest.Of(1, 2, 3).At("10:00:00", 4, 5)
	operatortest.Run(t, operator.NewSplit(odd, even), in, operatortest.Of(1, 3).At("10:00:00", 5),
		operatortest.WantSide(even, operatortest.Of(2).At("10:00:00", 4)))
	operatortest.Run(t, operator.NewSplit(odd, even), in, operatortest.Of(1, 3).At("10:00:00", 5))
}

func TestPass(t *testing.T) {
	operatortest.Run(t, operator.NewPass[int]("merge"),
		operatortest.Of(1).Watermark("10:00:00").Idle().Flush().At("10:00:01", 2),
		operatortest.Of(1).Watermark("10:00:00").Idle().At("10:00:01", 2))
}

// nano returns a time of the scripts' day in nanoseconds.
func nano(at string) int64 {
	t, err := time.Parse(time.RFC3339Nano, "2026-01-01T"+at+"Z")
	if err != nil {
		return operator.NoTime
	}
	return t.UnixNano()
}
