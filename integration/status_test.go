package integration

import (
	"fmt"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// status asks whether an ADD could succeed, with keys of the bridge changed.
func status(t *testing.T, n testbed.Network, keys testbed.Config, wrap ...string) testbed.Answer {
	t.Helper()
	for key, value := range keys {
		n = n.With(0, key, value)
	}
	return n.Plugins.Do(t, testbed.Call{Plugin: "vethbridge", Command: "STATUS", Config: n.Chain[0].JSON(), Wrap: wrap})
}

// TestStatusNamesWhatStandsInTheWayOfAnAdd: each of these would make ADD fail.
func TestStatusNamesWhatStandsInTheWayOfAnAdd(t *testing.T) {
	h, n := newDemo(t)
	h.Run("ip", "link", "add", "demo0", "type", "bridge")
	h.Run("ip", "link", "add", "other0", "type", "bridge")
	h.Run("ip", "link", "add", "spare0", "type", "veth", "peer", "name", "spare1")
	h.Run("ip", "link", "set", "spare0", "master", "other0")
	before := h.Snapshot()
	for words, keys := range map[string]testbed.Config{
		"link spare1 is a veth, not a bridge":                   {"bridge": "spare1"},
		"VLAN filtering":                                        {"vlan": 100},
		"there is no link nowhere0 to be the uplink":            {"uplink": "nowhere0"},
		"uplink uplink carries " + testbed.HostAddr4:            {"uplink": "uplink"},
		"uplink spare0 is a port of other0 already":             {"uplink": "spare0"},
		"uplink uplink carries " + testbed.HostAddr4 + "/24, 2": {"uplink": "uplink", "bridge": "new0"},
		"MTU 9000 of the port is larger than MTU 1500":          {"uplink": "spare1", "mtu": 9000},
	} {
		if e, ok := status(t, n, keys).Error(); !ok || e.Code != 50 || !strings.Contains(e.Message, words) || e.Details == "" {
			t.Errorf("%v: %+v; want code 50, the words %q and a way out", keys, e, words)
		}
	}
	for _, keys := range []testbed.Config{nil, {"uplink": "spare1"}, {"uplink": "uplink", "uplinkMoveAddresses": true, "bridge": "new0"}} {
		if a := status(t, n, keys); a.Exit != 0 {
			t.Errorf("%v: %s", keys, a.Stdout)
		}
	}
	h.Same(t, before)
}

// TestStatusFailsWithoutAKernelThatHoldsRules has the sockets of a thread, from one of them on, answer as
// those of a kernel without nftables do. Guard and walls need it, whatever masquerades.
func TestStatusFailsWithoutAKernelThatHoldsRules(t *testing.T) {
	_, n := newDemo(t)
	n = n.With(0, "isDefaultGateway", nil)
	var last testbed.Answer
	for i := range 60 { // which socket is which thread's is chance
		last = status(t, n, nil, "strace", "-f", "-qq", "-o", "/dev/null", "-e", fmt.Sprintf("inject=socket:error=EPROTONOSUPPORT:when=%d+", 1+i%3))
		if e, ok := last.Error(); ok && e.Code == 50 && strings.Contains(e.Message, "open nftables socket") {
			return
		}
	}
	t.Errorf("STATUS has not named nftables: %+v", last)
}
