package bug

import "fmt"

// ID is a bug.
type ID uint8

// The bugs, by the package that has them. None is always on in a program without bugs.
const (
	None ID = iota
	// Package exchange.
	SpillLost
	SpillOvertaken
	BarrierFirst
	BatchReused
	WatermarkEarly
	OwnerOfLastGroup
	HeldInputRead
	// Package runtime.
	SkipAlignment
	WatermarkOfFastest
	InputWatermarkForgotten
	PositionsOld
	SplitForgotten
	PayloadLost
	InFlightLost
	// Package checkpoint.
	CommitBeforeDurable
	CommitBeforeAcknowledged
	PartForgotten
	RestoredPayloadLost
	OlderRestored
	// Package snapshot.
	SyncSkipped
	// Package operator.
	FlushSkippedAtBarrier
	EventTimeForgotten
	FiredTwiceAfterRestart
	LateAccepted
	TimersAfterWatermark
	SessionsNotJoined
	// Package window.
	RollingUnsorted
	FirstSlideMissed
	// Package state.
	TimerLostOnRestore
	TimerRemovalLost
	GroupForgotten
	CopyOnWriteSkipped
	MapRemovalLost
	UnionTornApart

	count
)

var descriptions = [count]string{
	None:                     "no bug",
	SpillLost:                "exchange: a batch that finds the ring full loses its records",
	SpillOvertaken:           "exchange: a batch that finds room passes those that wait for it",
	BarrierFirst:             "exchange: a barrier stands before the records of its batch",
	BatchReused:              "exchange: the sender writes into a batch that it has handed over",
	WatermarkEarly:           "exchange: two watermarks of a batch become one where the first stood",
	OwnerOfLastGroup:         "exchange: the records of the last key group go to the first subtask",
	HeldInputRead:            "exchange: an input that has given its barrier is read on",
	SkipAlignment:            "runtime: the first barrier takes the snapshot",
	WatermarkOfFastest:       "runtime: the watermark is that of the fastest input",
	InputWatermarkForgotten:  "runtime: a restored task does not take up its watermark",
	PositionsOld:             "runtime: a checkpoint holds the positions of the one before",
	SplitForgotten:           "runtime: the last split of a source begins anew after a restart",
	PayloadLost:              "runtime: a checkpoint lacks what the last sink of a task has prepared",
	InFlightLost:             "runtime: a checkpoint that overtakes records does not store them",
	CommitBeforeDurable:      "checkpoint: sinks commit when all tasks have acknowledged, before the manifest is durable",
	CommitBeforeAcknowledged: "checkpoint: sinks commit when the last task but one has acknowledged",
	PartForgotten:            "checkpoint: the last part of an operator's state is not restored",
	RestoredPayloadLost:      "checkpoint: the first payload of a sink is not restored",
	OlderRestored:            "checkpoint: a restart begins from the checkpoint before the newest",
	SyncSkipped:              "snapshot: files and folders of a store are not synced",
	FlushSkippedAtBarrier:    "operator: gathered records are handed on behind the barrier",
	EventTimeForgotten:       "operator: event time begins anew after a restart",
	FiredTwiceAfterRestart:   "operator: windows fire twice after a restart",
	LateAccepted:             "operator: a late record opens its window again",
	TimersAfterWatermark:     "operator: timers fire behind the watermark that they waited for",
	SessionsNotJoined:        "operator: a record between two sessions joins only one of them",
	RollingUnsorted:          "window: a late entry of a rolling aggregate is put at the end",
	FirstSlideMissed:         "window: a sliding window misses the records of its first slide",
	TimerLostOnRestore:       "state: the first timer of an operator is not restored",
	TimerRemovalLost:         "state: a snapshot does not know that a timer is gone",
	GroupForgotten:           "state: the last key group of a part is not restored",
	CopyOnWriteSkipped:       "state: a snapshot in flight sees what is changed meanwhile",
	MapRemovalLost:           "state: a snapshot does not know that a map entry is gone",
	UnionTornApart:           "state: union lists are dealt out instead of given to all",
}

// String says what the bug does.
func (b ID) String() string {
	if b >= count {
		return fmt.Sprint("bug ", int(b))
	}
	return descriptions[b]
}

// All returns every bug.
func All() (all []ID) {
	for b := None + 1; b < count; b++ {
		all = append(all, b)
	}
	return all
}
