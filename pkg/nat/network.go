package nat

import (
	"fmt"
	"net/netip"
	"slices"
)

// Treatment is what happens to packets of a network. The zero Treatment is invalid.
type Treatment uint8

// The treatments there are, in the order in which they are looked for.
const (
	// Hairpin: a connection from inside the network that reaches a published port on the same
	// network through an address of the host is masqueraded, because its answer would not
	// come back otherwise.
	Hairpin Treatment = iota + 1
	// HideClients: every client of a published port of the network appears as the host.
	HideClients
	// Inside: traffic inside the network keeps its source. It comes with every other treatment.
	Inside
	// Direct: traffic to Network.Dst keeps its source, such as that to pods of other nodes.
	Direct
	// SNAT: traffic to elsewhere leaves with the address Network.To.
	SNAT
	// MasqueradeRandom: as Masquerade, always with a port chosen at random.
	MasqueradeRandom
	// Masquerade: traffic to elsewhere leaves with an address of the host.
	Masquerade
)

var treatments = [...]string{"", "hairpin", "hide-clients", "inside", "direct", "snat", "masquerade-random", "masquerade"}

// String returns the treatment in words, "masquerade".
func (t Treatment) String() string {
	if int(t) < len(treatments) {
		return treatments[t]
	}
	return fmt.Sprintf("treatment(%d)", uint8(t))
}

// MarshalText writes the treatment's name.
func (t Treatment) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a treatment's name.
func (t *Treatment) UnmarshalText(text []byte) error {
	i := slices.Index(treatments[:], string(text))
	if i < 1 {
		return fmt.Errorf("treatment %q is none of %q", text, treatments[1:])
	}
	*t = Treatment(i)
	return nil
}

// Network is a masked prefix with what happens to its packets. Multicast and broadcast keep
// their source in any case.
type Network struct {
	Prefix    netip.Prefix `json:"prefix"`
	Treatment Treatment    `json:"treatment"`
	Dst       netip.Prefix `json:"dst,omitzero"`  // of Direct, of the prefix's family
	To        netip.Addr   `json:"to,omitzero"`   // of SNAT, of the prefix's family
	Mark      Mark         `json:"mark,omitzero"` // of Hairpin
}

// String returns "masquerade 10.1.0.0/24", "snat 10.1.0.0/24 to 192.0.2.1".
func (n Network) String() string {
	text := n.Treatment.String() + " " + n.Prefix.String()
	if n.Dst.IsValid() {
		text += " to " + n.Dst.String()
	}
	if n.To.IsValid() {
		text += " to " + n.To.String()
	}
	return text + n.Mark.String()
}

// Mark is how packets are remembered that come from a network to an address of the host. The
// zero Mark leaves it to the backend. Only iptables backends take others.
type Mark struct {
	Mask  uint32 `json:"mask,omitempty"`  // one bit of the packet's mark
	Chain string `json:"chain,omitempty"` // someone else's that sets one, and masquerades by it
}

// String returns " by mark 0x20", " by chain KUBE-MARK-MASQ", or nothing.
func (m Mark) String() string {
	switch {
	case m.Chain != "":
		return " by chain " + m.Chain
	case m.Mask != 0:
		return fmt.Sprintf(" by mark %#x", m.Mask)
	}
	return ""
}

// clashes reports whether a kernel can't hold both: one lies in the other and leaves with
// another address.
func (n Network) clashes(o Network) bool {
	return n.Treatment == SNAT && o.Treatment == SNAT && n.To != o.To && n.Prefix.Overlaps(o.Prefix)
}

// Overlaps reports whether a packet can be of both, in the set of one treatment.
func (n *Network) Overlaps(o Network) bool {
	return n.Treatment == o.Treatment && n.Mark == o.Mark && n.Prefix.Overlaps(o.Prefix) &&
		(!n.Dst.IsValid() || n.Dst.Overlaps(o.Dst))
}

// inKernel returns what the kernel shall hold for networks: disjoint ones for each treatment,
// and each of them as Inside. An interval set of the kernel takes no overlapping elements.
func inKernel(list []Network) []Network {
	byTreatment := map[Network][]netip.Prefix{}
	disjoint := disjointDirect(list)
	for _, n := range list {
		byTreatment[Network{Treatment: Inside}] = append(byTreatment[Network{Treatment: Inside}], n.Prefix)
		if n.Treatment == Direct {
			continue
		}
		treatment := n
		treatment.Prefix = netip.Prefix{}
		byTreatment[treatment] = append(byTreatment[treatment], n.Prefix)
	}
	for n, prefixes := range byTreatment {
		for _, n.Prefix = range cover(prefixes) {
			disjoint = append(disjoint, n)
		}
	}
	return canonicalNetworks(disjoint)
}

// disjointDirect returns what is left of Direct where networks or their destinations lie in
// others: a network that lies in another one has the destinations of both.
func disjointDirect(list []Network) (disjoint []Network) {
	list = slices.DeleteFunc(slices.Clone(list), func(n Network) bool { return n.Treatment != Direct })
	var sources []netip.Prefix
	for _, n := range list {
		sources = append(sources, n.Prefix)
	}
	for _, source := range cover(sources) {
		var destinations []netip.Prefix
		for _, n := range list {
			if source.Overlaps(n.Prefix) {
				destinations = append(destinations, n.Dst)
			}
		}
		for _, dst := range cover(destinations) {
			disjoint = append(disjoint, Network{Prefix: source, Treatment: Direct, Dst: dst})
		}
	}
	return disjoint
}

// covering returns those of list that cover one of wanted.
func covering(list, wanted []Network) []Network {
	return slices.DeleteFunc(slices.Clone(list), func(n Network) bool {
		return !slices.ContainsFunc(wanted, func(w Network) bool {
			overlaps := n.Overlaps(w)
			w.Prefix, w.Dst = n.Prefix, n.Dst
			return w == n && overlaps
		})
	})
}

func canonicalNetworks(list []Network) []Network {
	SortNetworks(list)
	return slices.Compact(list)
}

// without returns the elements of list that are not in other.
func without(list, other []Network) []Network {
	var rest []Network
	for _, n := range list {
		if !slices.Contains(other, n) {
			rest = append(rest, n)
		}
	}
	return rest
}
