package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"vethbridge/integration/testbed"
)

const (
	stormOwners = 24
	stormWidth  = 16
)

// TestAStormOfAddsAndDelsWithKillsEndsInNothing has ADDs and DELs of the same and of different
// owners run at once, a third of them killed on their way, with every two owners after the
// same host port. A DEL of each owner then leaves nothing.
func TestAStormOfAddsAndDelsWithKillsEndsInNothing(t *testing.T) {
	for _, backend := range backendNames {
		t.Run(backend, func(t *testing.T) {
			h, n := newDemo(t)
			n = by(t, n, backend).With(0, "ipMasq", true)
			warmUp(h, backend)
			before := h.Snapshot()
			s := newStorm(t, h, n, addTime(t, n, h.NewContainer()))
			s.rage(200)
			for _, c := range s.containers {
				n.Del(t, c, nil)
			}
			h.Same(t, before)
			if out, _ := operate(t, h, "ls", "--json"); strings.TrimSpace(out) != "[]" {
				t.Errorf("left in the state file: %s", out)
			}
			if out, code := operate(t, h, "check", "--state"); code != 0 {
				t.Errorf("check: %s", out)
			}
			if s.killed == 0 || s.added == 0 || s.refused == 0 {
				t.Errorf("%d killed, %d added, %d refused: no storm", s.killed, s.added, s.refused)
			}
			t.Logf("%d killed, %d added, %d refused", s.killed, s.added, s.refused)
		})
	}
}

type storm struct {
	t          *testing.T
	network    testbed.Network
	span       time.Duration // of one plugin's ADD
	containers []testbed.Container
	ended      chan *gust

	killed, added, refused int
}

// gust is an ADD or DEL on its way through the chain.
type gust struct {
	command   string
	container testbed.Container
	left      []testbed.Config // plugins that are still to be called
	previous  json.RawMessage
	process   *exec.Cmd
	out       bytes.Buffer
}

func newStorm(t *testing.T, h *testbed.Host, n testbed.Network, span time.Duration) *storm {
	s := &storm{t: t, network: n, span: span, ended: make(chan *gust)}
	for i := range stormOwners {
		ports := []testbed.Port{{HostPort: 8000 + i/2, ContainerPort: 80}, {HostPort: 9000 + 10*i, HostPortEnd: 9009 + 10*i, ContainerPort: 9000 + 10*i}}
		s.containers = append(s.containers, testbed.Container{ID: fmt.Sprint("c", i), Netns: h.NewContainer(), Ports: ports})
	}
	return s
}

// rage runs so many gusts, as many at once as the storm is wide. All processes are started by
// the test's own thread, which is what puts them on the host.
func (s *storm) rage(gusts int) {
	running := 0
	for gusts > 0 || running > 0 {
		if gusts > 0 && running < stormWidth {
			s.start(s.gust())
			gusts--
			running++
			continue
		}
		g := <-s.ended
		if s.goesOn(g) {
			s.start(g)
		} else {
			running--
		}
	}
}

func (s *storm) gust() *gust {
	g := &gust{command: "ADD", container: s.containers[rand.IntN(stormOwners)], left: slices.Clone(s.network.Chain)}
	if rand.IntN(2) == 0 {
		g.command = "DEL"
		slices.Reverse(g.left)
	}
	return g
}

// start calls the next plugin, and perhaps lets it be killed.
func (s *storm) start(g *gust) {
	conf := g.left[0].With("runtimeConfig", testbed.Config{"portMappings": g.container.Ports})
	if g.previous != nil {
		conf = conf.With("prevResult", g.previous)
	}
	g.left = g.left[1:]
	g.out.Reset()
	g.process = s.network.Plugins.Command(testbed.Call{
		Plugin: conf["type"].(string), Command: g.command, Container: g.container.ID, Netns: g.container.Netns, Config: conf.JSON(),
	})
	g.process.Stdout = &g.out
	if err := g.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	if process := g.process.Process; rand.IntN(3) == 0 {
		time.AfterFunc(rand.N(s.span*stormWidth), func() { _ = process.Kill() })
	}
	go func() {
		_ = g.process.Wait()
		s.ended <- g
	}()
}

// goesOn judges what a plugin answered, and reports whether the next one is to be called.
func (s *storm) goesOn(g *gust) bool {
	answer := testbed.Answer{Exit: g.process.ProcessState.ExitCode(), Stdout: g.out.String()}
	failure, explained := answer.Error()
	switch {
	case !g.process.ProcessState.Exited():
		s.killed++
		return false
	case answer.Exit == 0:
		if g.command == "ADD" {
			g.previous = slices.Clone(json.RawMessage(g.out.Bytes()))
		}
		if g.command == "ADD" && len(g.left) == 0 {
			s.added++
		}
		return len(g.left) > 0
	case g.command == "DEL" || !explained:
		s.t.Errorf("%s of %s: exit %d: %s", g.command, g.container.ID, answer.Exit, g.out.String())
	default:
		s.refused++
		s.t.Log(failure.Message)
	}
	return false
}
