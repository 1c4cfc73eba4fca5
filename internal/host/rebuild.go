package host

import (
	"context"
	"errors"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/fence"
	"vethbridge/internal/forward"
	"vethbridge/internal/links"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/internal/sysctl"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// rebuild fills a new book with the attachments that the kernel knows by the marks on links
// and rules: the former book was lost or corrupt while they live. What no mark says stays
// unknown: the namespace, without which an attachment counts as alive as long as its link
// is there, and how most sysctls were before.
func (h *Host) rebuild(tx *state.Tx) error {
	marked, err := h.Links.MarkedLinks(attachment.MarkPrefix)
	if err != nil {
		return err
	}
	if err := h.noteWhole(tx, marked); err != nil {
		return err
	}
	var rules kernelRules
	if len(marked) > 0 {
		if rules, err = h.kernelRules(); err != nil {
			return err
		}
	}
	if err := adoptForwarding(tx, rules.fences); err != nil {
		return err
	}
	for _, l := range marked {
		owner, ok := attachment.ParseMark(l.Mark)
		if !ok {
			continue
		}
		if err := h.adopt(tx, owner, l, rules); err != nil {
			return err
		}
		h.Log.Warn("rebuilt the record of an attachment from its marks", "owner", owner.String(), "link", l.Name)
	}
	return nil
}

// kernelRules is what the kernel's tables hold.
type kernelRules struct {
	translations map[nat.Kind]nat.Ruleset
	fences       fence.Held
}

// errOtherRelease keeps a release from making tables anew for attachments of whose ports it can't know.
var errOtherRelease = errors.New(`rules are as another release makes them; install that one, have its "vethbridge ls" rebuild the state file, and come back`)

func (h *Host) kernelRules() (r kernelRules, err error) {
	if r.translations, err = h.NAT.Held(context.Background()); err != nil {
		return r, err
	}
	r.fences, err = h.Fence.Held()
	if errors.Is(err, fence.ErrOtherwise) || r.translations[nat.Nftables].Otherwise {
		err = errOtherRelease
	}
	return r, err
}

func (h *Host) adopt(tx *state.Tx, owner attachment.Owner, l links.Marked, rules kernelRules) error {
	before, _, err := tx.Attachment(owner) // where two links carry its mark
	if err != nil {
		return err
	}
	record := state.Attachment{Owner: owner, BootID: tx.BootID(), HostLink: l.Name, Bridge: l.Bridge, Created: state.Now(), Shares: before.Shares}
	if err := adoptLocalhost(tx, &record, rules.translations); err != nil {
		return err
	}
	if err := adoptAccepted(tx, l.Bridge); err != nil {
		return err
	}
	var families Families
	for _, a := range l.Addresses {
		families = families.With(a.Addr())
	}
	if err := shared.Use(tx, &record, append(families.Objects(), Bridge(l.Bridge), Accepted(l.Bridge))...); err != nil {
		return err
	}
	if err := tx.PutAttachment(record); err != nil {
		return err
	}
	if err := ipam.Adopt(tx, owner, l.Addresses); err != nil {
		return err
	}
	if err := fence.Adopt(tx, owner, l.Bridge, rules.fences); err != nil {
		return err
	}
	return nat.Adopt(tx, owner, l.Addresses, rules.translations)
}

// adoptAccepted notes which firewalls let our bridges through.
func adoptAccepted(tx *state.Tx, bridge string) error {
	for _, firewall := range forward.All() {
		there, err := firewall.Accepts()
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		if err := Accepted(bridge).Remember(tx, shared.Setting{Key: firewall.String()}); err != nil {
			return err
		}
	}
	return nil
}

// adoptForwarding notes that forwarding was off before: only then are there links that the host
// does not route between.
func adoptForwarding(tx *state.Tx, have fence.Held) error {
	for _, f := range forwardings {
		if !have.Has(f.unrouted) {
			continue
		}
		if err := f.object.Remember(tx, shared.Setting{Key: f.on.key, Previous: "0"}); err != nil {
			return err
		}
	}
	return nil
}

// adoptLocalhost recognises an attachment whose ports are reached from 127.0.0.1. The
// kernel's default of route_localnet is off, so that is how it was.
func adoptLocalhost(tx *state.Tx, record *state.Attachment, held map[nat.Kind]nat.Ruleset) error {
	wanted := false
	for _, rules := range held {
		wanted = wanted || slices.ContainsFunc(rules.Entries, func(e nat.Entry) bool {
			return e.Mark == record.Owner.Mark() && e.Mapping.FromLocalhost()
		})
	}
	key := routeLocalnet(record.Bridge)
	if now, err := sysctl.Get(key); !wanted || err != nil || now != "1" {
		return nil
	}
	record.LocalhostVia = record.Bridge
	o := Localhost(record.Bridge)
	if err := o.Remember(tx, shared.Setting{Key: key, Previous: "0"}); err != nil {
		return err
	}
	return shared.Use(tx, record, o)
}
