package nat

import (
	"context"
	"net/netip"
)

// Backend holds translations in the kernel. It renders and loads; what is needed is
// decided by its callers. It need not be safe for concurrent use: callers hold the kernel
// lock.
type Backend interface {
	// Apply makes one change in one transaction, or nothing of it. It assumes that the
	// kernel holds what earlier calls put there, and looks at nothing beyond the change: its
	// cost does not grow with what else there is. If the assumption is wrong, the error is
	// ErrDrift.
	Apply(ctx context.Context, c Change) error
	// Restore makes the kernel hold exactly the ruleset, in one transaction, whatever it
	// held before.
	Restore(ctx context.Context, r Ruleset) error
	// List reads what the kernel holds.
	List(ctx context.Context) (Ruleset, error)
	// Clear removes everything; nothing there is no error.
	Clear(ctx context.Context) error
	// Usable tells why the kernel can't hold translations; nil if it can.
	Usable(ctx context.Context) error
}

// Entry is a mapping with the mark of its owner.
type Entry struct {
	Mark    string
	Mapping Mapping
}

// Networks are the prefixes that translations name, each list disjoint and sorted.
type Networks struct {
	Masquerade []netip.Prefix // sources that are masqueraded
	Hairpin    []netip.Prefix // sources whose way through a published port is marked
	Inside     []netip.Prefix // networks inside which nothing is masqueraded but hairpin
}

// Change is what one transaction adds and removes. Adding what is there already with the
// same value changes nothing; removing what is not there is drift.
type Change struct {
	Mark           string // of the owner of the mappings
	Add, Remove    []Mapping
	AddNetworks    Networks
	RemoveNetworks Networks
}

// Empty reports whether nothing changes.
func (c Change) Empty() bool {
	return len(c.Add) == 0 && len(c.Remove) == 0 && c.AddNetworks.Empty() && c.RemoveNetworks.Empty()
}

// Ruleset is all that a backend holds.
type Ruleset struct {
	Entries  []Entry // sorted by mapping
	Networks Networks
	// Missing names the parts of the fixed structure (chains, rules) that are not there; it
	// is only set by List. A ruleset that is not there at all is missing as a whole.
	Missing []string
}

// Empty reports whether no network is named.
func (n Networks) Empty() bool {
	return len(n.Masquerade) == 0 && len(n.Hairpin) == 0 && len(n.Inside) == 0
}

// minus returns the prefixes of n that o does not have.
func (n Networks) minus(o Networks) Networks {
	return Networks{
		Masquerade: without(n.Masquerade, o.Masquerade),
		Hairpin:    without(n.Hairpin, o.Hairpin),
		Inside:     without(n.Inside, o.Inside),
	}
}
