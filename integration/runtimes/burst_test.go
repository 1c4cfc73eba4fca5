package runtimes

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// burst is how many pods are started and stopped at once, and rounds how often.
const (
	burst  = 20
	rounds = 3
)

// contender is a way of running pods whose time is taken.
type contender struct {
	name     string
	handler  handler
	options  func(number int) map[string]any
	up, down []time.Duration
}

// onPort publishes a port of a pod's own.
func onPort(number int) map[string]any {
	return published(portMapping{HostPort: 20000 + number, ContainerPort: 81})
}

// onHost is a pod without a network of its own, for what all but the network costs.
func onHost(int) map[string]any {
	return map[string]any{"hostname": "", "linux": map[string]any{
		"cgroup_parent":    os.Getenv(cgroup),
		"security_context": map[string]any{"namespace_options": map[string]any{"network": 2}},
	}}
}

// reference is the conflist of the reference plugins that is closest to our sample.
func reference(bridge, subnet, backend string) string {
	return strings.NewReplacer("BRIDGE", bridge, "SUBNET", subnet, "BACKEND", backend).Replace(`{
  "cniVersion": "1.0.0",
  "name": "BRIDGE",
  "plugins": [
    {
      "type": "bridge", "bridge": "BRIDGE", "isDefaultGateway": true, "hairpinMode": true, "ipMasq": true, "ipMasqBackend": "BACKEND",
      "ipam": { "type": "host-local", "ranges": [[{ "subnet": "SUBNET" }]] }
    },
    { "type": "portmap", "snat": true, "backend": "BACKEND", "capabilities": { "portMappings": true } }
  ]
}`)
}

// pods writes what the pods are.
func (c *contender) pods(t *testing.T) (configs []string) {
	t.Helper()
	for i := range burst {
		configs = append(configs, podConfig(t, fmt.Sprintf("pod-%d", i), c.options(i)))
	}
	return configs
}

// start starts pods at once, and returns their sandboxes' IDs and what went wrong.
func (c *contender) start(configs []string) (sandboxes, failures []string) {
	begin := time.Now()
	said, failures := atOnce(configs, func(config string) (string, error) { return crictl("runp", "-r", c.handler.name, config) })
	c.up = append(c.up, time.Since(begin))
	for _, id := range said {
		sandboxes = append(sandboxes, strings.TrimSpace(id))
	}
	return sandboxes, failures
}

// stop stops and removes pods at once.
func (c *contender) stop(sandboxes []string) (failures []string) {
	begin := time.Now()
	_, failures = atOnce(sandboxes, func(id string) (string, error) {
		if out, err := crictl("stopp", id); err != nil {
			return out, err
		}
		return crictl("rmp", id)
	})
	c.down = append(c.down, time.Since(begin))
	return failures
}

// atOnce does the same with all, and returns what was said, and what was said in failing.
func atOnce(all []string, do func(string) (string, error)) (said, failures []string) {
	var doing sync.WaitGroup
	var lock sync.Mutex
	for _, one := range all {
		doing.Go(func() {
			out, err := do(one)
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				failures = append(failures, fmt.Sprintf("%s: %v: %s", one, err, out))
				return
			}
			said = append(said, out)
		})
	}
	doing.Wait()
	return said, failures
}

// TestManyPodsAtOnceComeAndGo also logs what the same costs with the reference plugins.
func TestManyPodsAtOnceComeAndGo(t *testing.T) {
	onNodes(t, func(t *testing.T, r release) {
		iptables := newHandler(t, "iptables", reference("ref0", "10.245.0.0/24", "iptables"))
		nftables := newHandler(t, "nftables", reference("ref1", "10.246.0.0/24", "nftables"))
		n := newNode(t, r, samplePods(t), iptables, nftables)
		ours := &contender{name: "ours", handler: runc, options: onPort}
		peers := []*contender{
			{name: "reference, iptables", handler: iptables, options: onPort},
			{name: "reference, nftables", handler: nftables, options: onPort},
			{name: "no network", handler: runc, options: onHost},
		}
		for range rounds {
			n.comeAndGo(ours)
			for _, peer := range peers {
				sandboxes, failures := peer.start(peer.pods(t))
				failures = append(failures, peer.stop(sandboxes)...)
				if len(failures) > 0 {
					t.Logf("%s: %d calls failed: %s", peer.name, len(failures), failures[0])
				}
			}
		}
		for _, c := range append([]*contender{ours}, peers...) {
			c.log(t, ours)
		}
		n.passed(t, add, burstOf20)
	})
}

// comeAndGo wants all our pods to answer, and to leave nothing.
func (n *node) comeAndGo(ours *contender) {
	n.t.Helper()
	before := podState(n.t)
	sandboxes, failures := ours.start(ours.pods(n.t))
	for i := range sandboxes {
		answers(n.t, fmt.Sprintf("pod-%d", i), fromLAN("tcp", fmt.Sprint(20000+i))...)
	}
	for _, failure := range append(failures, ours.stop(sandboxes)...) {
		n.t.Error(failure)
	}
	n.same(before)
}

// log says how long the pods took, in the median of the rounds.
func (c *contender) log(t *testing.T, ours *contender) {
	t.Helper()
	up, down := median(c.up), median(c.down)
	t.Logf("%d pods at once, %s: up %d ms (%.2f x ours), down %d ms (%.2f x ours)", burst, c.name,
		up.Milliseconds(), up.Seconds()/median(ours.up).Seconds(), down.Milliseconds(), down.Seconds()/median(ours.down).Seconds())
}

func median(all []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(all))[len(all)/2]
}

// TestContainerdKilledInABurstLeavesNothingOfOurs is about plugins whose runtime dies while they
// work. Namespaces that containerd forgets are its own.
func TestContainerdKilledInABurstLeavesNothingOfOurs(t *testing.T) {
	onNodes(t, func(t *testing.T, r release) {
		n := newNode(t, r, samplePods(t))
		before := podState(t)
		for _, attached := range []int{1, burst / 2, burst - 1} {
			ours := &contender{handler: runc, options: onPort}
			configs := ours.pods(t)
			done := make(chan struct{})
			go func() {
				defer close(done)
				ours.start(configs)
			}()
			eventually(t, "pods are attached", func() (string, bool) {
				said := run(t, bin+"/vethbridge", "ls", "--json")
				return said, strings.Count(said, `"container"`) >= attached
			})
			n.kill()
			<-done
			n.start()
			for _, failure := range ours.stop(strings.Fields(n.do("pods", "-q"))) {
				t.Error(failure)
			}
			forget(t)
			n.same(before)
		}
		n.passed(t, del, "the daemon is killed while 20 containers start: nothing of ours is left")
	})
}

// forget removes the namespaces that containerd made.
func forget(t *testing.T) {
	t.Helper()
	made, err := filepath.Glob("/run/netns/cni-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range made {
		run(t, "ip", "netns", "delete", filepath.Base(path))
	}
}
