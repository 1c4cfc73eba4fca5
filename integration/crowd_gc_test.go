package integration

import (
	"fmt"
	"testing"

	"vethbridge/integration/testbed"
)

// idleGC is what a GC of a crowd's first network takes that finds nothing to release.
func idleGC(t *testing.T, n testbed.Network, many int) map[string]burden {
	t.Helper()
	valid := []any{testbed.Config{"containerID": "other", "ifname": "eth0"}}
	for i := 1; i < min(many, perBridge); i++ {
		valid = append(valid, testbed.Config{"containerID": fmt.Sprint("c", i), "ifname": "eth0"})
	}
	all := map[string]burden{}
	for _, conf := range n.Chain {
		plugin := conf["type"].(string)
		_, trace := straced(t, n.Plugins, testbed.Call{Plugin: plugin, Command: "GC", Config: conf.With("cni.dev/valid-attachments", valid).JSON()})
		if found := listsLinks.FindString(trace); found != "" {
			t.Errorf("GC of %s beside %d lists links: %s", plugin, many, found)
		}
		all[plugin+" GC"] = burdenOf(trace)
	}
	return all
}

// growsByMarks judges a GC beside more others: it asks as often, and is told of each of them once what names it, and the
// least around that. 4 KiB of a list of names, and 32 of one of marks, come by one system call.
func growsByMarks(t *testing.T, name string, few, many burden, more int) {
	t.Helper()
	t.Logf("%s: %+v, and %+v beside %d more", name, few, many, more)
	if many.sends > few.sends || many.received > few.received+300*more || many.calls > few.calls+10+more/8 || many.written > few.written {
		t.Errorf("%s moves %+v, and %+v beside %d more", name, few, many, more)
	}
}
