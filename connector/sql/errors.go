package sql

import (
	"database/sql/driver"
	"errors"
)

var (
	// ErrRow says that a record's row does not fit the columns. A restart would meet it again.
	ErrRow = errors.New("sql: bad row")
	// ErrTable says that the table is not there, or not as the sink needs it.
	ErrTable = errors.New("sql: bad table")
	// ErrPayload says that a restored checkpoint holds something else than what this sink put there.
	ErrPayload = errors.New("sql: the restored checkpoint does not hold rows of this sink")
	// ErrFull says that more rows wait for their checkpoint than MaxBytes allows.
	ErrFull = errors.New("sql: too many rows wait for their checkpoint")
)

// SQLite's codes for a database that another connection has locked.
const (
	sqliteBusy   = 5
	sqliteLocked = 6
)

// retryable reports whether a transaction failed because of another one, or lost its connection: tried again,
// it may well succeed. Drivers say so in several ways, and are not imported for it.
func retryable(err error) bool {
	var sqlite interface{ Code() int }
	if errors.As(err, &sqlite) {
		code := sqlite.Code() & 0xff
		return code == sqliteBusy || code == sqliteLocked
	}
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		switch state.SQLState() {
		case "40001", "40P01", "55P03": // serialization failure, deadlock, lock not available
			return true
		}
		return false
	}
	return errors.Is(err, driver.ErrBadConn)
}
