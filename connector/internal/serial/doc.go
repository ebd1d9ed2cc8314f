// Package serial runs the background jobs of one writer one at a time and in order.
//
//	q := serial.New(env.Executor, "sql: commit")
//	q.Put(func() { … })   // runs later, behind those put before
//	q.Wait()              // all that were put have run
//
// A job runs in the background, or in Wait itself if nobody has begun it:
//
//	Put ──> jobs ──┬── Executor: drain ──┐
//	               └── Wait: drain ──────┴── one of them at a time
//
// So a task may wait for its writer's jobs also where background jobs are steps of the very goroutine that the task
// runs in, as in a simulation: it never waits for a job that has not begun.
//
// Jobs must not call Put or Wait of their own queue while they run; done callbacks into a runtime do not.
package serial
