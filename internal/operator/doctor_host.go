package operator

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vethbridge/internal/forward"
	"vethbridge/internal/host"
	"vethbridge/internal/masquerade"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/internal/sysctl"
)

func nftablesThere(ctx context.Context, s *session) ([]finding, error) {
	if err := s.host.BackendUsable(ctx, masquerade.Auto); err != nil {
		return []finding{{problem, err.Error(), "the kernel needs nf_tables (CONFIG_NF_TABLES and NF_TABLES_INET)"}}, nil
	}
	return nil, nil
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
				"sysctl -w " + name + "=1, and see who turned it off (/etc/sysctl.d)"})
		}
	}
	return list, nil
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

// firewalls are those of iptables: where one drops, our chain must be there.
func firewalls(_ context.Context, _ *session) (list []finding, err error) {
	for _, f := range forward.All() {
		drops, err := f.Drops()
		if err != nil || !drops {
			continue // a program that is not there drops nothing
		}
		if there, err := f.Accepts(); err == nil && !there {
			list = append(list, finding{problem, fmt.Sprintf("the policy of %s's FORWARD chain is DROP (docker and ufw set it), and our bridges are not let through", f),
				"the next ADD lets its bridge through, unless its network says \"acceptForward\": false"})
		}
	}
	return list, nil
}

// foreignDrops are chains that end a packet's way whatever ours say.
func foreignDrops(ctx context.Context, s *session) (list []finding, err error) {
	names, err := s.host.ForeignDrops(ctx)
	for _, name := range names {
		if name == host.FirewalldForward {
			list = append(list, finding{problem, "firewalld refuses what is forwarded, and a bridge of ours is in none of its zones",
				"\"firewalldZone\": \"trusted\" in the config of vethbridge; for now: firewall-cmd --zone=trusted --change-interface=BRIDGE"})
			continue
		}
		list = append(list, finding{problem, "the nftables chain " + name + " drops what is forwarded and not accepted in it",
			"accept your bridges there: nft insert rule " + name + " iifname BRIDGE accept, and the same with oifname; ours can't override it"})
	}
	return list, err
}

func bothVariants(_ context.Context, _ *session) ([]finding, error) {
	for _, f := range forward.All() {
		if !f.Legacy || !f.InUse() {
			continue
		}
		if other := (forward.Firewall{V6: f.V6}); other.InUse() {
			return []finding{{warning, fmt.Sprintf("both %s and %s have rules: a packet must pass both", f, other),
				"use one: update-alternatives --display iptables says which one programs take"}}, nil
		}
	}
	return nil, nil
}

func routerAdvertisements(_ context.Context, s *session) (list []finding, err error) {
	if on, err := sysctl.Get("net/ipv6/conf/all/forwarding"); err != nil || on != "1" {
		return nil, nil
	}
	devices, err := s.host.Links.RouterAdvertisementDevices()
	for _, device := range devices {
		if now, err := sysctl.Get("net/ipv6/conf/" + device + "/accept_ra"); err == nil && now != "2" {
			list = append(list, finding{warning, fmt.Sprintf("%s has its IPv6 default route from a router advertisement, and loses it while the host forwards: accept_ra is %s", device, now),
				"sysctl -w net.ipv6.conf." + device + ".accept_ra=2"})
		}
	}
	return list, err
}

// connections is about the kernel's table of tracked connections: a full one drops packets.
func connections(_ context.Context, _ *session) ([]finding, error) {
	count, limit := number("net/netfilter/nf_conntrack_count"), number("net/netfilter/nf_conntrack_max")
	if limit == 0 || count*10 < limit*9 {
		return nil, nil
	}
	return []finding{{warning, fmt.Sprintf("%d of %d connections are tracked; beyond that packets are dropped", count, limit),
		"sysctl -w net.netfilter.nf_conntrack_max=" + strconv.Itoa(limit*2)}}, nil
}

func number(key string) int {
	text, err := sysctl.Get(key)
	n, convErr := strconv.Atoi(text)
	if err != nil || convErr != nil {
		return 0
	}
	return n
}

// strictReversePath matters as soon as an answer leaves by another link than the question
// came in by.
func strictReversePath(ctx context.Context, s *session) ([]finding, error) {
	records, err := s.host.Attachments(ctx, "")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, a := range records {
		names = append(names, a.Bridge)
	}
	slices.Sort(names)
	if all := number("net/ipv4/conf/all/rp_filter"); all != 1 || len(slices.Compact(names)) < 2 {
		return nil, nil
	}
	return []finding{{warning, "net.ipv4.conf.all.rp_filter is 1 and there are several networks: a container on two of them loses packets that come in by the other one",
		"sysctl -w net.ipv4.conf.all.rp_filter=2"}}, nil
}
