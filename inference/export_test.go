package inference

// ParseTag lets the fuzz target in.
func ParseTag(s string) (name, key string, column int, err error) {
	t, err := parseTag(s)
	return t.name, t.key, t.column, err
}
