package nat

import (
	"context"
	"fmt"
	"slices"
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
	// Find reads what the kernel holds, whoever's it is, at the host's ends of the mappings asked for and
	// of the networks asked for. Its cost need not grow with what else there is, but a backend that
	// can't look up one thing may return all.
	Find(ctx context.Context, asked Ruleset) (Ruleset, error)
	// Count tells how many connections each mapping has led to its target. It counts from when the kernel
	// got the mapping; a backend that writes all mappings anew with each change counts from the last change.
	// A mapping that the kernel does not count is not among them.
	Count(ctx context.Context) (Counts, error)
	// Marks calls fn with the marks of the owners of what List lists, with each of them once or more often. What fn is
	// given is overwritten afterwards.
	Marks(ctx context.Context, fn func([]byte)) error
	// Clear removes everything; nothing there is no error.
	Clear(ctx context.Context) error
	// Present reports whether the kernel may hold anything. It starts no process.
	Present() (bool, error)
	// Ready reports whether the kernel has what Apply adds to, as this release makes it. Where that takes a process to
	// tell, it is the same as Present, and Apply finds out.
	Ready() (bool, error)
	// Usable tells why the kernel can't hold translations; nil if it can.
	Usable(ctx context.Context) error
}

// Kind tells backends apart. Its value stands in the state file.
type Kind uint8

// The backends there are.
const (
	Nftables       Kind = iota
	IptablesNFT         // iptables on nftables' tables of its own
	IptablesLegacy      // iptables on tables of its own
)

var kinds = [...]string{"nftables", "iptables-nft", "iptables-legacy"}

// String returns the kind's name, "iptables-nft".
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return fmt.Sprintf("backend(%d)", uint8(k))
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kinds[:], string(text))
	if i < 0 {
		return fmt.Errorf("backend %q is none of %q", text, kinds)
	}
	*k = Kind(i)
	return nil
}

// Entry is a mapping with the mark of its owner.
type Entry struct {
	Mark    string
	Mapping Mapping
}

// Change is what one transaction adds and removes. Adding what is there already with the
// same value changes nothing; removing what is not there is drift.
type Change struct {
	Mark           string // of the owner of the mappings
	Add, Remove    []Mapping
	AddNetworks    []Network
	RemoveNetworks []Network
	// Whole is all that the book says after the change; nil where the kernel may hold more than that.
	// A backend that can't change a part without reading all there is may write this instead.
	Whole func(context.Context) (Ruleset, error)
}

// Empty reports whether nothing changes.
func (c Change) Empty() bool {
	return len(c.Add) == 0 && len(c.Remove) == 0 && len(c.AddNetworks) == 0 && len(c.RemoveNetworks) == 0
}

// Ruleset is all that a backend holds.
type Ruleset struct {
	Entries  []Entry   // sorted by mapping
	Networks []Network // sorted; those of one treatment are disjoint
	// Missing names the parts of the fixed structure (chains, rules) that are not there; it
	// is only set by List and Find. A ruleset that is not there at all is missing as a whole.
	Missing []string
	// Otherwise is set by List and Find where the fixed structure is as another release makes it. The rest is what could be
	// read of it all the same, and can't be compared.
	Otherwise bool
}

func (r Ruleset) empty() bool { return len(r.Entries) == 0 && len(r.Networks) == 0 }

// EachMark calls fn with the marks of the entries.
func (r Ruleset) EachMark(fn func([]byte)) {
	for i := range r.Entries {
		fn([]byte(r.Entries[i].Mark))
	}
}
