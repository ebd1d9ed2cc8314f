package operator

// Asynchronous is a Timed operator whose results come when something outside the task answers. It takes part in its
// task's pace: the task reads nothing while one of its operators is full, and its End comes only when none waits for
// an answer. Both methods are called by the task's goroutine, about once a step. When what they say may have changed,
// the operator calls Env.Wake and has a Deadline that has passed.
type Asynchronous interface {
	Timed
	// Full reports whether the operator wants no records for now. Those that are on their way within the step still
	// come, so that it holds a batch more than it wants to. Marks come whatever it says.
	Full() bool
	// Pending reports whether results or marks are still to come out. The watermark of the end of time has been
	// handed to the operator when the task asks before the End.
	Pending() bool
}
