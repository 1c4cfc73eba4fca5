package integration

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// listsLinks is a question for all links, as strace(1) shows it; it knows the kind of message only for sockets that
// it has seen an address of.
var listsLinks = regexp.MustCompile(`nlmsg_type=(RTM_GETLINK|0x12)[^{]*(NLM_F_DUMP|\|0x300)`)

// frugalDel makes DEL go through the chain, which must not list all links or, if nothing is there, rules.
func frugalDel(t *testing.T, n testbed.Network, c testbed.Container, when string, rules bool) {
	t.Helper()
	for _, conf := range inOrder("DEL", n.Chain) {
		plugin := conf["type"].(string)
		_, trace := straced(t, n.Plugins, testbed.Call{Plugin: plugin, Command: "DEL", Container: c.ID, Netns: c.Netns, Config: conf.JSON()})
		if found := listsLinks.FindString(trace); found != "" {
			t.Errorf("DEL of %s %s lists links: %s", plugin, when, found)
		}
		if !rules && strings.Contains(trace, "NFT_MSG_GETSETELEM") {
			t.Errorf("DEL of %s %s lists elements", plugin, when)
		}
	}
}

// TestDelOfWhatIsGoneListsNothing: runtimes call it before the first ADD, again, and after the namespace has gone. For
// each veth in a list of links the kernel looks through all namespaces.
func TestDelOfWhatIsGoneListsNothing(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "other")
	before := h.Snapshot()
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	n.Del(t, c, result.Raw)
	frugalDel(t, n, c, "again", false)
	frugalDel(t, n, testbed.Container{ID: "new", Netns: c.Netns}, "before ADD", false)
	h.StopServing()
	n.Add(t, c)
	h.Forget(c.Netns)
	testbed.Await(t, "the link to go with its namespace", func() bool { return !strings.Contains(h.Run("ip", "link"), "demo/web/eth0") })
	frugalDel(t, n, c, "without its namespace", true)
	h.Same(t, before)
}

// TestDelFindsByItsMarkWhatALostBookKnew: another attachment has begun a new one. Where the link is of another plugin,
// none of its marks tells of what natport did.
func TestDelFindsByItsMarkWhatALostBookKnew(t *testing.T) {
	h, n := newDemo(t)
	n.Chain[0] = testbed.Config{"cniVersion": "1.0.0", "name": "demo", "type": "ptp", "ipam": testbed.Config{
		"type": "host-local", "dataDir": t.TempDir(), "subnet": "10.98.0.0/24"}}
	n = n.With(1, "cniVersion", "1.0.0")
	before := h.Snapshot()
	c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	if err := os.RemoveAll(h.StateDir); err != nil {
		t.Fatal(err)
	}
	h.StopServing()
	db, dbResult := attach(t, h, n, "db", testbed.Port{HostPort: 8081, ContainerPort: 80})
	n.Del(t, c, result.Raw)
	if rules := h.Run("nft", "list", "ruleset"); strings.Contains(rules, "demo/web/eth0") || !strings.Contains(rules, "demo/db/eth0") {
		t.Errorf("after the DEL of web:\n%s", rules)
	}
	n.Del(t, db, dbResult.Raw)
	h.Sysctl("net/ipv4/ip_forward", "0")
	h.Same(t, before)
}

// TestWhatACopyOfTheBookDoesNotKnowIsFoundByItsMark: someone has put back the state file of before ADD. DEL sees by the
// link that there is something, GC by any mark.
func TestWhatACopyOfTheBookDoesNotKnowIsFoundByItsMark(t *testing.T) {
	for name, release := range map[string]func(h *testbed.Host, n testbed.Network, c testbed.Container, link string){
		"DEL": func(_ *testbed.Host, n testbed.Network, c testbed.Container, _ string) { n.Del(t, c, nil) },
		"GC": func(h *testbed.Host, n testbed.Network, _ testbed.Container, link string) {
			h.Run("ip", "link", "del", link)
			if a := collect(t, n, []any{testbed.Config{"containerID": "other", "ifname": "eth0"}}); a.Exit != 0 {
				t.Errorf("GC: %s", a.Stdout)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			attach(t, h, n, "other")
			h.StopServing()
			h.Run("cp", h.StateDir+"/state.db", h.StateDir+"/copy")
			c, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
			attach(t, h, otherNetwork(n), "elsewhere")
			h.Run("mv", h.StateDir+"/copy", h.StateDir+"/state.db")
			release(h, n, c, result.Interfaces[1].Name)
			left := h.Snapshot()
			if strings.Contains(left, "demo/web/eth0") || !strings.Contains(left, "demo/other/eth0") || !strings.Contains(left, "/elsewhere/eth0") {
				t.Errorf("left:\n%s", left)
			}
		})
	}
}
