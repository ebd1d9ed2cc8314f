// Package sql has a sink for databases behind database/sql: idempotent upserts, or exactly once by a commit
// token in the database's own transaction.
//
//	alerts.To(sql.Sink[Alert]{
//		Open:    sqlite.File("alerts.db"),
//		Setup:   []string{`CREATE TABLE IF NOT EXISTS alerts (id TEXT PRIMARY KEY, card TEXT, score REAL)`},
//		Table:   "alerts",
//		Columns: []string{"id", "card", "score"},
//		Key:     []string{"id"},
//		Row:     func(r *sql.Row, a *Alert) { r.Text(a.ID).Text(a.Card).Float(a.Score) },
//	})
//
// # Concepts
//
// Row puts a record's columns, in the order of Columns, straight into the writer's memory: nothing is
// boxed, nothing allocated. With a Key, a row replaces the one with its key that was written since the last
// checkpoint: half a million updates of 20,000 keys are 20,000 upserts. All rows of a checkpoint are written in
// one transaction, in the background, by statements of many rows.
//
//	Key  ExactlyOnce  guarantee      rows are written                  after a restart
//	no   no           at least once  before the checkpoint is durable  some rows come again
//	yes  no           idempotent     before the checkpoint is durable  some rows are upserted again
//	any  yes          exactly once   after the checkpoint is durable   none is written twice, or lost
//
// # Exactly once
//
//	task        Write … Prepare(7)                       Commit(7)
//	checkpoint     rows of 7 and of all that ─> manifest   │
//	               is not yet in the database              │
//	database                                               └─> BEGIN; rows; token = 7; COMMIT
//
// The token table holds, for each sink and writer, the number of the last checkpoint whose rows are in the
// database. After a restart a writer finds rows in the restored checkpoint, compares their numbers with the tokens, and
// writes what is missing before it takes its first record. Database and checkpoint thus need no common
// transaction: the database's own one decides.
//
// # Invariants
//
//   - Transactions of a writer are applied in the order of their checkpoints; after an error none follows.
//   - What a checkpoint holds is every row that was not in the database when its barrier came: a checkpoint that
//     fails loses nothing, as the next one covers it.
//   - Tokens never run ahead of the restored checkpoint: a job that goes back to an older one, or starts anew, lowers
//     them, and says so in the log.
//   - Write, Prepare and Commit do not wait for the database, but Write does when more than MaxBytes wait there.
//
// # What it does not do
//
// It creates no tables but the token table (Setup is the place for that), deletes no rows, and reads nothing. A job
// restored from a checkpoint older than the newest durable one repeats rows that are in the database already:
// with a Key that changes nothing in the end, without one rows are there twice.
package sql
