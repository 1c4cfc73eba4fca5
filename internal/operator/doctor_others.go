package operator

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"vethbridge/internal/forward"
	"vethbridge/internal/host"
	"vethbridge/internal/listeners"
	"vethbridge/internal/netfilter"
	"vethbridge/internal/processes"
	"vethbridge/internal/trace"
	"vethbridge/pkg/nat"
)

// managers are programs that configure every link that they are not told to leave alone. Each
// keeps a file for a link, named by its index. What somebody else has set up, NetworkManager shows as connected
// externally, and leaves as it is.
func managers(ctx context.Context, s *session) error {
	rows, err := s.rows(ctx)
	var names []string
	for _, r := range rows {
		names = append(names, r.Bridge, r.Link)
	}
	var byNetworkManager, byNetworkd []string
	for _, name := range distinct(names) {
		link, err := s.host.Links.Uplink(name)
		if err != nil {
			continue // it is missing, which others see
		}
		index := strconv.Itoa(link.Index)
		external := has("/run/NetworkManager/system-connections/"+name+".nmconnection", "external=true")
		if !external && has("/run/NetworkManager/devices/"+index, "managed=true") {
			byNetworkManager = append(byNetworkManager, name)
		}
		if has("/run/systemd/netif/links/"+index, "ADMIN_STATE=configured", "ADMIN_STATE=configuring", "ADMIN_STATE=failed") {
			byNetworkd = append(byNetworkd, name)
		}
	}
	if len(byNetworkManager) > 0 {
		s.warning("networkmanager-manages-our-links", "NetworkManager manages "+strings.Join(byNetworkManager, ", ")+": it takes addresses away and brings links down",
			"for good: unmanaged-devices in /etc/NetworkManager/conf.d, as the page shows", commands("nmcli device set %s managed no", byNetworkManager)...)
	}
	if len(byNetworkd) > 0 {
		s.warning("systemd-networkd-manages-our-links", "systemd-networkd manages "+strings.Join(byNetworkd, ", ")+": a .network file matches, and its addresses and routes replace ours",
			"veth* instead of the names is for links to come, too", `printf '[Match]\nName=`+strings.Join(byNetworkd, " ")+`\n[Link]\nUnmanaged=yes\n' > /etc/systemd/network/00-vethbridge.network`, "networkctl reload")
	}
	return err
}

func commands(format string, names []string) (list []string) {
	for _, name := range names {
		list = append(list, fmt.Sprintf(format, name))
	}
	return list
}

// has reports whether a file has one of the lines.
func has(file string, lines ...string) bool {
	text, err := os.ReadFile(file)
	return err == nil && slices.ContainsFunc(strings.Split(string(text), "\n"), func(l string) bool { return slices.Contains(lines, l) })
}

// takenPorts are host ports on which a process of the host waits in vain, since the port is
// published. Runtimes that hold a port for a container do so on purpose.
func takenPorts(ctx context.Context, s *session) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	for _, protocol := range []nat.Protocol{nat.TCP, nat.UDP} {
		sockets, err := listeners.List(uint8(protocol))
		if err != nil {
			return err
		}
		for _, r := range rows {
			s.waitingInVain(r, protocol, sockets)
		}
	}
	return nil
}

func (s *session) waitingInVain(r *row, protocol nat.Protocol, sockets []listeners.Socket) {
	for i := range r.mappings {
		m := &r.mappings[i]
		for _, l := range sockets {
			if m.Protocol != protocol || r.State != host.Alive.String() || !l.Takes(uint8(protocol), netip.AddrPortFrom(m.Host, m.HostPort)) {
				continue
			}
			process := listeners.Process(l.Inode)
			name, _, _ := strings.Cut(process, " ")
			if slices.Contains([]string{"conmon", "rootlessport"}, name) {
				continue
			}
			s.warning("a-process-of-the-host-listens-on-a-published-port", fmt.Sprintf("%s listens on port %d, which is published for %s: clients get to the container", process, m.HostPort, r.record.Owner),
				"stop it or let it listen elsewhere; \"hostPortConflict\" says what the next ADD does about it")
		}
	}
}

// otherPlugins are rules that the reference portmap left, or still has, for host ports of ours.
func otherPlugins(ctx context.Context, s *session) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	for _, f := range forward.All() {
		rules, err := f.Rules("nat", "CNI-HOSTPORT-DNAT")
		if err != nil {
			return err
		}
		for _, rule := range rules {
			for _, port := range portsOf(rule) {
				if r := publisher(rows, port); r != nil {
					s.heldByPortmap(f.String(), port, r, f.String()+" -t nat -D"+strings.TrimPrefix(rule, "-A"))
				}
			}
		}
	}
	conn := &netfilter.Conn{}
	defer conn.Close()
	rules, err := conn.PortmapRules()
	for _, rule := range rules {
		if port := fmt.Sprintf("%d/%s", rule.Port, nat.Protocol(rule.Protocol)); publisher(rows, port) != nil {
			s.heldByPortmap("nftables", port, publisher(rows, port), fmt.Sprintf("nft delete rule %s handle %d", rule.Place, rule.Handle))
		}
	}
	return err
}

func (s *session) heldByPortmap(firewall, port string, r *row, remove string) {
	s.problem("another-plugin-holds-a-published-port", fmt.Sprintf("%s leads host port %s elsewhere by a rule of the reference portmap, and %s has that port", firewall, port, r.record.Owner),
		"remove its container by the runtime if there is one; else the rule is what a crash has left", remove)
}

// portsOf are the destination ports of a rule as "iptables -S" writes it, "8080/tcp".
func portsOf(rule string) (ports []string) {
	words := strings.Fields(rule)
	for i := 1; i < len(words); i++ {
		if words[i-1] == "--dport" || words[i-1] == "--dports" {
			ports = strings.Split(words[i], ",")
		}
	}
	if i := slices.Index(words, "-p"); i >= 0 && i+1 < len(words) {
		for n := range ports {
			ports[n] += "/" + words[i+1]
		}
	}
	return ports
}

func publisher(rows []*row, port string) *row {
	var wanted portFilter
	err := wanted.Set(port)
	for _, r := range rows {
		if err == nil && (filter{port: wanted}).ports(r.mappings) {
			return r
		}
	}
	return nil
}

// leftTrace is what a trace leaves that was killed.
func leftTrace(_ context.Context, s *session) error {
	left, err := trace.LeftBehind()
	if err != nil || !left || s.tracing() {
		return err
	}
	s.warning("a-killed-trace-has-left-its-tables", "a killed trace has left its tables "+trace.TableName, "the next trace replaces them",
		"nft delete table inet "+trace.TableName, "nft delete table bridge "+trace.TableName)
	return nil
}

// tracing reports whether a trace is under way on this host.
func (s *session) tracing() bool {
	const namespace = "ns/net"
	here, _ := os.Readlink("/proc/thread-self/" + namespace)
	return processes.With("", func(file string) bool {
		process, name := filepath.Split(file)
		if name != "cmdline" {
			return false
		}
		text, _ := os.ReadFile(file)
		words := strings.Split(string(text), "\x00")
		if len(words) < 2 || filepath.Base(words[0]) != "vethbridge" || words[1] != "trace" {
			return false
		}
		there, err := os.Readlink(process + namespace)
		return err != nil || there == here
	}) != ""
}
