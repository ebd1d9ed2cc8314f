package snapshot_test

import (
	"context"
	"fmt"
	"maps"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/state/snapshot"
)

// A batch has worked out what accounts a new job begins with; later somebody looks at them and changes a limit.
func Example() {
	type Account struct{ Cents, Limit int64 }
	ctx := context.Background()
	store := snapshot.NewDir(vfs.NewMem(), "state") // or vfs.Default and a directory, or a bucket

	e := snapshot.Bootstrap("bank", 128)
	_ = snapshot.SetValues(e, "accounts", "state", maps.All(map[string]Account{"a": {Cents: 100}, "b": {Cents: 250}}))
	if _, err := e.Save(ctx, store, 0); err != nil {
		fmt.Println(err)
	}

	s, err := snapshot.Open(ctx, store, 0, snapshot.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	e = snapshot.Edit(s)
	_ = snapshot.Update(e, "accounts", "state", func(id string, a *Account) (keep bool) {
		a.Limit = 50
		return id != "a"
	})
	if _, err := e.Save(ctx, store, 0); err != nil {
		fmt.Println(err)
	}
	_ = s.Close()

	s, err = snapshot.Open(ctx, store, 0, snapshot.OpenOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, err := snapshot.Values[string, Account](s, "accounts", "state")
	if err != nil {
		fmt.Println(err)
		return
	}
	for row := range rows.All() {
		fmt.Println(s.Manifest.ID, row.Key, row.Value)
	}
	fmt.Println(rows.Err(), s.Close())
	// Output:
	// 2 b {250 50}
	// <nil> <nil>
}
