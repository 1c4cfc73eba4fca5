package operator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"vethbridge/internal/forward"
	"vethbridge/internal/host"
	"vethbridge/internal/netfilter"
)

// firewalls are those of iptables: where one drops, our chain must be there.
func firewalls(ctx context.Context, s *session) error {
	barred, err := s.host.Barred(ctx)
	if err != nil {
		return err
	}
	for _, f := range forward.All() {
		var bridges []string
		for _, b := range barred {
			if b.Firewall == f {
				bridges = append(bridges, b.Bridge)
			}
		}
		if len(bridges) > 0 {
			s.problem("iptables-drops-what-is-forwarded",
				fmt.Sprintf("%s's FORWARD chain drops what is forwarded%s, and does not let our bridges through: %s", f, setBy(f), strings.Join(bridges, ", ")),
				"the next ADD does that too", s.own("repair"))
		}
	}
	return nil
}

func setBy(f forward.Firewall) string {
	if programs := f.SetBy(); len(programs) > 0 {
		return " (set by " + strings.Join(programs, ", ") + ")"
	}
	return ""
}

// foreignDrops are chains that end a packet's way whatever ours say.
func foreignDrops(ctx context.Context, s *session) error {
	drops, err := s.host.ForeignDrops(ctx)
	for _, d := range drops {
		name, bridges := d.Chain, d.Bridges
		if len(bridges) == 0 {
			break // there is nothing that it could drop
		}
		if name == host.FirewalldForward {
			s.problem("firewalld-refuses-what-is-forwarded", "firewalld refuses what is forwarded, and a bridge of ours is in none of its zones",
				"say \"firewalldZone\": \"trusted\" in the config of vethbridge", commands("firewall-cmd --zone=trusted --change-interface=%s", bridges)...)
			continue
		}
		if d.Frames {
			bridges = []string{`'"veth*"'`}
		}
		s.problem("another-nftables-chain-drops-what-is-forwarded", "the nftables chain "+name+" drops what is forwarded and not accepted in it",
			"ours can't override it; save the rules with that chain's own",
			append(commands("nft insert rule "+name+" iifname %s accept", bridges), commands("nft insert rule "+name+" oifname %s accept", bridges)...)...)
	}
	return err
}

// strictFirewalld is about states of firewalld in which no zone helps; each has a chain of its own.
func strictFirewalld(ctx context.Context, s *session) error {
	panics, err := netfilter.ChainExists(netfilter.Inet, "firewalld_policy_drop", "raw_prerouting")
	if err != nil {
		return err
	}
	if panics {
		s.problem("firewalld-is-in-panic-mode", "firewalld is in panic mode: it drops every packet", "", "firewall-cmd --panic-off")
	}
	strict, err := netfilter.ChainExists(netfilter.Inet, "firewalld", "filter_FORWARD_dnat")
	if err != nil || !strict {
		return err
	}
	rows, err := s.rows(ctx)
	if slices.ContainsFunc(rows, func(r *row) bool { return len(r.mappings) > 0 }) {
		s.problem("firewalld-refuses-published-ports", "firewalld refuses ports that others than itself publish (StrictForwardPorts)",
			"StrictForwardPorts=no in /etc/firewalld/firewalld.conf, then firewall-cmd --reload and vethbridge repair")
	}
	return err
}

func bothVariants(_ context.Context, s *session) error {
	for _, f := range forward.All() {
		if !f.Legacy || !f.InUse() {
			continue
		}
		if other := (forward.Firewall{V6: f.V6}); other.InUse() {
			s.warning("both-variants-of-iptables-have-rules", fmt.Sprintf("both %s and %s have rules: a packet must pass both", f, other),
				"find out who uses which ("+f.String()+"-save, "+other.String()+"-save), and let all use one: update-alternatives --display iptables")
			break
		}
	}
	return nil
}
