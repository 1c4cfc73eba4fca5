package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// renamed are the reference plugins' types and ours in their place. The others of a list,
// firewall and tuning, are left out: they need nothing of ours.
var renamed = map[string]string{"bridge": "vethbridge", "portmap": "natport"}

// chainOf reads a conflist of the reference plugins as it is.
func chainOf(t *testing.T, file string) []testbed.Config {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		CNIVersion, Name string
		Plugins          []testbed.Config
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var chain []testbed.Config
	for _, p := range list.Plugins {
		if renamed[p["type"].(string)] != "" {
			if ipam, ok := p["ipam"].(map[string]any); ok {
				p["ipam"] = testbed.Config(ipam)
			}
			chain = append(chain, p.With("cniVersion", list.CNIVersion).With("name", list.Name))
		}
	}
	return chain
}

// switchedTypes changes the types, and says where tests keep state.
func switchedTypes(h *testbed.Host, chain []testbed.Config) []testbed.Config {
	chain = slices.Clone(chain)
	for i, p := range chain {
		chain[i] = p.With("type", renamed[p["type"].(string)]).With("stateDir", h.StateDir)
	}
	return chain
}

// builtIn leaves ipam.type out.
func builtIn(chain []testbed.Config) []testbed.Config {
	chain = slices.Clone(chain)
	chain[0] = chain[0].With("ipam", chain[0]["ipam"].(testbed.Config).With("type", nil))
	return chain
}

// seen is what a container has: the addresses and routes of its result, and what ip(8) shows.
func seen(t *testing.T, h *testbed.Host, c testbed.Container, r testbed.Result) string {
	t.Helper()
	result := struct {
		IPs    []struct{ Address, Gateway string }
		Routes []struct{ Dst string }
	}{}
	if err := json.Unmarshal(r.Raw, &result); err != nil {
		t.Fatal(err)
	}
	routes := h.RunIn(c.Netns, "ip", "-4", "route") + h.RunIn(c.Netns, "ip", "-6", "route")
	text, _ := json.Marshal(result)
	return string(text) + "\n" + linkLocal.ReplaceAllString(routes, "")
}

// linkLocal is what the reference leaves on IPv4-only networks too.
var linkLocal = regexp.MustCompile(`(?m)^fe80::.*\n`)

// asReference is what the reference bridge makes of the conflist.
func asReference(t *testing.T, chain []testbed.Config) (all string) {
	t.Run("reference", func(t *testing.T) {
		h, n := newDemo(t)
		dir := t.TempDir()
		ipam := chain[0]["ipam"].(testbed.Config).With("dataDir", dir)
		n.Chain = []testbed.Config{chain[0].With("ipam", ipam)}
		c := testbed.Container{ID: "web", Netns: h.NewContainer()}
		all = seen(t, h, c, n.Add(t, c))
	})
	return all
}

// TestAConflistOfTheReferencePluginsWorksWithItsTypesChanged takes the default networks of
// podman, nerdctl, CRI-O, containerd, flannel and minikube.
func TestAConflistOfTheReferencePluginsWorksWithItsTypesChanged(t *testing.T) {
	files, err := filepath.Glob("testdata/reference/*.conflist")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conflists: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".conflist")
		t.Run(name, func(t *testing.T) {
			want := asReference(t, chainOf(t, file))
			t.Run("types changed", func(t *testing.T) { switchTo(t, want, chainOf(t, file)) })
			t.Run("ipam.type dropped", func(t *testing.T) { switchTo(t, want, builtIn(chainOf(t, file))) })
		})
	}
}

func switchTo(t *testing.T, want string, chain []testbed.Config) {
	h, n := newDemo(t)
	n.Chain = switchedTypes(h, chain)
	if ipam := n.Chain[0]["ipam"].(testbed.Config); ipam["type"] != nil {
		n = n.With(0, "ipam", ipam.With("dataDir", t.TempDir()))
	}
	h.Serve(h.LAN, "tcp", 7001, "lan")
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	if got := seen(t, h, c, result); got != want {
		t.Errorf("ours has\n%s\nthe reference's has\n%s", got, want)
	}
	if n.Chain[0]["ipMasq"] == true {
		expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7001, "lan", testbed.HostAddr4)
	}
	if len(n.Chain) > 1 {
		expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
	}
	if answer := n.Check(t, c, result.Raw); n.Chain[0]["cniVersion"] != "0.3.1" && answer.Exit != 0 {
		t.Errorf("CHECK: %s", answer.Stdout)
	}
	n.Del(t, c, result.Raw)
	if rules := h.Run("nft", "list", "ruleset"); strings.Contains(rules, "vethbridge") {
		t.Errorf("left:\n%s", rules)
	}
}
