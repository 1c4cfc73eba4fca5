package operator

import (
	"context"
	"fmt"
	"strings"

	"vethbridge/internal/forward"
	"vethbridge/internal/host"
)

// firewalls are those of iptables: where one drops, our chain must be there.
func firewalls(ctx context.Context, s *session) (list []finding, err error) {
	barred, err := s.host.Barred(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range forward.All() {
		var bridges []string
		for _, b := range barred {
			if b.Firewall == f {
				bridges = append(bridges, b.Bridge)
			}
		}
		if len(bridges) > 0 {
			list = append(list, finding{problem,
				fmt.Sprintf("%s's FORWARD chain drops what is forwarded%s, and does not let our bridges through: %s", f, setBy(f), strings.Join(bridges, ", ")),
				[]string{s.own("repair")}, "the next ADD does that too", "iptables-drops-what-is-forwarded"})
		}
	}
	return list, nil
}

func setBy(f forward.Firewall) string {
	if programs := f.SetBy(); len(programs) > 0 {
		return " (set by " + strings.Join(programs, ", ") + ")"
	}
	return ""
}

// foreignDrops are chains that end a packet's way whatever ours say.
func foreignDrops(ctx context.Context, s *session) (list []finding, err error) {
	names, err := s.host.ForeignDrops(ctx)
	if err != nil {
		return nil, err
	}
	bridges, err := s.bridgeNames(ctx)
	for _, name := range names {
		if len(bridges) == 0 {
			break // there is nothing that it could drop
		}
		f := finding{Severity: problem, What: "the nftables chain " + name + " drops what is forwarded and not accepted in it",
			WayOut: "ours can't override it; save the rules with that chain's own", See: "another-nftables-chain-drops-what-is-forwarded"}
		for _, bridge := range bridges {
			f.Run = append(f.Run, "nft insert rule "+name+" iifname "+bridge+" accept", "nft insert rule "+name+" oifname "+bridge+" accept")
		}
		if name == host.FirewalldForward {
			f = finding{Severity: problem, What: "firewalld refuses what is forwarded, and a bridge of ours is in none of its zones",
				WayOut: "say \"firewalldZone\": \"trusted\" in the config of vethbridge", See: "firewalld-refuses-what-is-forwarded"}
			for _, bridge := range bridges {
				f.Run = append(f.Run, "firewall-cmd --zone=trusted --change-interface="+bridge)
			}
		}
		list = append(list, f)
	}
	return list, err
}

func bothVariants(_ context.Context, _ *session) ([]finding, error) {
	for _, f := range forward.All() {
		if !f.Legacy || !f.InUse() {
			continue
		}
		if other := (forward.Firewall{V6: f.V6}); other.InUse() {
			return []finding{{warning, fmt.Sprintf("both %s and %s have rules: a packet must pass both", f, other), nil,
				"find out who uses which (" + f.String() + "-save, " + other.String() + "-save), and let all use one: update-alternatives --display iptables",
				"both-variants-of-iptables-have-rules"}}, nil
		}
	}
	return nil, nil
}
