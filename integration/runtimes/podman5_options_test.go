package runtimes

import (
	"fmt"
	"strings"
	"testing"
	"time"
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
		unchanged(t, before)
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

// TestManyContainersOfPodman5ComeAndGoAtOnce also logs what the same costs on a network of
// netavark's own.
func TestManyContainersOfPodman5ComeAndGoAtOnce(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		p := newPodman5(t)
		p.networks()
		p.do("network", "create", "--disable-dns", "--subnet", "10.91.0.0/24", "theirs")
		var up, down, theirUp, theirDown []time.Duration
		for range rounds {
			before := state(t)
			u, d := p.comeAndGo("front", 20000)
			up, down = append(up, u), append(down, d)
			unchanged(t, before)
			u, d = p.comeAndGo("theirs", 21000)
			theirUp, theirDown = append(theirUp, u), append(theirDown, d)
		}
		p.subject().passed(t, add, burstOf20)
		t.Logf("%d containers of podman 5 at once: up %d ms, down %d ms; by netavark itself: up %.2f x ours, down %.2f x ours",
			burst, median(up).Milliseconds(), median(down).Milliseconds(),
			median(theirUp).Seconds()/median(up).Seconds(), median(theirDown).Seconds()/median(down).Seconds())
	})
}

// comeAndGo starts containers at once, wants each to answer on a port of its own, and removes
// them at once.
func (p podman5) comeAndGo(network string, firstPort int) (up, down time.Duration) {
	p.t.Helper()
	var names []string
	for i := range burst {
		names = append(names, fmt.Sprint(firstPort+i))
	}
	begin := time.Now()
	_, failures := atOnce(names, func(name string) (string, error) {
		return try(p.words(append(p.start(), "--name", name, "--network", network, "-p", name+":80", "probe", "/bin/probe", "serve", name, "80")...)...)
	})
	up = time.Since(begin)
	for _, name := range names {
		answers(p.t, name, fromLAN("tcp", name)...)
	}
	begin = time.Now()
	_, more := atOnce(names, func(name string) (string, error) { return try(p.words("rm", "-f", "-t", "0", name)...) })
	for _, failure := range append(failures, more...) {
		p.t.Error(failure)
	}
	return up, time.Since(begin)
}
