package main

import (
	"context"
	"strings"

	"github.com/turgo-io/turgo/connector/file"
	"github.com/turgo-io/turgo/connector/format"
	"github.com/turgo-io/turgo/examples/fraud/payments"
	"github.com/turgo-io/turgo/operator"
	"github.com/turgo-io/turgo/stream"
)

// runFile reads the payments from a file.
func runFile(ctx context.Context, c *config, m *meter, job *stream.Job) error {
	source := file.Source[Arrival]{Path: c.input, Format: formatOf(c.input), BadRecords: format.DeadLetter}
	paced := operator.Source[Arrival](source)
	if c.rate > 0 {
		paced = operator.Paced(paced, c.rate)
	}
	if _, err := c.build(job, m, paced); err != nil {
		return err
	}
	if c.graph {
		return printGraph(job)
	}
	return c.measure(ctx, m, job, func(context.Context) error { return nil })
}

// formatOf tells by the name what is in a file: CSV with a header, or a JSON object a line. Both may be compressed.
func formatOf(name string) file.Format[Arrival] {
	plain := strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	if strings.HasSuffix(plain, ".csv") {
		return file.Headed(func(header []byte) (format.Decoder[Arrival], error) {
			columns, err := payments.ParseCSVHeader(header)
			return format.DecodeFunc[Arrival](func(row []byte, a *Arrival) error {
				return columns.Decode(row, &a.Payment)
			}), err
		})
	}
	return file.Records(format.Func(func(line []byte, a *Arrival) error {
		return payments.Decode(line, &a.Payment)
	}, func(dst []byte, a *Arrival) ([]byte, error) {
		return a.Payment.AppendJSON(dst), nil
	}))
}
