package runtimes

import (
	"fmt"
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
	name, handler string
	options       func(number int) map[string]any
	up, down      []time.Duration
}

// onPort publishes a port of a pod's own.
func onPort(number int) map[string]any {
	return published(portMapping{HostPort: 20000 + number, ContainerPort: 81})
}

// onHost is a pod without a network of its own, for what all but the network costs.
func onHost(int) map[string]any {
	return map[string]any{"hostname": "", "linux": map[string]any{
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

// start starts pods at once, and returns their sandboxes' IDs and what went wrong.
func (c *contender) start(t *testing.T) (sandboxes, failures []string) {
	t.Helper()
	configs := make([]string, burst)
	for i := range configs {
		configs[i] = podConfig(t, fmt.Sprintf("pod-%d", i), c.options(i))
	}
	begin := time.Now()
	said, failures := atOnce(configs, func(config string) (string, error) { return crictl("runp", "-r", c.handler, config) })
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
	onMachine(t, func(t *testing.T) {
		newNode(t, handlerOf(t, "iptables", reference("ref0", "10.245.0.0/24", "iptables")),
			handlerOf(t, "nftables", reference("ref1", "10.246.0.0/24", "nftables")))
		ours := &contender{name: "ours", handler: "runc", options: onPort}
		peers := []*contender{
			{name: "reference, iptables", handler: "iptables", options: onPort},
			{name: "reference, nftables", handler: "nftables", options: onPort},
			{name: "no network", handler: "runc", options: onHost},
		}
		for range rounds {
			comeAndGo(t, ours)
			for _, peer := range peers {
				sandboxes, failures := peer.start(t)
				failures = append(failures, peer.stop(sandboxes)...)
				if len(failures) > 0 {
					t.Logf("%s: %d calls failed: %s", peer.name, len(failures), failures[0])
				}
			}
		}
		for _, c := range append([]*contender{ours}, peers...) {
			c.log(t, ours)
		}
	})
}

// comeAndGo wants all our pods to answer, and to leave nothing.
func comeAndGo(t *testing.T, ours *contender) {
	t.Helper()
	before := podState(t)
	sandboxes, failures := ours.start(t)
	for i := range sandboxes {
		answers(t, fmt.Sprintf("pod-%d", i), fromLAN("tcp", fmt.Sprint(20000+i))...)
	}
	for _, failure := range append(failures, ours.stop(sandboxes)...) {
		t.Error(failure)
	}
	if after := podState(t); after != before {
		t.Errorf("left:\n%s\nbefore:\n%s", after, before)
	}
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
