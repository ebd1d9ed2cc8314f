package sql

import (
	"strconv"
	"strings"
)

// Dialect is how a database wants statements written.
type Dialect uint8

const (
	// SQLite 3.24 or later; the zero value.
	SQLite Dialect = iota
	// Postgres 9.5 or later, and what speaks its SQL.
	Postgres
	// MySQL 5.7 or later, and MariaDB.
	MySQL
)

// valid reports whether d is one of the dialects.
func (d Dialect) valid() bool { return d <= MySQL }

// quote returns a name as an identifier. A dot separates a schema from its table.
func (d Dialect) quote(name string) string {
	mark := `"`
	if d == MySQL {
		mark = "`"
	}
	parts := strings.Split(name, ".")
	for i, p := range parts {
		parts[i] = mark + strings.ReplaceAll(p, mark, mark+mark) + mark
	}
	return strings.Join(parts, ".")
}

// column returns the quoted name of a column, in which a dot means nothing.
func (d Dialect) column(name string) string {
	if strings.Contains(name, ".") {
		name = strings.ReplaceAll(name, ".", "\x00")
		return strings.ReplaceAll(d.quote(name), "\x00", ".")
	}
	return d.quote(name)
}

// placeholder returns the n-th placeholder of a statement, from 1.
func (d Dialect) placeholder(n int) string {
	if d == Postgres {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}

// layout is the shape of rows: their columns, key columns first.
type layout struct {
	columns []string
	keys    int // how many of columns are the key; 0: rows have none
}

// insert returns the statement that inserts as many rows, or updates those whose key is there.
func (d Dialect) insert(table string, l layout, rows int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + d.quote(table) + " (")
	for i, c := range l.columns {
		b.WriteString(comma(i) + d.column(c))
	}
	b.WriteString(") VALUES ")
	for r := range rows {
		b.WriteString(comma(r) + "(")
		for i := range l.columns {
			b.WriteString(comma(i) + d.placeholder(r*len(l.columns)+i+1))
		}
		b.WriteString(")")
	}
	if l.keys > 0 {
		d.orUpdate(&b, l)
	}
	return b.String()
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// orUpdate appends what to do with a row whose key is there.
func (d Dialect) orUpdate(b *strings.Builder, l layout) {
	rest := l.columns[l.keys:]
	if d == MySQL {
		b.WriteString(" ON DUPLICATE KEY UPDATE ")
		if len(rest) == 0 { // there is no "do nothing" but this
			key := d.column(l.columns[0])
			b.WriteString(key + " = " + key)
		}
		for i, c := range rest {
			b.WriteString(comma(i) + d.column(c) + " = VALUES(" + d.column(c) + ")")
		}
		return
	}
	b.WriteString(" ON CONFLICT (")
	for i, c := range l.columns[:l.keys] {
		b.WriteString(comma(i) + d.column(c))
	}
	if len(rest) == 0 {
		b.WriteString(") DO NOTHING")
		return
	}
	b.WriteString(") DO UPDATE SET ")
	for i, c := range rest {
		b.WriteString(comma(i) + d.column(c) + " = excluded." + d.column(c))
	}
}

// maxParameters is what every database takes in one statement; more rows a statement gain little.
const (
	maxParameters = 900
	maxRows       = 64
)

// chunk returns how many rows go into one statement.
func (l layout) chunk() int { return max(1, min(maxRows, maxParameters/len(l.columns))) }
