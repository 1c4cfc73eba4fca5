package nft

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/google/nftables"

	"vethbridge/internal/failure"
	"vethbridge/internal/netfilter"
	"vethbridge/pkg/nat"
)

// Backend is the nftables backend. It is not safe for concurrent use.
type Backend struct {
	conn  *netfilter.Conn
	ready bool // our table was; whoever counts on it finds out by drift if it went since
}

// New returns a backend that works by a connection, which its caller closes.
func New(conn *netfilter.Conn) *Backend { return &Backend{conn: conn} }

// Apply makes one change in one transaction. Nothing is taken out of a table of another release: where its replacement was
// cut off, there are sets of this one that no rule looks into yet. Callers have asked Ready before they add.
func (b *Backend) Apply(_ context.Context, c nat.Change) error {
	if c.Empty() {
		return nil
	}
	var changes netfilter.Changes
	if len(c.Remove) > 0 || len(c.RemoveNetworks) > 0 {
		changes.Need(table())
	}
	err := errors.Join(
		eachNetwork(c.RemoveNetworks, changes.Delete), eachNetwork(c.AddNetworks, changes.Add), understood(c.Add),
	)
	eachMap("", c.Remove, changes.Delete)
	eachMap(c.Mark, c.Add, changes.Add)
	if err != nil {
		return failure.To("change translations", err)
	}
	return outcome("change translations", b.conn.Make(&changes))
}

// outcome tells drift from other errors.
func outcome(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case netfilter.IsDrift(err):
		return fmt.Errorf("%s: %w: %w", what, nat.ErrDrift, err)
	}
	return failure.To(what, err)
}

// Restore makes the kernel hold exactly the ruleset, in one transaction. Established connections
// go on, since conntrack holds their translations.
func (b *Backend) Restore(_ context.Context, r nat.Ruleset) error {
	have, err := layout().Find(b.conn)
	if err == nil && have.Otherwise(table()) {
		err = b.replace(have, &r)
	} else if err == nil {
		err = b.make(have, &r)
	}
	return outcome("restore translations", err)
}

func (b *Backend) make(have netfilter.Found, r *nat.Ruleset) error {
	return b.conn.Batch(func(conn *nftables.Conn) error {
		return errors.Join(layout().Make(conn, have), fill(conn, r, layout().Sets))
	})
}

// replace takes a transaction for new sets, one for the rules, and one for sets that no rule looks into any more: a packet that is
// under way meanwhile goes by the former rules, and finds what it found before.
func (b *Backend) replace(have netfilter.Found, r *nat.Ruleset) error {
	have, former := layout().Former(have)
	fresh := layout().Fresh(have)
	if err := b.fillFresh(fresh, r); err != nil {
		return err
	}
	if err := b.make(have.With(fresh), r); err != nil {
		return err
	}
	return b.conn.Batch(func(conn *nftables.Conn) error {
		for _, s := range former {
			conn.DelSet(s)
		}
		return nil
	})
}

// fillFresh makes and fills sets ahead of the rules that look into them, since the kernel shows packets what is in a new set of
// intervals a moment after it shows them new rules (nf_tables_commit in net/netfilter/nf_tables_api.c).
func (b *Backend) fillFresh(fresh []*nftables.Set, r *nat.Ruleset) error {
	return b.conn.Batch(func(conn *nftables.Conn) error {
		var failed []error
		for _, s := range fresh {
			failed = append(failed, conn.AddSet(s, nil))
		}
		return errors.Join(append(failed, fill(conn, r, fresh))...)
	})
}

// fill collects the filling of some sets.
func fill(conn *nftables.Conn, r *nat.Ruleset, some []*nftables.Set) error {
	var failed []error
	add := func(s *nftables.Set, list iter.Seq[nftables.SetElement]) {
		if netfilter.Named(some, s.Name) {
			failed = append(failed, netfilter.AddElements(conn, s, slices.Collect(list)))
		}
	}
	failed = append(failed, eachNetwork(r.Networks, add))
	for mark, mappings := range byMark(r.Entries) {
		failed = append(failed, understood(mappings))
		eachMap(mark, mappings, add)
	}
	return errors.Join(failed...)
}

func byMark(entries []nat.Entry) map[string][]nat.Mapping {
	marks := map[string][]nat.Mapping{}
	for _, e := range entries {
		marks[e.Mark] = append(marks[e.Mark], e.Mapping)
	}
	return marks
}

// Clear removes all that is ours.
func (b *Backend) Clear(context.Context) error {
	b.ready = false
	have, err := layout().Find(b.conn)
	if err != nil {
		return failure.To("remove translations", err)
	}
	return outcome("remove translations", b.conn.Batch(func(conn *nftables.Conn) error {
		layout().Unmake(conn, have)
		return nil
	}))
}

// Ready reports whether our table is there as this release makes it, or was when it was asked for before.
func (b *Backend) Ready() (_ bool, err error) {
	if !b.ready {
		b.ready, err = b.conn.HasLayout(table())
	}
	return b.ready, err
}

// Present reports whether our table is there, whatever release made it.
func (b *Backend) Present() (bool, error) {
	if there, err := b.Ready(); there || err != nil {
		return there, err
	}
	return b.conn.HasTable(table())
}

// Usable tells why nftables can't be used.
func (b *Backend) Usable(context.Context) error {
	_, err := b.Ready()
	return err
}

// manyPorts are so many that one interval costs less than an element for each: a change of a map of
// intervals takes the longer, the more of them there are (nft_pipapo_clone in
// net/netfilter/nft_set_pipapo.c).
const manyPorts = 500

// whole reports whether a mapping is one element. A range is if it is long, and each port leads to the
// port of its own number: nftables can't add to a port.
func whole(m *nat.Mapping) bool {
	return m.More == 0 || m.More >= manyPorts && m.HostPort == m.Target.Port() && m.Limit.Via == ""
}

// pieces is how many elements a mapping is.
func pieces(m *nat.Mapping) int {
	if whole(m) {
		return 1
	}
	return int(m.More) + 1
}

// understood refuses what would be left out otherwise.
func understood(list []nat.Mapping) error {
	for _, m := range list {
		if m.Limit.Match != "" {
			return fmt.Errorf("write %s: only iptables takes conditions in its own words", m)
		}
	}
	return nil
}

// eachMap calls fn with the elements of each map that stand for mappings.
func eachMap(mark string, list []nat.Mapping, fn func(*nftables.Set, iter.Seq[nftables.SetElement])) {
	done := map[set]bool{}
	for i := range list {
		if s := setOf(&list[i]); !done[s] {
			done[s] = true
			fn(s.family.portMap(s.name), s.elements(mark, list[i:]))
		}
	}
}

// elements are those that stand for mappings of the map.
func (s set) elements(mark string, list []nat.Mapping) iter.Seq[nftables.SetElement] {
	return func(yield func(nftables.SetElement) bool) {
		for i := range list {
			m := &list[i]
			if setOf(m) != s {
				continue
			}
			for n := range pieces(m) {
				one := m
				if !whole(m) {
					single := m.Single(uint16(n))
					one = &single
				}
				if !yield(mappingElement(mark, one)) {
					return
				}
			}
		}
	}
}

// eachNetwork calls fn with the elements of each network.
func eachNetwork(list []nat.Network, fn func(*nftables.Set, iter.Seq[nftables.SetElement])) error {
	for _, n := range list {
		if n.Mark != (nat.Mark{}) {
			return fmt.Errorf("write network %s: only iptables marks packets as asked for", n)
		}
		fn(familyOf(n.Prefix.Addr()).networkSet(n.Treatment), slices.Values(networkElements(&n)))
	}
	return nil
}
