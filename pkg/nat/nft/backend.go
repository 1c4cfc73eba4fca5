package nft

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/userdata"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/pkg/nat"
)

const (
	// chunk is how many elements one message takes: the list of them is one netlink
	// attribute, whose length has 16 bits, and an element with a full comment has 250 bytes.
	chunk = 200
	// socketBuffer holds a batch of tens of thousands of elements and its acknowledgements.
	socketBuffer = 16 << 20
	// answerLimit is how long all answers of the kernel may take. It is far beyond any real
	// time, and there so that a lock held meanwhile is not held for ever.
	answerLimit = time.Minute
)

// Backend is the nftables backend of the namespace that it was opened in. It is not safe
// for concurrent use.
type Backend struct {
	conn *nftables.Conn // nil until it is needed
}

// Open returns a backend. The socket is opened at its first use.
func Open() *Backend { return &Backend{} }

// Close closes the socket. After a deletion the kernel lets that wait for a grace period
// (nf_tables_rcv_nl_event in net/netfilter/nf_tables_api.c), so nobody should hold a lock.
func (b *Backend) Close() error {
	if b.conn == nil {
		return nil
	}
	err := b.conn.CloseLasting()
	b.conn = nil
	return err
}

func (b *Backend) open() error {
	if b.conn != nil {
		return nil
	}
	conn, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(c *netlink.Conn) error {
		return errors.Join(
			c.SetReadBuffer(socketBuffer), c.SetWriteBuffer(socketBuffer), c.SetDeadline(time.Now().Add(answerLimit)),
		)
	}))
	if err != nil {
		return fmt.Errorf("open nftables socket: %w", err)
	}
	b.conn = conn
	return nil
}

// Apply makes one change in one transaction.
func (b *Backend) Apply(_ context.Context, c nat.Change) error {
	if c.Empty() {
		return nil
	}
	if err := b.open(); err != nil {
		return err
	}
	err := errors.Join(
		b.deleteNetworks(c.RemoveNetworks), b.addNetworks(c.AddNetworks),
		b.deleteMappings(c.Remove), b.addMappings(c.Mark, c.Add),
	)
	return b.commit("change translations", err)
}

// commit sends what was collected. Elements or sets that are not there, and keys with
// another value, mean that someone else has changed our table.
func (b *Backend) commit(what string, collected error) error {
	err := errors.Join(collected, b.conn.Flush())
	if err == nil {
		return nil
	}
	// The socket may hold answers that nobody has read.
	if closing := b.Close(); closing != nil {
		err = errors.Join(err, closing)
	}
	for _, drift := range []error{unix.ENOENT, unix.EEXIST, unix.EBUSY, unix.ENOTEMPTY} {
		if errors.Is(err, drift) {
			return fmt.Errorf("%s: %w: %w", what, nat.ErrDrift, err)
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Restore makes the kernel hold exactly the ruleset, in one transaction. A table that is
// there already is replaced as a whole; established connections go on, since conntrack
// holds their translations.
func (b *Backend) Restore(ctx context.Context, r nat.Ruleset) error {
	err := b.load(r, false)
	if errors.Is(err, unix.EEXIST) {
		err = b.load(r, true)
	}
	return err
}

func (b *Backend) load(r nat.Ruleset, replace bool) error {
	if err := b.open(); err != nil {
		return err
	}
	if replace {
		b.conn.DelTable(table())
	}
	b.conn.CreateTable(table())
	err := b.addSets()
	b.addChains()
	err = errors.Join(err, b.addNetworks(r.Networks))
	for mark, mappings := range byMark(r.Entries) {
		err = errors.Join(err, b.addMappings(mark, mappings))
	}
	return b.commit("restore translations", err)
}

func byMark(entries []nat.Entry) map[string][]nat.Mapping {
	marks := map[string][]nat.Mapping{}
	for _, e := range entries {
		marks[e.Mark] = append(marks[e.Mark], e.Mapping)
	}
	return marks
}

func (b *Backend) addSets() error {
	var failed []error
	for _, f := range families {
		for _, s := range f.sets() {
			failed = append(failed, b.conn.AddSet(s, nil))
		}
	}
	return errors.Join(failed...)
}

func (b *Backend) addChains() {
	for _, c := range chains() {
		chain := b.conn.AddChain(c.nft())
		for _, r := range c.rules {
			b.conn.AddRule(&nftables.Rule{
				Table: table(), Chain: chain, Exprs: r.exprs,
				UserData: userdata.AppendString(nil, userdata.TypeComment, r.comment),
			})
		}
	}
}

// Clear deletes the table.
func (b *Backend) Clear(context.Context) error {
	if err := b.open(); err != nil {
		return err
	}
	b.conn.DelTable(table())
	err := b.commit("remove translations", nil)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// Usable tells why nftables can't be used.
func (b *Backend) Usable(context.Context) error {
	if err := b.open(); err != nil {
		return err
	}
	if _, err := b.conn.ListTablesOfFamily(nftables.TableFamilyINet); err != nil {
		return fmt.Errorf("list nftables tables: %w", err)
	}
	return nil
}

func (b *Backend) addMappings(mark string, list []nat.Mapping) error {
	return eachChunk(list, func(s *nftables.Set, mappings []nat.Mapping) error {
		return b.conn.SetAddElements(s, elements(mark, mappings))
	})
}

func (b *Backend) deleteMappings(list []nat.Mapping) error {
	return eachChunk(list, func(s *nftables.Set, mappings []nat.Mapping) error {
		return b.conn.SetDeleteElements(s, elements("", mappings))
	})
}

func elements(mark string, list []nat.Mapping) []nftables.SetElement {
	out := make([]nftables.SetElement, 0, len(list))
	for _, m := range list {
		out = append(out, mappingElement(mark, m))
	}
	return out
}

// eachChunk calls fn with mappings of the same map, in bites that fit into a message.
func eachChunk(list []nat.Mapping, fn func(*nftables.Set, []nat.Mapping) error) error {
	sets := map[string]*nftables.Set{}
	bySet := map[string][]nat.Mapping{}
	for _, m := range list {
		s := mapOf(m)
		sets[s.Name] = s
		bySet[s.Name] = append(bySet[s.Name], m)
	}
	for name, mappings := range bySet {
		for len(mappings) > 0 {
			n := min(chunk, len(mappings))
			if err := fn(sets[name], mappings[:n]); err != nil {
				return err
			}
			mappings = mappings[n:]
		}
	}
	return nil
}

func (b *Backend) addNetworks(n nat.Networks) error {
	return eachNetwork(n, func(s *nftables.Set, e []nftables.SetElement) error { return b.conn.SetAddElements(s, e) })
}

func (b *Backend) deleteNetworks(n nat.Networks) error {
	return eachNetwork(n, func(s *nftables.Set, e []nftables.SetElement) error { return b.conn.SetDeleteElements(s, e) })
}

func eachNetwork(n nat.Networks, fn func(*nftables.Set, []nftables.SetElement) error) error {
	for name, list := range map[string][]netip.Prefix{masquerade: n.Masquerade, hairpin: n.Hairpin, inside: n.Inside} {
		for _, p := range list {
			f := familyOf(p.Addr())
			if err := fn(f.networkSet(name), networkElements(name, p)); err != nil {
				return err
			}
		}
	}
	return nil
}
