package testbed

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// Config is a network config as JSON keys and values.
type Config map[string]any

// With returns a copy with a key set; a nil value removes it.
func (c Config) With(key string, value any) Config {
	n := maps.Clone(c)
	if n[key] = value; value == nil {
		delete(n, key)
	}
	return n
}

// JSON returns the config as text.
func (c Config) JSON() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Port is an entry of portMappings.
type Port struct {
	HostPort      int      `json:"hostPort"`
	HostPortEnd   int      `json:"hostPortEnd,omitempty"`
	ContainerPort int      `json:"containerPort"`
	Protocol      string   `json:"protocol,omitempty"`
	HostIP        string   `json:"hostIP,omitempty"`
	SourceRanges  []string `json:"sourceRanges,omitempty"`
}

// Network is a chain of plugins, called as libcni does.
type Network struct {
	Plugins Plugins
	Chain   []Config
	Wrap    []string // a command that runs each call, such as strace
}

// DemoNetwork is the chain of both plugins, dual stack, with its state on the host.
func DemoNetwork(p Plugins, h *Host) Network {
	ranges := []any{[]any{Config{"subnet": "10.99.0.0/24"}}, []any{Config{"subnet": "fd99::/64"}}}
	common := Config{"cniVersion": "1.1.0", "name": "demo", "stateDir": h.StateDir}
	return Network{Plugins: p, Chain: []Config{
		merge(common, Config{"type": "vethbridge", "bridge": "demo0", "isDefaultGateway": true, "removeBridge": true,
			"ipam": Config{"ranges": ranges}}),
		merge(common, Config{"type": "natport", "ipMasq": true}),
	}}
}

func merge(a, b Config) Config {
	n := maps.Clone(a)
	maps.Copy(n, b)
	return n
}

// With returns the network with a key of one plugin set.
func (n Network) With(plugin int, key string, value any) Network {
	n.Chain = slices.Clone(n.Chain)
	n.Chain[plugin] = n.Chain[plugin].With(key, value)
	return n
}

// Container is one attachment on a network.
type Container struct {
	ID    string
	Netns string
	Ports []Port
	Args  string
}

// Result is the part of an ADD's result that tests look at.
type Result struct {
	Interfaces []struct{ Name, Mac, Sandbox string }
	IPs        []struct{ Address, Gateway string }
	Raw        json.RawMessage
}

// TryAdd calls ADD down the chain and returns the last answer and its result.
func (n Network) TryAdd(t testing.TB, c Container) (Answer, Result) {
	t.Helper()
	var previous json.RawMessage
	var answer Answer
	for _, conf := range n.Chain {
		answer = n.call(t, "ADD", conf, c, previous)
		if answer.Exit != 0 {
			return answer, Result{}
		}
		previous = json.RawMessage(answer.Stdout)
	}
	result := Result{Raw: previous}
	if err := json.Unmarshal(previous, &result); err != nil {
		t.Fatalf("result of ADD: %v: %s", err, previous)
	}
	return answer, result
}

// TryAddWrapped is TryAdd with one plugin of the chain run by another command.
func (n Network) TryAddWrapped(t testing.TB, c Container, victim int, wrap []string) (Answer, Result) {
	t.Helper()
	var previous json.RawMessage
	var answer Answer
	for i, conf := range n.Chain {
		n.Wrap = nil
		if i == victim {
			n.Wrap = wrap
		}
		if answer = n.call(t, "ADD", conf, c, previous); answer.Exit != 0 {
			return answer, Result{}
		}
		previous = json.RawMessage(answer.Stdout)
	}
	return answer, Result{Raw: previous}
}

// Add is TryAdd that must succeed.
func (n Network) Add(t testing.TB, c Container) Result {
	t.Helper()
	answer, result := n.TryAdd(t, c)
	if answer.Exit != 0 {
		t.Fatalf("ADD of %s: %s%s", c.ID, answer.Stdout, answer.Stderr)
	}
	return result
}

// Del calls DEL up the chain; every plugin must succeed.
func (n Network) Del(t testing.TB, c Container, previous json.RawMessage) {
	t.Helper()
	for _, conf := range slices.Backward(n.Chain) {
		if a := n.call(t, "DEL", conf, c, previous); a.Exit != 0 {
			t.Fatalf("DEL of %s by %s: %s%s", c.ID, conf["type"], a.Stdout, a.Stderr)
		}
	}
}

// TryDel calls DEL of one plugin of the chain.
func (n Network) TryDel(t testing.TB, c Container, plugin int) Answer {
	t.Helper()
	return n.call(t, "DEL", n.Chain[plugin], c, nil)
}

// Check calls CHECK down the chain and returns the first answer that is no success.
func (n Network) Check(t testing.TB, c Container, previous json.RawMessage) Answer {
	t.Helper()
	var a Answer
	for _, conf := range n.Chain {
		if a = n.call(t, "CHECK", conf, c, previous); a.Exit != 0 {
			return a
		}
	}
	return a
}

func (n Network) call(t testing.TB, command string, conf Config, c Container, previous json.RawMessage) Answer {
	t.Helper()
	if previous != nil {
		conf = conf.With("prevResult", previous)
	}
	if len(c.Ports) > 0 && conf["type"] != "vethbridge" {
		conf = conf.With("runtimeConfig", Config{"portMappings": c.Ports})
	}
	return n.Plugins.Do(t, Call{
		Plugin: conf["type"].(string), Command: command, Container: c.ID, Netns: c.Netns, Args: c.Args, Config: conf.JSON(), Wrap: n.Wrap,
	})
}
