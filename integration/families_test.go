package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestEachFamilyOfAPortIsServedByItself is promise P43: a port is published for the families that
// its host address and the container have in common, and refused if there is none.
func TestEachFamilyOfAPortIsServedByItself(t *testing.T) {
	h, n := newDemo(t)
	only := func(subnet string) testbed.Network {
		return n.With(0, "ipam", testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": subnet}}}})
	}
	four, six := only("10.99.0.0/24"), only("fd99::/64")
	for _, c := range []struct {
		name    string
		network testbed.Network
		hostIP  string
		served  string // addresses of the host; none: refused
	}{
		{"both, any address", n, "", testbed.HostAddr4 + " " + testbed.HostAddr6},
		{"both, any address as runtimes write it", n, "0.0.0.0", testbed.HostAddr4 + " " + testbed.HostAddr6},
		{"both, any IPv6 address", n, "::", testbed.HostAddr6},
		{"both, an IPv4 address", n, testbed.HostAddr4, testbed.HostAddr4},
		{"both, an IPv4 address as IPv6", n, "::ffff:" + testbed.HostAddr4, testbed.HostAddr4},
		{"IPv4 only, any address", four, "", testbed.HostAddr4},
		{"IPv4 only, an IPv6 address", four, testbed.HostAddr6, ""},
		{"IPv6 only, any address", six, "", testbed.HostAddr6},
		{"IPv6 only, an IPv4 address", six, testbed.HostAddr4, ""},
	} {
		web := testbed.Container{ID: "web", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 8080, ContainerPort: 80, HostIP: c.hostIP}}}
		answer, result := c.network.TryAdd(t, web)
		if e, _ := answer.Error(); c.served == "" && (e.Code != 7 || !strings.Contains(e.Message, "family")) || c.served != "" && answer.Exit != 0 {
			t.Errorf("%s: %s", c.name, answer.Stdout)
		}
		h.Serve(web.Netns, "tcp", 80, "web")
		for _, host := range []string{testbed.HostAddr4, testbed.HostAddr6} {
			if strings.Contains(c.served, host) {
				expect(t, h, h.LAN, "tcp", host, 8080, "web", "")
			} else if !h.Silent(h.LAN, "tcp", host, 8080) {
				t.Errorf("%s: %s is served", c.name, host)
			}
		}
		c.network.Del(t, web, result.Raw)
	}
}
