package inference_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/inference"
)

func TestTags(t *testing.T) {
	const whole, none = -1, -2
	for tag, want := range map[string]struct {
		name, key string
		column    int
	}{
		"x":                  {"x", "", whole},
		"x,0":                {"x", "0", 0},
		"x,12":               {"x", "12", 12},
		"dense/Add:0,3":      {"dense/Add:0", "3", 3},
		"a,b,":               {"a,b", "", whole},
		"a,b,7":              {"a,b", "7", 7},
		"-,":                 {"-", "", whole},
		"p,spam":             {"p", "spam", none},
		"p,-1":               {"p", "-1", none},
		"p,+1":               {"p", "+1", none},
		"p, 1":               {"p", " 1", none},
		"p,99999999999":      {"p", "99999999999", none},
		"input 1,2147483647": {"input 1", "2147483647", 2147483647},
	} {
		name, key, column, err := inference.ParseTag(tag)
		require.NoError(t, err)
		require.Equal(t, want, struct {
			name, key string
			column    int
		}{name, key, column}, tag)
	}
	for _, tag := range []string{"", ",", ",0"} {
		_, _, _, err := inference.ParseTag(tag)
		require.Error(t, err, tag)
	}
}

// FuzzTag: a tag is read as what it was written as, or refused.
func FuzzTag(f *testing.F) {
	for _, s := range []string{"", "x", "x,3", "a,b,", "-", ",", "p,-1", "p,007", "x,99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, key, column, err := inference.ParseTag(s)
		if err != nil {
			require.True(t, s == "" || s[0] == ',' && strings.Count(s, ",") == 1, "refused %q", s)
			return
		}
		require.NotEmpty(t, name)
		require.GreaterOrEqual(t, column, -2)
		again, sameKey, sameColumn, err := inference.ParseTag(name + "," + key)
		require.NoError(t, err)
		require.Equal(t, []any{name, key, column}, []any{again, sameKey, sameColumn})
		require.True(t, s == name || s == name+","+key, "%q became %q and %q", s, name, key)
	})
}
