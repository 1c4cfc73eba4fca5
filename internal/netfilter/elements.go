package netfilter

import (
	"github.com/google/nftables"
)

// chunk is how many elements one message takes: the list of them is one netlink attribute,
// whose length has 16 bits, and an element with a full comment has 250 bytes.
const chunk = 200

// AddElements collects the addition of elements.
func AddElements(c *nftables.Conn, s *nftables.Set, elements []nftables.SetElement) error {
	return inBites(elements, func(bite []nftables.SetElement) error { return c.SetAddElements(s, bite) })
}

// DeleteElements collects the deletion of elements.
func DeleteElements(c *nftables.Conn, s *nftables.Set, elements []nftables.SetElement) error {
	return inBites(elements, func(bite []nftables.SetElement) error { return c.SetDeleteElements(s, bite) })
}

func inBites(elements []nftables.SetElement, fn func([]nftables.SetElement) error) error {
	for len(elements) > 0 {
		n := min(chunk, len(elements))
		if err := fn(elements[:n]); err != nil {
			return err
		}
		elements = elements[n:]
	}
	return nil
}
