package nft

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/nftables"

	"vethbridge/internal/netfilter"
	"vethbridge/pkg/nat"
)

// Backend is the nftables backend. It is not safe for concurrent use.
type Backend struct {
	conn *netfilter.Conn
}

// New returns a backend that works by a connection, which its caller closes.
func New(conn *netfilter.Conn) *Backend { return &Backend{conn} }

// Apply makes one change in one transaction.
func (b *Backend) Apply(_ context.Context, c nat.Change) error {
	if c.Empty() {
		return nil
	}
	return b.batch("change translations", func(conn *nftables.Conn) error {
		return errors.Join(
			deleteNetworks(conn, c.RemoveNetworks), addNetworks(conn, c.AddNetworks),
			deleteMappings(conn, c.Remove), addMappings(conn, c.Mark, c.Add),
		)
	})
}

func (b *Backend) batch(what string, collect func(*nftables.Conn) error) error {
	err := b.conn.Batch(collect)
	switch {
	case err == nil:
		return nil
	case netfilter.IsDrift(err):
		return fmt.Errorf("%s: %w: %w", what, nat.ErrDrift, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Restore makes the kernel hold exactly the ruleset, in one transaction. Established connections
// go on, since conntrack holds their translations.
func (b *Backend) Restore(_ context.Context, r nat.Ruleset) error {
	have, err := b.find()
	if err != nil {
		return fmt.Errorf("restore translations: %w", err)
	}
	return b.batch("restore translations", func(conn *nftables.Conn) error {
		err := errors.Join(layout().Make(conn, have), addNetworks(conn, r.Networks))
		for mark, mappings := range byMark(r.Entries) {
			err = errors.Join(err, addMappings(conn, mark, mappings))
		}
		return err
	})
}

func (b *Backend) find() (netfilter.Found, error) {
	conn, err := b.conn.Open()
	if err != nil {
		return netfilter.Found{}, err
	}
	return layout().Find(conn)
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
	have, err := b.find()
	if err != nil {
		return fmt.Errorf("remove translations: %w", err)
	}
	return b.batch("remove translations", func(conn *nftables.Conn) error {
		layout().Unmake(conn, have)
		return nil
	})
}

// Present reports whether our table is there.
func (b *Backend) Present() (bool, error) {
	conn, err := b.conn.Open()
	if err != nil {
		return false, err
	}
	return netfilter.TableExists(conn, table())
}

// Usable tells why nftables can't be used.
func (b *Backend) Usable(context.Context) error {
	_, err := b.Present()
	return err
}

func addMappings(conn *nftables.Conn, mark string, list []nat.Mapping) error {
	return eachMap(list, func(s *nftables.Set, mappings []nat.Mapping) error {
		return netfilter.AddElements(conn, s, elements(mark, mappings))
	})
}

func deleteMappings(conn *nftables.Conn, list []nat.Mapping) error {
	return eachMap(list, func(s *nftables.Set, mappings []nat.Mapping) error {
		return netfilter.DeleteElements(conn, s, elements("", mappings))
	})
}

func elements(mark string, list []nat.Mapping) []nftables.SetElement {
	out := make([]nftables.SetElement, 0, len(list))
	for _, m := range list {
		out = append(out, mappingElement(mark, m))
	}
	return out
}

// pieces are the mappings that stand for one in the maps. A range is one where each port leads to
// the port of its own number: nftables can't add to a port.
func pieces(m nat.Mapping) []nat.Mapping {
	if m.More == 0 || m.HostPort == m.Target.Port() && m.Limit.Via == "" {
		return []nat.Mapping{m}
	}
	return m.Singles()
}

// eachMap calls fn with the mappings of each map.
func eachMap(list []nat.Mapping, fn func(*nftables.Set, []nat.Mapping) error) error {
	sets := map[string]*nftables.Set{}
	bySet := map[string][]nat.Mapping{}
	for _, m := range list {
		apart := pieces(m)
		s := mapOf(apart[0])
		sets[s.Name] = s
		bySet[s.Name] = append(bySet[s.Name], apart...)
	}
	for name, mappings := range bySet {
		if err := fn(sets[name], mappings); err != nil {
			return err
		}
	}
	return nil
}

func addNetworks(conn *nftables.Conn, list []nat.Network) error {
	return eachNetwork(list, conn.SetAddElements)
}

func deleteNetworks(conn *nftables.Conn, list []nat.Network) error {
	return eachNetwork(list, conn.SetDeleteElements)
}

func eachNetwork(list []nat.Network, fn func(*nftables.Set, []nftables.SetElement) error) error {
	for _, n := range list {
		if n.Mark != (nat.Mark{}) {
			return fmt.Errorf("write network %s: only iptables marks packets as asked for", n)
		}
		if err := fn(familyOf(n.Prefix.Addr()).networkSet(n.Treatment), networkElements(n)); err != nil {
			return err
		}
	}
	return nil
}
