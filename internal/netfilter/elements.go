package netfilter

import (
	"github.com/google/nftables"
)

// chunk is how many elements one message takes: the list of them is one netlink attribute,
// whose length has 16 bits, and an element with a full comment has 250 bytes.
const chunk = 200

// AddElements collects the addition of elements to a set that may come in the same batch.
func AddElements(c *nftables.Conn, s *nftables.Set, elements []nftables.SetElement) error {
	for len(elements) > 0 {
		n := min(chunk, len(elements))
		if err := c.SetAddElements(s, elements[:n]); err != nil {
			return err
		}
		elements = elements[n:]
	}
	return nil
}
