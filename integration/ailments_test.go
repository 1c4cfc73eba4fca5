package integration

import (
	"os"
	"strings"

	"vethbridge/integration/testbed"
)

// ailment is a broken host: what breaks it, words of what the doctor says, and where he has no
// command, what follows his words.
type ailment struct {
	name, words string
	make, cure  func(*testbed.Host, testbed.Network, testbed.Container)
}

type deed = func(*testbed.Host, testbed.Network, testbed.Container)

// byShell runs commands on the host.
func byShell(words string) deed {
	return func(h *testbed.Host, _ testbed.Network, _ testbed.Container) { h.Run("sh", "-ec", words) }
}

func ailments() []ailment {
	return append(hostAilments(), linkAilments()...)
}

func hostAilments() []ailment {
	return []ailment{
		{"forwarding off", "net.ipv4.ip_forward is \"0\"", byShell("sysctl -qw net.ipv4.ip_forward=0"), nil},
		{"IPv6 forwarding off", "net.ipv6.conf.all.forwarding is \"0\"", byShell("sysctl -qw net.ipv6.conf.all.forwarding=0"), nil},
		{"IPv6 disabled", "net.ipv6.conf.default.disable_ipv6 is 1", byShell("sysctl -qw net.ipv6.conf.default.disable_ipv6=1"), nil},
		{"router advertisements ignored", "loses it while the host forwards: accept_ra is 1",
			byShell("ip -6 route replace default via " + testbed.LANAddr6 + " proto ra; sysctl -qw net.ipv6.conf.uplink.accept_ra=1"), nil},
		{"docker's policy", "iptables-nft's FORWARD chain drops what is forwarded (set by docker)", byShell("iptables-nft -N DOCKER-USER; iptables-nft -P FORWARD DROP"), nil},
		{"ufw's policy, IPv6", "ip6tables-nft's FORWARD chain drops what is forwarded (set by ufw)", byShell("ip6tables-nft -N ufw6-before-forward; ip6tables-nft -P FORWARD DROP"), nil},
		{"legacy policy", "iptables-legacy's FORWARD chain drops what is forwarded", byShell("iptables-legacy -P FORWARD DROP"), nil},
		{"somebody's nftables", "inet theirs forward drops", byShell("nft add table inet theirs; nft add chain inet theirs forward '{ type filter hook forward priority 0; policy drop; }'"), nil},
		{"somebody's last rule", "ip theirs forward drops", byShell("nft add table ip theirs; nft add chain ip theirs forward '{ type filter hook forward priority 0; }'; " +
			"nft add rule ip theirs forward ct state established accept; nft add rule ip theirs forward iifname demo0 accept; nft add rule ip theirs forward counter reject"), nil},
		{"both variants of iptables", "both iptables-legacy and iptables-nft", byShell("iptables-legacy -A FORWARD -s 192.0.2.1; iptables-nft -A FORWARD -s 192.0.2.1"),
			byShell("nft delete table ip filter")},
		{"ruleset flushed", "rules were removed", byShell("nft flush ruleset"), nil},
		{"ruleset flushed, with a port on localhost", "containers on demo0 reach what listens on the host's 127.0.0.1", byShell("nft flush ruleset"), nil},
		{"guard of the loopback flushed", "containers on demo0 reach what listens on the host's 127.0.0.1", byShell("nft flush chain inet vethbridge guard"), nil},
		{"guard flushed", "rules were removed", byShell("nft flush chain bridge vethbridge prerouting"), nil},
		{"the reference portmap's rule", "iptables-nft leads host port 8080/tcp elsewhere by a rule of the reference portmap, and demo/web/eth0 has that port",
			byShell("iptables-nft -t nat -N CNI-HOSTPORT-DNAT; iptables-nft -t nat -A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 8080 -j ACCEPT; iptables-nft -t nat -A CNI-HOSTPORT-DNAT -p udp -m multiport --dports 8080 -j ACCEPT"), nil},
		{"the reference portmap's rule, by nftables", "nftables leads host port 8080/tcp elsewhere by a rule of the reference portmap, and demo/web/eth0 has that port",
			byShell("nft add table ip cni_hostport; nft add chain ip cni_hostport hostports; nft add rule ip cni_hostport hostports tcp dport 8081 dnat to 192.0.2.1:80 comment other; nft add rule ip cni_hostport hostports udp dport 8080 dnat to 192.0.2.1:80 comment other; " +
				"nft add rule ip cni_hostport hostports ip daddr 192.0.2.2 tcp dport 8080 dnat to 192.0.2.1:80 comment old"), nil},
		{"a process listens", "listens on port 8080, which is published for demo/web/eth0", func(h *testbed.Host, _ testbed.Network, _ testbed.Container) { h.Serve("", "tcp", 8080, "host") },
			func(h *testbed.Host, _ testbed.Network, _ testbed.Container) { h.StopServing() }},
		{"docker publishes our port", "docker-proxy (pid ", func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			rename(h, "docker-proxy")
			h.Serve("", "tcp", 8080, "host")
		}, func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			h.StopServing()
			rename(h, "integration.tes")
		}},
		{"firewalld's StrictForwardPorts", "firewalld refuses ports that others than itself publish", byShell("nft add table inet firewalld; nft add chain inet firewalld filter_FORWARD_dnat"),
			byShell("nft delete table inet firewalld")},
		{"a killed trace", "a killed trace has left its tables", func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			cmd, _ := startTrace(h.T(), h, testbed.HostAddr4, 8080)
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}, nil},
		{"state directory open to others", "can be written by others", func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			h.Run("chmod", "777", h.StateDir)
		}, func(h *testbed.Host, _ testbed.Network, _ testbed.Container) { h.Run("chmod", "700", h.StateDir) }},
	}
}

func linkAilments() []ailment {
	return []ailment{
		{"port taken off the bridge", " is not a port of bridge demo0", func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			h.Run("ip", "link", "set", linkOf(h), "nomaster")
		}, nil},
		{"link deleted", " is missing", func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			h.Run("ip", "link", "del", linkOf(h))
		}, again},
		{"port down", " is down", func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			h.Run("ip", "link", "set", linkOf(h), "down")
		}, nil},
		{"bridge deleted", "there is no bridge demo0", byShell("ip link del demo0"), again},
		{"gateway flushed", "demo0 has lost its address 10.99.0.1/24", byShell("ip addr del 10.99.0.1/24 dev demo0"), nil},
		{"link-local address flushed", "demo0 has lost its address fe80::", byShell("ip -6 addr flush dev demo0 scope link"), nil},
		{"port renamed", "is called other0 now", func(h *testbed.Host, _ testbed.Network, _ testbed.Container) {
			link := linkOf(h)
			h.Run("sh", "-ec", "ip link set "+link+" down; ip link set "+link+" name other0; ip link set other0 up")
		}, nil},
		{"IPv6 turned off on the bridge", "demo0 has lost its address fd99::1/64", byShell("sysctl -qw net.ipv6.conf.demo0.disable_ipv6=1"), nil},
		{"the host has the container's address", "the host reaches 10.99.0.2 of demo/web/eth0 by \"lo\", not by demo0", byShell("ip addr add 10.99.0.2/32 dev uplink"), byShell("ip addr del 10.99.0.2/32 dev uplink")},
		{"a route of a VPN to the container", "the host reaches fd99::2 of demo/web/eth0 by \"uplink\", not by demo0", byShell("ip route add fd99::2/128 dev uplink"), byShell("ip route del fd99::2/128 dev uplink")},
		{"forwarding off for the bridge", "net.ipv4.conf.demo0.forwarding is 0", byShell("sysctl -qw net.ipv4.conf.demo0.forwarding=0"), nil},
		{"localhost closed", "net.ipv4.conf.demo0.route_localnet is 0", byShell("sysctl -qw net.ipv4.conf.demo0.route_localnet=0"), nil},
		{"forwarding off for the uplink", "net.ipv4.conf.uplink.forwarding is 0", byShell("sysctl -qw net.ipv4.conf.uplink.forwarding=0"), nil},
		{"dead container", "is dead", func(h *testbed.Host, _ testbed.Network, c testbed.Container) {
			h.RunIn(c.Netns, "ip", "link", "del", "eth0")
			h.Forget(c.Netns)
		}, nil},
		{"default route gone in the container", "demo/web/eth0: the container lacks route 0.0.0.0/0 via 10.99.0.1", inContainer("ip route del default"), nil},
		{"address gone in the container", "eth0 in the container lacks address 10.99.0.2/24", inContainer("ip addr del 10.99.0.2/24 dev eth0"), nil},
		{"no ARP in the container", "eth0 in the container asks for no neighbours", inContainer("ip link set eth0 arp off"), nil},
		{"interface down in the container", "eth0 in the container is up: false", inContainer("ip link set eth0 down"), nil},
		{"interface renamed in the container", "eth0 is missing in the container", inContainer("ip link set eth0 down; ip link set eth0 name other"), again},
		{"bridge down", "bridge demo0 is down", byShell("ip link set demo0 down"), nil},
		{"bridge with jumbo frames", "bridge demo0 has MTU 9000", byShell("ip link set demo0 mtu 9000"), nil},
		{"strict reverse path", "net.ipv4.conf.all.rp_filter is 1", second("net/ipv4/conf/all/rp_filter"), nil},
		{"strict reverse path of a bridge", "net.ipv4.conf.demo0.rp_filter is 1", second("net/ipv4/conf/demo0/rp_filter"), nil},
		{"hairpin mode off", "has hairpin mode off: demo/web/eth0 does not reach its own published ports", func(h *testbed.Host, n testbed.Network, c testbed.Container) {
			h.Run("sh", "-ec", "ip link set "+linkOf(h)+" type bridge_slave hairpin off")
		}, nil},
	}
}

// inContainer runs commands in the container.
func inContainer(words string) deed {
	return func(h *testbed.Host, _ testbed.Network, c testbed.Container) { h.RunIn(c.Netns, "sh", "-ec", words) }
}

// rename gives this process another name.
func rename(h *testbed.Host, name string) {
	if err := os.WriteFile("/proc/self/comm", []byte(name), 0); err != nil {
		h.T().Fatal(err)
	}
}

// second makes a second network, and the reverse-path filter strict.
func second(key string) deed {
	return func(h *testbed.Host, n testbed.Network, _ testbed.Container) {
		otherNetwork(n).Add(h.T(), testbed.Container{ID: "other", Netns: h.NewContainer()})
		h.Sysctl(key, "1")
	}
}

// again makes the container anew, as its runtime would.
func again(h *testbed.Host, n testbed.Network, c testbed.Container) {
	n.Del(h.T(), c, nil)
	n.Add(h.T(), c)
}

// linkOf is the one port of the demo bridge.
func linkOf(h *testbed.Host) string {
	_, rest, _ := strings.Cut(h.Run("ip", "link", "show", "master", "demo0"), ": ")
	name, _, _ := strings.Cut(rest, "@")
	return name
}
