package host

import (
	"context"
	"fmt"

	"vethbridge/internal/attachment"
	"vethbridge/internal/fence"
	"vethbridge/internal/forward"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
)

// Accepted is the object that stands for a bridge that firewalls of the host let through.
func Accepted(bridge string) shared.Object {
	return shared.Object{Kind: shared.Accepted, Name: bridge}
}

// AcceptForwarding lets the bridge through where iptables drops what is forwarded, by the policy
// that docker and ufw set or by a last rule. The book says already who uses this. For the first one it
// also warns of what can't be overridden.
func (h *Host) AcceptForwarding(ctx context.Context, bridge string, f Families, first bool) error {
	if first {
		h.WarnOfDrops(ctx)
	}
	for _, firewall := range forward.All() {
		if firewall.V6 && !f.V6 || !firewall.V6 && !f.V4 {
			continue
		}
		if err := h.accept(ctx, firewall, bridge); err != nil {
			return err
		}
	}
	return nil
}

// FirewalldForward is the chain of firewalld that refuses what no zone lets through.
const FirewalldForward = "inet firewalld filter_FORWARD"

// Drop is an nftables chain of somebody else that drops what is forwarded, whatever our rules say.
type Drop struct {
	Chain   string   // "inet filter forward"
	Frames  bool     // it is of a bridge table: the links that it names are ports
	Bridges []string // those in use that it does not accept
}

// ForeignDrops lists the chains of others that drop what is forwarded and not accepted in them, unless they accept all
// bridges that are in use, or the frames of all ports. iptables' own are left out; firewalld's accepts what is in a zone.
func (h *Host) ForeignDrops(ctx context.Context) (list []Drop, err error) {
	chains, err := h.rules.DroppingForward(fence.GuardTable, fence.WallsTable)
	for _, chain := range chains {
		if chain.Name == "ip filter FORWARD" || chain.Name == "ip6 filter FORWARD" {
			continue
		}
		bridges, err := h.bridgesInUse(ctx)
		if err != nil {
			return list, err
		}
		d := Drop{Chain: chain.Name, Frames: chain.Frames}
		ports := chain.Frames && chain.Accepts(attachment.Owner{}.HostLink()) // as all of ours begin
		for _, bridge := range bridges {
			if !ports && !chain.Accepts(bridge) && !(chain.Name == FirewalldForward && zoned(ctx, bridge)) {
				d.Bridges = append(d.Bridges, bridge)
			}
		}
		if len(d.Bridges) > 0 || len(bridges) == 0 && chain.Name != FirewalldForward {
			list = append(list, d)
		}
	}
	return list, err
}

// WarnOfDrops logs a warning for each of ForeignDrops. It reads all chains of the host.
func (h *Host) WarnOfDrops(ctx context.Context) {
	drops, err := h.ForeignDrops(ctx)
	if err != nil {
		h.Log.WarnContext(ctx, "cannot tell whether somebody drops what is forwarded", "err", err)
	}
	for _, d := range drops {
		h.Log.WarnContext(ctx, "a chain of somebody else drops what is forwarded and not accepted in it", "chain", d.Chain)
	}
}

func (h *Host) accept(ctx context.Context, firewall forward.Firewall, bridge string) error {
	drops, err := firewall.Drops()
	if err != nil || !drops {
		return err
	}
	if done, err := h.accepted(ctx, firewall, Accepted(bridge)); err != nil || done {
		return err
	}
	return h.locked(ctx, func() error { return h.letThrough(ctx, firewall, bridge) })
}

// letThrough has the book say so before the firewall does.
func (h *Host) letThrough(ctx context.Context, firewall forward.Firewall, bridge string) error {
	if err := h.remember(ctx, Accepted(bridge), []shared.Setting{{Key: firewall.String()}}); err != nil {
		return err
	}
	return firewall.Accept(bridge)
}

// accepted reports whether it is known without asking the firewall that the bridge is let
// through.
func (h *Host) accepted(ctx context.Context, firewall forward.Firewall, o shared.Object) (bool, error) {
	there, err := firewall.Accepts()
	if err != nil || !there {
		return false, err
	}
	known := false
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		list, err := o.Settings(tx)
		for _, s := range list {
			known = known || s.Key == firewall.String()
		}
		return err
	})
	return known, err
}

// Bar is a firewall that drops what is forwarded and does not let a bridge through that shall be.
type Bar struct {
	Firewall forward.Firewall
	Bridge   string
}

// String returns "iptables-nft does not let bridge cni0 through".
func (b Bar) String() string {
	return fmt.Sprintf("%s does not let bridge %s through", b.Firewall, b.Bridge)
}

// Barred lists the bridges that shall be let through, and are not. It starts a process for each firewall
// that drops.
func (h *Host) Barred(ctx context.Context) (list []Bar, err error) {
	err = h.eachBarred(ctx, func(f forward.Firewall, bridge string) error {
		list = append(list, Bar{f, bridge})
		return nil
	})
	return list, err
}

// RepairAccept lets them through, and reports whether there were any.
func (h *Host) RepairAccept(ctx context.Context) (changed bool, err error) {
	err = h.eachBarred(ctx, func(f forward.Firewall, bridge string) error {
		changed = true
		return h.locked(ctx, func() error {
			if used, err := h.usedByOthers(ctx, Accepted(bridge), attachment.Owner{}); err != nil || !used {
				return err // its last attachment has gone meanwhile
			}
			return h.letThrough(ctx, f, bridge)
		})
	})
	return changed, err
}

func (h *Host) eachBarred(ctx context.Context, fn func(forward.Firewall, string) error) error {
	bridges, err := h.acceptedBridges(ctx)
	if err != nil {
		return err
	}
	for _, f := range forward.All() {
		if drops, err := f.Drops(); err != nil || !drops {
			continue // a program that is not there drops nothing
		}
		for _, bridge := range bridges {
			through, err := f.LetsThrough(bridge)
			if err == nil && !through {
				err = fn(f, bridge)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// acceptedBridges are those with an attachment that wants them let through.
func (h *Host) acceptedBridges(ctx context.Context) (list []string, err error) {
	bridges, err := h.bridgesInUse(ctx)
	if err != nil {
		return nil, err
	}
	err = h.Store.View(ctx, func(tx *state.Tx) error {
		for _, bridge := range bridges {
			users, err := Accepted(bridge).Users(tx)
			if err != nil {
				return err
			}
			if users > 0 {
				list = append(list, bridge)
			}
		}
		return nil
	})
	return list, err
}

// withdraw puts the firewalls back. The caller holds the kernel lock.
func (h *Host) withdraw(ctx context.Context, bridge string) error {
	o := Accepted(bridge)
	var list []shared.Setting
	err := h.Store.View(ctx, func(tx *state.Tx) (err error) {
		list, err = o.Settings(tx)
		return err
	})
	if err != nil || len(list) == 0 {
		return err
	}
	for _, s := range list {
		if firewall, ok := forward.Named(s.Key); ok {
			if err := firewall.Withdraw(bridge); err != nil {
				return err
			}
		}
	}
	return h.Store.Update(ctx, o.Forget)
}
