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

// releasedContainers are those that every release is recorded with.
var releasedContainers = []string{"web", "db", "api"}

// recordRelease attaches containers of two networks, one of them with the backend iptables, and
// keeps what is on the host afterwards.
func recordRelease(t *testing.T, dir string) {
	t.Run("record", func(t *testing.T) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		r := newReleased(t, dir)
		demo := testbed.DemoNetwork(built, r.h)
		demo.Wrap = r.boot
		lab := demo.With(0, "bridge", "lab0").With(0, "name", "lab").With(1, "name", "lab").With(0, "hairpinMode", true).
			With(0, "mode", "routed").With(0, "isolation", "network").With(0, "ipam", testbed.Config{"subnet": "10.98.0.0/24"}).
			With(1, "backend", "iptables")
		r.keep(t, []attached{
			r.attach(t, demo, "web", testbed.Port{HostPort: 8080, ContainerPort: 80},
				testbed.Port{HostPort: 8081, ContainerPort: 80, HostIP: testbed.HostAddr4, SourceRanges: []string{testbed.LANAddr4}}),
			r.attach(t, demo, "db"),
			r.attach(t, lab, "api", testbed.Port{HostPort: 9090, ContainerPort: 80}),
		})
	})
}

func (r released) attach(t *testing.T, n testbed.Network, id string, ports ...testbed.Port) attached {
	t.Helper()
	c := testbed.Container{ID: id, Netns: r.paths["{"+id+"}"], Ports: ports}
	return attached{Container: id, Ports: ports, Chain: n.Chain, Result: n.Add(t, c).Raw}
}

// keep writes the files of the release.
func (r released) keep(t *testing.T, list []attached) {
	t.Helper()
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	book, err := os.ReadFile(filepath.Join(r.h.StateDir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"attachments.json": string(text) + "\n", "state.db": string(book), "ruleset.nft": r.ruleset(),
		"ruleset.netlink": string(r.h.SaveRules("vethbridge")),
		"iptables.rules":  r.h.Run("iptables-save"), "links.sh": r.links(t),
	} {
		if name != "state.db" && name != "ruleset.netlink" {
			content = strings.NewReplacer(r.words(true)...).Replace(content)
		}
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// link is what "ip -json -details address" says about a link.
type link struct {
	IfName, Address, Group, IfAlias, Master string
	IfIndex                                 int
	LinkIndex                               int `json:"link_index"`
	MTU                                     int
	LinkInfo                                struct {
		Kind  string `json:"info_kind"`
		Slave struct {
			Hairpin, Isolated bool
			GroupForward      string `json:"group_fwd_mask"`
		}
	}
	Addresses []struct {
		Local, Scope string
		PrefixLen    int
	} `json:"addr_info"`
}

// linksIn lists the links of a namespace; ip(8) has keys of both spellings.
func (r released) linksIn(t *testing.T, netns string) (list []link) {
	t.Helper()
	text := strings.ReplaceAll(r.h.RunIn(netns, "ip", "-json", "-details", "address"), "info_slave_data", "slave")
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// links is a script that makes the links again, with their addresses, routes and sysctls.
func (r released) links(t *testing.T) string {
	t.Helper()
	var script strings.Builder
	say := func(format string, a ...any) { fmt.Fprintf(&script, format+"\n", a...) }
	say("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.uplink.accept_ra=%s",
		strings.TrimSpace(r.h.Run("sysctl", "-n", "net.ipv6.conf.uplink.accept_ra")))
	host := r.linksIn(t, "/proc/thread-self/ns/net")
	for _, l := range host {
		if l.LinkInfo.Kind == "bridge" {
			say("ip link add %s address %s type bridge", l.IfName, l.Address)
			say("ip link set %s mtu %d alias '%s'", l.IfName, l.MTU, l.IfAlias)
			r.settle(t, say, "", "/proc/thread-self/ns/net", l)
		}
	}
	for _, c := range releasedContainers {
		netns := r.paths["{"+c+"}"]
		for _, inner := range r.linksIn(t, netns) {
			for _, l := range host {
				if l.IfIndex == inner.LinkIndex {
					say("ip link add %s address %s mtu %d group %s type veth peer name %s address %s mtu %d netns {%s}",
						l.IfName, l.Address, l.MTU, l.Group, inner.IfName, inner.Address, inner.MTU, c)
					say("ip link set %s master %s alias '%s'", l.IfName, l.Master, l.IfAlias)
					port := l.LinkInfo.Slave
					say("ip link set %s type bridge_slave hairpin %s isolated %s group_fwd_mask %s", l.IfName, onOff(port.Hairpin), onOff(port.Isolated), port.GroupForward)
					r.settle(t, say, "", "/proc/thread-self/ns/net", l)
					r.settle(t, say, "nsenter --net={"+c+"} ", netns, inner)
					r.routes(say, c)
				}
			}
		}
	}
	return script.String()
}

func onOff(on bool) string { return map[bool]string{true: "on", false: "off"}[on] }

// settle says the sysctls and addresses of a link, and sets it up; enter leads to its namespace.
func (r released) settle(t *testing.T, say func(string, ...any), enter, netns string, l link) {
	t.Helper()
	for _, key := range []string{"ipv6.conf.%s.accept_ra", "ipv6.conf.%s.autoconf", "ipv6.conf.%s.accept_redirects",
		"ipv6.conf.%s.accept_dad", "ipv6.conf.%s.addr_gen_mode", "ipv4.conf.%s.route_localnet"} {
		key = "net." + fmt.Sprintf(key, l.IfName)
		say("%ssysctl -qw %s=%s", enter, key, strings.TrimSpace(r.h.RunIn(netns, "sysctl", "-n", key)))
	}
	for _, a := range l.Addresses {
		if a.Scope != "link" {
			nodad := map[bool]string{true: " nodad"}[strings.Contains(a.Local, ":")]
			say("%sip address add %s/%d dev %s%s", enter, a.Local, a.PrefixLen, l.IfName, nodad)
		}
	}
	say("%sip link set %s up", enter, l.IfName)
}

// routes says the routes of a container that don't follow from its addresses.
func (r released) routes(say func(string, ...any), c string) {
	for _, family := range []string{"-4", "-6"} {
		for line := range strings.Lines(r.h.RunIn(r.paths["{"+c+"}"], "ip", family, "route")) {
			if !strings.Contains(line, "proto kernel") {
				say("nsenter --net={%s} ip %s route add %s", c, family, strings.TrimSpace(strings.ReplaceAll(line, "pref medium", "")))
			}
		}
	}
}
