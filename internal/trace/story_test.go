package trace

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func at(family uint8, table, chain string, e *Event) *Event {
	e.Family, e.Table, e.Chain = family, table, chain
	return e
}

var known = Packet{unix.IPPROTO_TCP, netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("198.51.100.1:80")}

func edgeOf(family uint8, chain string, in, out uint32) *Event {
	return at(family, TableName, chain, &Event{Kind: AtPolicy, Verdict: Accept, In: in, Out: out, Packet: known})
}

func TestAStoryEndsWhereThePacketWasLastSeen(t *testing.T) {
	const inet, bridge = unix.NFPROTO_INET, unix.NFPROTO_BRIDGE
	routed := []*Event{edgeOf(inet, "prerouting-begin", 1, 0), edgeOf(inet, "prerouting-end", 1, 0), edgeOf(inet, "forward-begin", 1, 9)}
	out := slices.Concat(routed, []*Event{edgeOf(inet, "forward-end", 1, 9), edgeOf(inet, "postrouting-begin", 0, 9), edgeOf(inet, "postrouting-end", 0, 9)})
	queue := at(unix.NFPROTO_IPV4, "filter", "INPUT", &Event{Kind: AtRule, Handle: 4, Verdict: Queue})
	for want, events := range map[string][]*Event{
		"unseen: no such packet was seen":                 nil,
		"lost: lost after hook prerouting: there is no":   routed[:2],
		"lost: lost after hook forward: no rule of nftab": routed,
		"lost: left for bridge link9, and no port of it":  out,
		"left: left by link7":                             slices.Concat(out, []*Event{edgeOf(bridge, "postrouting-begin", 0, 7), edgeOf(bridge, "postrouting-end", 0, 7)}),
		"lost: lost after hook prerouting: the bridge di": {edgeOf(bridge, "prerouting-begin", 7, 0), edgeOf(bridge, "prerouting-end", 7, 0)},
		"lost: lost after hook input: there is no route":  {edgeOf(bridge, "input-end", 7, 0)},
		"arrived: arrived at the host itself":             {edgeOf(inet, "input-begin", 1, 0), edgeOf(inet, "input-end", 1, 0)},
		"lost: lost after hook output: the kernel droppe": {edgeOf(inet, "output-end", 0, 1)},
		"lost: handed to a program by rule 4":             {edgeOf(inet, "input-begin", 1, 0), queue},
	} {
		s := Tell(events, names())
		if got := string(s.Fate) + ": " + s.End; !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func names() Names {
	return Names{
		Link:     func(index uint32) string { return fmt.Sprint("link", index) },
		Rule:     func(e *Event) string { return fmt.Sprint("rule ", e.Handle) },
		IsBridge: func(name string) bool { return name == "link9" },
	}
}

func TestWhoseATableIs(t *testing.T) {
	for names, want := range map[string]string{
		"inet vethbridge-walls forward": "vethbridge", "ip filter DOCKER-USER": "docker", "ip filter FORWARD": "iptables", "inet filter forward": "",
		"ip6 nat KUBE-SERVICES": "kube-proxy", "inet firewalld filter_FORWARD": "firewalld", "ip docker-bridges raw": "docker", "ip filter ufw-user-input": "ufw",
		"ip nat CNI-HOSTPORT-DNAT": "the reference CNI plugins", "ip filter VETHBRIDGE-FORWARD": "vethbridge",
	} {
		n := strings.Fields(names)
		if got := Owner(n[0], n[1], n[2]); got != want {
			t.Errorf("%s is %q, want %q", names, got, want)
		}
	}
}

// FuzzPacketsOfAnyBytes: headers are what strangers send.
func FuzzPacketsOfAnyBytes(f *testing.F) {
	f.Add([]byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1}, []byte{0x9c, 0x40, 0, 80})
	f.Add(append([]byte{0x60, 0, 0, 0, 0, 0, 17, 64}, make([]byte, 32)...), []byte{0, 1, 0, 2, 3})
	f.Fuzz(func(t *testing.T, network, transport []byte) {
		p := parsePacket(network, transport)
		if p.Known() != (p.From.Addr().IsValid() && p.To.Addr().IsValid()) || p.Known() && p.String() == "" {
			t.Errorf("%x %x: %+v", network, transport, p)
		}
	})
}
