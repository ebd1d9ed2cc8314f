//go:build tools

package turgo

import (
	_ "github.com/IBM/sarama"
	_ "github.com/cespare/xxhash/v2"
	_ "github.com/cockroachdb/datadriven"
	_ "github.com/cockroachdb/pebble/v2"
	_ "github.com/cockroachdb/pebble/v2/vfs"
	_ "github.com/cockroachdb/pebble/v2/vfs/errorfs"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/stretchr/testify/require"
	_ "github.com/twmb/franz-go/pkg/kfake"
	_ "go.uber.org/goleak"
	_ "golang.org/x/sys/cpu"
	_ "google.golang.org/protobuf/encoding/protowire"
	_ "modernc.org/sqlite"
	_ "pgregory.net/rapid"
)
