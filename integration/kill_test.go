package integration

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"vethbridge/integration/testbed"
)

// kills are those that hit; a plugin may be done before.
const kills = 200

// TestAKilledAddIsUndoneByDel kills one of the plugins at a random moment of ADD. The pool
// is so small that a single lost address would be missed by the end.
func TestAKilledAddIsUndoneByDel(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.99.0.0/30"}}}})
	before := h.Snapshot()
	netns := h.NewContainer()
	span := addTime(t, n, netns)
	died, survived := 0, 0
	for i := 0; died < kills; i++ {
		c := testbed.Container{ID: fmt.Sprint("c", i), Netns: netns, Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
		if killedAdd(t, n, c, died%2, rand.N(span)) {
			died++
			span += span / 20
		} else { // half of the calls shall be killed, however fast the machine is just now
			span -= span / 20
			survived++
		}
		n.Del(t, c, nil)
		h.Same(t, before)
		if survived > 10*kills { // half of them, if all is well
			t.Fatalf("only %d of %d calls could be killed, aimed at the first %v", died, i+1, span)
		}
		if t.Failed() {
			t.Fatalf("after kill %d", i)
		}
	}
	t.Logf("%d calls were killed, %d came to their end before", died, survived)
	last := testbed.Container{ID: "last", Netns: netns}
	n.Del(t, last, n.Add(t, last).Raw)
}

// addTime measures how long one plugin's ADD takes, to aim within it.
func addTime(t *testing.T, n testbed.Network, netns string) time.Duration {
	c := testbed.Container{ID: "probe", Netns: netns}
	begin := time.Now()
	result := n.Add(t, c)
	span := time.Since(begin) / 2
	n.Del(t, c, result.Raw)
	return span
}

// killedAdd runs the chain's ADD and kills the plugin number victim after a delay. It
// reports whether the plugin died of it.
func killedAdd(t *testing.T, n testbed.Network, c testbed.Container, victim int, delay time.Duration) bool {
	t.Helper()
	var previous json.RawMessage
	if victim == 1 {
		first := testbed.Network{Plugins: n.Plugins, Chain: n.Chain[:1]}
		previous = first.Add(t, c).Raw
	}
	conf := n.Chain[victim].With("runtimeConfig", testbed.Config{"portMappings": c.Ports})
	if previous != nil {
		conf = conf.With("prevResult", previous)
	}
	cmd := n.Plugins.Command(testbed.Call{Plugin: conf["type"].(string), Command: "ADD", Container: c.ID, Netns: c.Netns, Config: conf.JSON()})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(delay)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return !cmd.ProcessState.Exited()
}
