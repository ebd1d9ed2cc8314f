package window

// Mode says what a window that fires more than once puts out each time.
type Mode uint8

const (
	// Accumulating puts out everything that the window has had: a later result replaces an earlier one.
	Accumulating Mode = iota
	// Discarding puts out what has come since the last firing: results add up.
	Discarding
	// Retracting is accumulating, but before each later result the earlier one comes again as a retraction.
	Retracting
)

// FiringKind says why a window fired.
type FiringKind uint8

const (
	// Early is a firing before the window's end.
	Early FiringKind = iota
	// OnTime is the first firing at or after the window's end.
	OnTime
	// Late is a firing after that: late records came.
	Late
)

var firingNames = [...]string{"early", "on-time", "late"}

// String names the kind.
func (k FiringKind) String() string { return firingNames[k] }

// Firing is one result of a window.
type Firing struct {
	Span       Span
	Number     int64 // firings of the window before this one
	Kind       FiringKind
	Retraction bool // the result of the firing before is void
}
