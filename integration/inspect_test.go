package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

func TestInspectShowsOneAttachmentByWhateverIsKnownOfIt(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipMasq", true)
	_, result := attach(t, h, n, "webserver", testbed.Port{HostPort: 8080, ContainerPort: 80})
	attach(t, h, n, "database")
	link := result.Interfaces[1].Name
	words := []string{"webserver", link, "demo0", "10.99.0.2/24", "fd99::2/64", "tcp 0.0.0.0:8080 -> 10.99.0.2:80", "0a:58:0a:63:00:02",
		"10.99.0.0/24", "senders4 " + link, "closed demo0"}
	for _, subject := range []string{"webserver", "web", "10.99.0.2", "fd99::2", "8080", link} {
		says(t, h, 0, words, "inspect", subject)
	}
	out, _ := operate(t, h, "inspect", "web", "--json")
	var whole struct{ Container, MAC string }
	if err := json.Unmarshal([]byte(out), &whole); err != nil || whole.Container != "webserver" || whole.MAC != "0a:58:0a:63:00:02" {
		t.Errorf("%v: %s", err, out)
	}
	says(t, h, 1, []string{`no attachment has "nobody"`}, "inspect", "nobody")
	n.Add(t, testbed.Container{ID: "webcache", Netns: h.NewContainer()})
	says(t, h, 1, []string{"demo/webserver/eth0", "demo/webcache/eth0", "is 2 attachments; say which by --network"}, "inspect", "web")
	says(t, h, 1, []string{`"web" is several attachments, demo/web`, "give an address"}, "trace", "web", "database", "80")
	n.Add(t, testbed.Container{ID: "web", Netns: h.NewContainer()}) // the whole ID of one, and the beginning of the others
	says(t, h, 0, []string{"10.99.0.5/24"}, "inspect", "web")
	says(t, h, 0, []string{"tcp 10.99.0.5:", "10.99.0.3 is demo/database/eth0"}, "trace", "web", "database", "80")
	says(t, h, 2, []string{"WHAT is missing"}, "inspect", "--json=false")
}

// TestInspectShowsLinksConnectionsAndLog: what else one would look for with ip, conntrack and tail.
func TestInspectShowsLinksConnectionsAndLog(t *testing.T) {
	h, n := newDemo(t)
	logFile := filepath.Join(t.TempDir(), "log")
	for plugin := range n.Chain {
		n = n.With(plugin, "logFile", logFile)
	}
	attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	attach(t, h, n, "db")
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
	config := filepath.Join(t.TempDir(), "demo.conflist")
	list := testbed.Config{"name": "demo", "cniVersion": "1.0.0", "plugins": n.Chain}
	if err := os.WriteFile(config, []byte(list.JSON()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, status := operate(t, h, "inspect", "web", "--config", config)
	wants(t, out, status, 0, "eth0, up, MAC 0a:58:0a:63:00:02, MTU 1500", "default via 10.99.0.1", "default via fd99::1", "received ", "sent ",
		"-> 198.51.100.1:8080, answered by 10.99.0.2:80 to 198.51.100.2:", `"verb":"ADD","network":"demo","container":"web"`)
	if strings.Contains(out, `"container":"db"`) {
		t.Errorf("lines about others:\n%s", out)
	}
}

func TestInspectTellsANetworkFromAnother(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	attach(t, h, otherNetwork(n), "web")
	says(t, h, 1, []string{"is 2 attachments"}, "inspect", "web")
	says(t, h, 0, []string{"other0"}, "inspect", "web", "--network", "other")
}

// TestEveryPortCountsItsConnections tells a port that nobody asks for from one behind which clients get lost.
func TestEveryPortCountsItsConnections(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, h *testbed.Host, n testbed.Network) {
		c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80}, testbed.Port{HostPort: 9090, ContainerPort: 80})
		for range 3 {
			expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 8080, "web", "")
		}
		counted := func(asked int) {
			t.Helper()
			says(t, h, 0, []string{
				fmt.Sprintf("tcp 0.0.0.0:8080 -> 10.99.0.2:80, connections so far: %d\n", asked),
				"tcp 0.0.0.0:9090 -> 10.99.0.2:80, connections so far: 0\n",
			}, "inspect", "web")
			figures(t, h, "counted", map[string]float64{
				"mapping_connections_total demo web tcp 0.0.0.0:8080 -> 10.99.0.2:80": float64(asked),
				"mapping_connections_total demo web tcp 0.0.0.0:9090 -> 10.99.0.2:80": 0,
			})
		}
		counted(3)
		n.Check(t, c, result.Raw)
		counted(3)
		other, theirs := attach(t, h, n, "db", testbed.Port{HostPort: 5432, ContainerPort: 5432})
		if strings.HasPrefix(filepath.Base(t.Name()), "iptables") {
			counted(0) // its programs write all rules anew
		} else {
			counted(3)
		}
		n.Del(t, other, theirs.Raw)
		n.Del(t, c, result.Raw)
	})
}
