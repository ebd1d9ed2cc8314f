// Package sqlite opens SQLite databases for jobs, by a driver in pure Go. It is a package of its own so that only
// programs that use SQLite link it.
//
//	alerts.To(sql.Sink[Alert]{Open: sqlite.File("alerts.db"), …})
//
//	db, err := sqlite.Open("alerts.db") // to look into it
//
// # How databases are opened
//
//   - Write-ahead log: readers do not wait for the writer, and the writer not for them.
//   - A connection that finds the file locked waits for a minute: several sinks on one file take turns.
//   - Transactions take the write lock when they begin: one that has read never finds that it cannot write.
//   - Each commit is on the disk when it returns, so that a checkpoint which relies on it can be trusted after a
//     power cut.
//   - Times are written as text that SQLite's date functions read.
//   - One connection per database handle: SQLite has one writer at a time.
//
// # What it does not do
//
// It makes no tables, and nothing faster than safe: PRAGMA statements among a sink's Setup can.
package sqlite
