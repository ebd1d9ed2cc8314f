package kafka_test

import (
	"bufio"
	"context"
	"encoding/json/v2"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/turgo-io/turgo/connector/kafka"
	"github.com/turgo-io/turgo/connector/kafka/kafkatest"
)

var (
	kills   = flag.Int("kills", 4, "how many times to kill -9 the process that copies")
	crashes = flag.Int("broker-kills", 0, "how many times to kill -9 a broker meanwhile; needs TURGO_KAFKA_CLUSTER")
)

// clusterDir is the directory of the brokers that scripts/kafka.sh started, "" if there are none to hurt.
func clusterDir() string { return os.Getenv("TURGO_KAFKA_CLUSTER") }

// broker has the script do something to a broker.
func broker(t *testing.T, do string, n int) {
	out, err := exec.Command("../../scripts/kafka.sh", do, clusterDir(), fmt.Sprint(n)).CombinedOutput()
	if err != nil { // not of the test's goroutine
		t.Errorf("%s broker %d: %v: %s", do, n, err, out)
	}
}

// process is a child that runs.
type process struct {
	*exec.Cmd
	opened chan struct{} // closed when it has restored
	gone   chan error    // its end
	errors *strings.Builder
}

func (c child) spawn(t *testing.T) *process {
	require.NoError(t, os.WriteFile(filepath.Join(c.Dir, "turn"), []byte(fmt.Sprint(c.Turn)), 0o600))
	config, err := json.Marshal(c)
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(os.Args[0]), opened: make(chan struct{}), gone: make(chan error, 1), errors: &strings.Builder{}}
	p.Env = append(os.Environ(), childEnv+"="+string(config))
	p.Stderr = p.errors
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	go func() {
		lines := bufio.NewScanner(stdout)
		if lines.Scan() {
			close(p.opened)
		}
		for lines.Scan() { // nothing more is said
			continue
		}
		p.gone <- p.Wait()
	}()
	return p
}

// restored waits until the process has restored, or ended.
func (p *process) restored() {
	select {
	case <-p.opened:
	case err := <-p.gone:
		p.gone <- err
	}
}

// ends waits for the process to end by itself.
func (p *process) ends(t *testing.T, within time.Duration) error {
	select {
	case err := <-p.gone:
		return err
	case <-time.After(within):
		_ = p.Process.Kill()
		<-p.gone
		t.Fatalf("the process did not end within %v: %s", within, p.errors)
		return nil
	}
}

// copied makes topics with perKey numbers of each key.
func copied(t *testing.T, keys, perKey int) child {
	brokers, in := brokersWith(t, "kill-in", 4)
	c := child{Brokers: brokers, In: in, Out: in + "-out", Dir: t.TempDir(), Every: 40, Records: 400}
	require.NoError(t, kafka.CreateTopic(background(t), brokers, c.Out, 4))
	require.NoError(t, kafkatest.Fill(background(t), brokers, in, func(yield func(record) bool) {
		for n := range perKey {
			for k := range keys {
				if !yield(record{Key: fmt.Appendf(nil, "k%d", k), Value: fmt.Append(nil, n)}) {
					return
				}
			}
		}
	}))
	return c
}

// requireCopied checks that everything came out once.
func requireCopied(t *testing.T, c child, keys, perKey int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got, err := kafkatest.Read(ctx, c.Brokers, c.Out)
	require.NoError(t, err)
	v := judge(got, keys, perKey)
	t.Log(v)
	require.Equal(t, verdict{records: keys * perKey}, v)
}

// A process that copies exactly once is killed at random instants, under requests that are delayed, repeated and cut; with
// a cluster to hurt, brokers are killed and stand still meanwhile. Long form: -kills 100 -broker-kills 20.
func TestKilledProcesses(t *testing.T) {
	t.Parallel()
	const keys = 97
	perKey, live := 80+25*(*kills)+20*(*crashes), 300
	if *crashes > 0 {
		live = 4000 // a broker comes back in seconds
	}
	c := copied(t, keys, perKey)
	if *crashes > 0 {
		c.Records = 40 // there must be work left for the last kill
	}
	c.Hurt, c.Seed = 0.02, rand.Uint64()
	t.Logf("seed %d", c.Seed)
	random := rand.New(rand.NewPCG(c.Seed, 0))
	hurting := hurtBrokers(t, random.Uint64())
	killed := 0
	for ended := false; !ended; {
		c.Turn++
		if killed >= *kills {
			c.Records = 1 << 20 // the rest at full speed
		}
		require.Less(t, c.Turn, 50+10*(*kills)+200*(*crashes), "it ends never")
		p := c.spawn(t)
		if killed < *kills {
			if random.IntN(3) > 0 { // a third dies while it restores
				p.restored()
			}
			<-time.After(time.Duration(random.IntN(live)) * time.Millisecond)
			_ = p.Process.Kill()
		}
		err := p.ends(t, 3*time.Minute)
		ended = err == nil
		if p.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
			killed++
		} else if !ended {
			t.Logf("process %d: %v: %.300s", c.Turn, err, p.errors)
		}
		require.NotContains(t, p.errors.String(), "its records are lost")
	}
	require.GreaterOrEqual(t, killed, *kills*3/4, "there was too little to copy")
	t.Logf("%d kills, %d processes, %d broker kills", killed, c.Turn, <-hurting)
	requireCopied(t, c, keys, perKey)
}

// hurtBrokers kills brokers one at a time, as often as asked, and lets every third stand still for a while instead.
func hurtBrokers(t *testing.T, seed uint64) (done chan int) {
	done = make(chan int, 1)
	if clusterDir() == "" || *crashes == 0 {
		done <- 0
		return done
	}
	random := rand.New(rand.NewPCG(seed, 1))
	go func() {
		for i := range *crashes {
			n := 1 + random.IntN(3)
			if i%3 == 2 {
				broker(t, "freeze", n)
				<-time.After(time.Duration(3+random.IntN(5)) * time.Second) // past the session timeout
				broker(t, "thaw", n)
			}
			broker(t, "kill", n)
			<-time.After(time.Duration(random.IntN(3000)) * time.Millisecond)
			broker(t, "up", n)
			<-time.After(time.Duration(2+random.IntN(3)) * time.Second)
		}
		done <- *crashes
	}()
	return done
}

// A process that stood still is thought dead, and another takes over; when it goes on, nothing of it is committed.
func TestFrozenProcess(t *testing.T) {
	t.Parallel()
	const keys, perKey = 97, 60
	c := copied(t, keys, perKey)
	c.Records = 50
	for range 2 {
		c.Turn++
		old := c.spawn(t)
		old.restored()
		<-time.After(150 * time.Millisecond)
		require.NoError(t, old.Process.Signal(syscall.SIGSTOP))
		c.Turn++
		next := c.spawn(t)
		next.restored()
		<-time.After(100 * time.Millisecond)
		require.NoError(t, old.Process.Signal(syscall.SIGCONT))
		require.Error(t, old.ends(t, patience), "an old process has no say any more")
		_ = next.Process.Kill()
		<-next.gone
	}
	c.Turn++
	last := c.spawn(t)
	require.NoError(t, last.ends(t, time.Minute), "%s", last.errors)
	requireCopied(t, c, keys, perKey)
}
