package operator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"vethbridge/internal/host"
	"vethbridge/internal/masquerade"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/internal/sysctl"
)

// kernelFeatures are those that nothing works without.
func kernelFeatures(ctx context.Context, s *session) (list []finding, err error) {
	const see = "the-kernel-lacks-something"
	if err := s.host.BackendUsable(ctx, masquerade.Auto); err != nil {
		list = append(list, finding{problem, err.Error(), nil, "the kernel needs nf_tables (CONFIG_NF_TABLES and NF_TABLES_INET)", see})
	}
	if _, err := sysctl.Get("net/netfilter/nf_conntrack_max"); errors.Is(err, fs.ErrNotExist) {
		list = append(list, finding{problem, "the kernel tracks no connections, so that nothing can be translated", []string{"modprobe nf_conntrack"},
			"a kernel without that module needs CONFIG_NF_CONNTRACK", see})
	}
	return list, nil
}

// forwarding is switched on by the first ADD; another program may have turned it off since.
func forwarding(ctx context.Context, s *session) (list []finding, err error) {
	for _, f := range []struct {
		object shared.Object
		key    string
	}{{host.Forwarding4, "net/ipv4/ip_forward"}, {host.Forwarding6, "net/ipv6/conf/all/forwarding"}} {
		users, err := s.users(ctx, f.object)
		if err != nil {
			return list, err
		}
		if now, err := sysctl.Get(f.key); len(users) > 0 && (err != nil || now != "1") {
			name := strings.ReplaceAll(f.key, "/", ".")
			list = append(list, finding{problem, fmt.Sprintf("%s is %q, and %d attachments need it", name, now, len(users)),
				[]string{set(f.key, "1")}, "see who turned it off (/etc/sysctl.d)", "forwarding-is-off"})
		}
	}
	return list, nil
}

// set is the command that sets a sysctl.
func set(key, value string) string {
	return "sysctl -w " + strings.ReplaceAll(key, "/", ".") + "=" + value
}

func (s *session) users(ctx context.Context, o shared.Object) (n []string, err error) {
	err = s.host.Store.View(ctx, func(tx *state.Tx) error {
		owners, err := o.Users(tx)
		for _, owner := range owners {
			n = append(n, owner.String())
		}
		return err
	})
	return n, err
}

func routerAdvertisements(_ context.Context, s *session) (list []finding, err error) {
	if on, err := sysctl.Get("net/ipv6/conf/all/forwarding"); err != nil || on != "1" {
		return nil, nil
	}
	devices, err := s.host.Links.RouterAdvertisementDevices()
	for _, device := range devices {
		key := "net/ipv6/conf/" + device + "/accept_ra"
		if now, err := sysctl.Get(key); err == nil && now != "2" {
			list = append(list, finding{warning,
				fmt.Sprintf("%s has its IPv6 default route from a router advertisement, and loses it while the host forwards: accept_ra is %s", device, now),
				[]string{set(key, "2")}, "", "the-host-loses-its-ipv6-default-route"})
		}
	}
	return list, err
}

// noIPv6 is a trap for the next container: the kernel gives its link no address.
func noIPv6(ctx context.Context, s *session) ([]finding, error) {
	users, err := s.users(ctx, host.Forwarding6)
	if now, off := sysctl.Get("net/ipv6/conf/default/disable_ipv6"); err != nil || len(users) == 0 || off != nil || now != "1" {
		return nil, err
	}
	return []finding{{problem, fmt.Sprintf("net.ipv6.conf.default.disable_ipv6 is 1: new links get no IPv6 address, and %d attachments have one", len(users)),
		[]string{set("net/ipv6/conf/default/disable_ipv6", "0")}, "or leave IPv6 out of the networks", "ipv6-is-turned-off"}}, nil
}

// connections is about the kernel's table of tracked connections: a full one drops packets.
func connections(_ context.Context, _ *session) ([]finding, error) {
	count, limit := number("net/netfilter/nf_conntrack_count"), number("net/netfilter/nf_conntrack_max")
	if limit == 0 || count*10 < limit*9 {
		return nil, nil
	}
	return []finding{{warning, fmt.Sprintf("%d of %d connections are tracked; beyond that packets are dropped", count, limit),
		[]string{set("net/netfilter/nf_conntrack_max", strconv.Itoa(limit*2))}, "", "too-many-connections-are-tracked"}}, nil
}

func number(key string) int {
	text, err := sysctl.Get(key)
	n, convErr := strconv.Atoi(text)
	if err != nil || convErr != nil {
		return 0
	}
	return n
}

// reversePath matters as soon as an answer leaves by another link than the question came in by.
// The stricter of a link's own value and that of all counts (Documentation/networking/ip-sysctl.rst: the maximum).
func reversePath(ctx context.Context, s *session) (list []finding, err error) {
	names, err := s.bridgeNames(ctx)
	if err != nil || len(names) < 2 {
		return nil, err
	}
	for _, name := range append([]string{"all"}, names...) {
		key := "net/ipv4/conf/" + name + "/rp_filter"
		if number(key) == 1 {
			list = append(list, finding{warning,
				fmt.Sprintf("%s is 1 and there are several networks: a container on two of them loses packets that come in by the other one", strings.ReplaceAll(key, "/", ".")),
				[]string{set(key, "2")}, "", "the-reverse-path-filter-is-strict"})
		}
	}
	return list, nil
}

// bridgeFilter is about br_netfilter, which shows bridged frames to the rules for IP.
func bridgeFilter(ctx context.Context, s *session) (list []finding, err error) {
	if !host.BridgesFiltered() {
		return nil, nil
	}
	rows, err := s.rows(ctx)
	for _, r := range rows {
		if len(r.mappings) == 0 || r.Link == "" || r.State != host.Alive.String() {
			continue
		}
		if on, err := s.host.Links.Hairpin(r.Link); err == nil && !on {
			list = append(list, finding{problem, fmt.Sprintf("net.bridge.bridge-nf-call-iptables is 1 and port %s has hairpin mode off: %s does not reach its own published ports", r.Link, r.record.Owner),
				[]string{"ip link set " + r.Link + " type bridge_slave hairpin on"}, "", "a-container-does-not-reach-its-own-published-port"})
		}
	}
	return list, err
}
