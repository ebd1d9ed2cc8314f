package features

// Reason says why a payment raises an alert.
type Reason uint8

// The reasons, in the order in which they are looked at.
const (
	Fine     Reason = iota
	Limit           // the amount is beyond what any card may pay at once
	Velocity        // more payments within a minute than hands can make
	Model           // the score reached the threshold
)

// String is the name of a reason, "" for Fine.
func (r Reason) String() string {
	if int(r) >= len(reasonNames) {
		return ""
	}
	return reasonNames[r]
}

var reasonNames = [...]string{"", "limit", "velocity", "model"}

const (
	limitEuro     = 10_000
	velocityCount = 15
)

// Rules are the checks that need no model: they hold even where its score says
// otherwise.
func Rules(f *Features) Reason {
	switch {
	case f.Amount >= limitEuro:
		return Limit
	case f.Count1m >= velocityCount:
		return Velocity
	}
	return Fine
}

// Decide joins the rules with the model's score, the probability of fraud.
func Decide(f *Features, score, threshold float32) Reason {
	if r := Rules(f); r != Fine {
		return r
	}
	if score >= threshold {
		return Model
	}
	return Fine
}
