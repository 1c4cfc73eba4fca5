package runtimes

import (
	"fmt"
	"strings"
	"testing"
)

// TestPodman5NetworksAreAsTheirOptionsSay has what podman's own driver has too come out the same.
func TestPodman5NetworksAreAsTheirOptionsSay(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		before := state(t)
		for i, c := range []struct{ options, ask, want, lacks string }{
			{"--gateway SUBNET.254", "ip route", "default via SUBNET.254", ""},
			{"--ip-range SUBNET.128/25", "ip address", "inet SUBNET.129/24", ""},
			{"--route 192.0.2.0/24,SUBNET.9,77", "ip route", "192.0.2.0/24 via SUBNET.9 dev eth0  metric 77", ""},
			{"--opt no_default_route=true", "ip route", "SUBNET.0/24", "default"},
			{"--opt metric=200", "ip route", "metric 200", ""},
			{"--opt mtu=1280", "ip link", "mtu 1280", ""},
			{"--internal", "ip route", "SUBNET.0/24", "default"},
			{"--interface-name mine", "ip address", "SUBNET.2", ""},
		} {
			subnet := fmt.Sprintf("10.70.%d", i)
			options := strings.Fields(strings.ReplaceAll(c.options, "SUBNET", subnet))
			p.do(append(append([]string{"network", "create", "-d", "vethbridge", "--subnet", subnet + ".0/24"}, options...), "net")...)
			p.serve("web", "--network", "net")
			said := p.do(append([]string{"exec", "web"}, strings.Fields(c.ask)...)...)
			if !strings.Contains(said, strings.ReplaceAll(c.want, "SUBNET", subnet)) || c.lacks != "" && strings.Contains(said, c.lacks) {
				t.Errorf("%s: %s says\n%s, want %q and not %q", c.options, c.ask, said, c.want, c.lacks)
			}
			if _, err := try(append(p.in("web"), "/bin/ping", "-c", "1", "-W", "1", lanAddress)...); (err == nil) == (c.lacks == "default") {
				t.Errorf("%s: ping of the LAN: %v", c.options, err)
			}
			p.do("rm", "-f", "-t", "0", "web")
			p.do("network", "rm", "net")
		}
		if after := state(t); after != before {
			t.Errorf("was\n%s\nleft:\n%s", before, after)
		}
		p.subject().passed(t, add, "gateway, range, routes, MTU, internal and metric of a network")
	})
}

// TestPodman5ReloadsNetworks: "podman network reload" is what its users know against lost rules.
func TestPodman5ReloadsNetworks(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		p.networks()
		p.serve("web", "--network", "front", "-p", "8080:80")
		reachable(t, "web", "8080", p.in("web")...)
		rules := func() string { return volatile.ReplaceAllString(run(t, "nft", "list", "ruleset"), "") }
		before := rules()
		run(t, "nft", "flush", "ruleset")
		silent(t, fromLAN("tcp", "8080")...)
		p.do("network", "reload", "web")
		reachable(t, "web", "8080", p.in("web")...)
		if after := rules(); after != before {
			t.Errorf("was\n%s\nis:\n%s", before, after)
		}
		p.subject().passed(t, add, "network reload brings lost rules back")
	})
}
