package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// rulesOf is what a backend has of ours.
func rulesOf(h *testbed.Host, backend string) string {
	if backend == "nftables" {
		return h.Run("sh", "-c", "nft list table inet vethbridge 2>&1 || true")
	}
	return h.Run(backend + "-save")
}

// TestABackendCanBeChangedUnderAnAttachment has each backend take over from each other one by a
// repeated ADD, without a DEL that knows of it.
func TestABackendCanBeChangedUnderAnAttachment(t *testing.T) {
	for _, from := range backendNames {
		for _, to := range backendNames {
			t.Run("from "+from+" to "+to, func(t *testing.T) {
				h, n := newDemo(t)
				warmUp(h, "iptables-nft")
				warmUp(h, "iptables-legacy")
				before := h.Snapshot()
				n = by(t, n, from)
				web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
				changed := by(t, n, to)
				natport := testbed.Network{Plugins: n.Plugins, Chain: changed.Chain[1:]}
				conf := natport.Chain[0].With("prevResult", result.Raw).With("runtimeConfig", testbed.Config{"portMappings": web.Ports})
				again := testbed.Call{Plugin: "natport", Command: "ADD", Container: web.ID, Netns: web.Netns, Config: conf.JSON()}
				if a := n.Plugins.Do(t, again); a.Exit != 0 {
					t.Fatalf("ADD with the other backend: %s", a.Stdout)
				}
				for _, backend := range backendNames {
					if has := strings.Contains(rulesOf(h, backend), "8080"); has != (backend == to) {
						t.Errorf("%s has the port: %v", backend, has)
					}
				}
				expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", testbed.LANAddr4)
				n.Del(t, web, result.Raw)
				h.Same(t, before)
			})
		}
	}
}

// TestBackendsWorkSideBySide has two containers of one network held by two backends.
func TestBackendsWorkSideBySide(t *testing.T) {
	for _, other := range backendNames[1:] {
		t.Run(other, func(t *testing.T) {
			h, n := newDemo(t)
			warmUp(h, other)
			before := h.Snapshot()
			h.Serve(h.LAN, "tcp", 7000, "lan")
			web, webResult := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			second := by(t, n, other)
			db, dbResult := attach(t, h, second, "db", testbed.Port{HostPort: 8081, ContainerPort: 80})
			for _, c := range []testbed.Container{web, db} {
				expect(t, h, c.Netns, "tcp", testbed.HostAddr4, 8080, "web", "")
				expect(t, h, c.Netns, "tcp", testbed.HostAddr4, 8081, "db", "")
				expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", testbed.HostAddr4)
			}
			expect(t, h, db.Netns, "tcp", web4, 80, "web", "10.99.0.3")
			for _, port := range []int{8080, 8081} {
				expect(t, h, h.LAN, "tcp", testbed.HostAddr4, port, map[int]string{8080: "web", 8081: "db"}[port], testbed.LANAddr4)
			}
			taken := testbed.Container{ID: "taken", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
			if a, _ := second.TryAdd(t, taken); !strings.Contains(a.Stdout, "demo/web/eth0") {
				t.Errorf("a port that the other backend holds: %s", a.Stdout)
			}
			second.Del(t, taken, nil)
			n.Del(t, web, webResult.Raw)
			expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8081, "db", testbed.LANAddr4)
			n.Del(t, db, dbResult.Raw)
			h.Same(t, before)
		})
	}
}

// TestAnAddWhoseIPv6FailsLeavesNoIPv4Behind has a program of iptables fail for IPv6 only, for the first
// container of a host and for a later one.
func TestAnAddWhoseIPv6FailsLeavesNoIPv4Behind(t *testing.T) {
	for _, backend := range backendNames[1:] {
		t.Run(backend, func(t *testing.T) {
			h, n := newDemo(t)
			n = by(t, n, backend)
			warmUp(h, backend)
			path := os.Getenv("PATH")
			for port, others := range []string{"", "db"} {
				if others != "" {
					attach(t, h, n, others, testbed.Port{HostPort: 8000 + port, ContainerPort: 80})
				}
				before := rulesOf(h, backend)
				failing(t, strings.Replace(backend, "iptables", "ip6tables", 1)+"-restore")
				web := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80}}}
				if a, _ := n.TryAdd(t, web); a.Exit == 0 || !strings.Contains(a.Stdout, "no such luck") {
					t.Errorf("ADD: exit %d, %s", a.Exit, a.Stdout)
				}
				if after := withoutTimes(rulesOf(h, backend)); after != withoutTimes(before) {
					t.Errorf("left:\n%s\nbefore:\n%s", after, before)
				}
				t.Setenv("PATH", path)
				n.Del(t, web, nil)
			}
		})
	}
}

// failing puts a program that fails in front of one of iptables.
func failing(t *testing.T, name string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho no such luck >&2\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// withoutTimes leaves out comments, which have the time of day, and counters.
func withoutTimes(saved string) string {
	return regexp.MustCompile(`(?m)^#.*\n|\[\d+:\d+\]`).ReplaceAllString(saved, "")
}

// TestABackendThatIsNotInstalledIsSaidToBeMissing, with the way out.
func TestABackendThatIsNotInstalledIsSaidToBeMissing(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipMasq", true).With(0, "ipMasqBackend", "iptables")
	n.Wrap = []string{"env", "PATH=/nonexistent"}
	refused(t, h, n, testbed.Container{ID: "web", Netns: h.NewContainer()}, 999, "find iptables (install it, or choose the backend nftables)")
}
