package window_test

import (
	"fmt"
	"time"

	"github.com/turgo-io/turgo/window"
)

type payment struct {
	Amount float64
	Shop   string
}

func amount(p payment) float64 { return p.Amount }
func shop(p payment) string    { return p.Shop }

func Example() {
	minutes := window.Tumbling(time.Minute)
	at := time.Date(2026, 3, 1, 10, 0, 42, 0, time.UTC)

	spent := window.Combine3(window.Count[payment](), window.Sum(amount), window.Distinct(shop),
		func(n int64, sum float64, shops int64) string {
			return fmt.Sprintf("%d payments, %.2f euro, %d shops", n, sum, shops)
		})
	acc := accumulator(spent)
	for _, p := range []payment{{12.5, "bakery"}, {7.5, "kiosk"}, {30, "bakery"}} {
		spent.Add(acc, &p)
	}
	fmt.Println(minutes.SpanOf(at.UnixNano()))
	fmt.Println(spent.Result(acc))
	// Output:
	// [2026-03-01T10:00:00Z, 2026-03-01T10:01:00Z)
	// 3 payments, 50.00 euro, 2 shops
}

// accumulator is a new, empty accumulator; the engine keeps one per window.
func accumulator[T, A, R any](window.Aggregator[T, A, R]) *A { return new(A) }

func ExampleRolling() {
	spans := window.Range(time.Minute, time.Hour)
	var amounts window.Rolling // in the state of a key
	for i, v := range []float64{20, 5, 10} {
		amounts.Add(&spans, int64(i)*int64(45*time.Second), v)
		minute, hour := amounts.Stats(0), amounts.Stats(1)
		fmt.Println(minute.Count, minute.Sum, hour.Mean, hour.Max)
	}
	// Output:
	// 1 20 20 20
	// 2 25 12.5 20
	// 2 15 11.666666666666666 20
}
