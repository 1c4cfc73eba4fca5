package netfilter

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Holds reports whether a set has an element, by one message whatever the size of the set.
// Neither a set nor a table that is missing has any.
func Holds(s *nftables.Set, key []byte) (bool, error) {
	data, err := lookup(s, key)
	if err != nil {
		return false, fmt.Errorf("encode element of %s: %w", s.Name, err)
	}
	_, err = ask(unix.NFT_MSG_GETSETELEM, data)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, unix.ENOENT):
		return false, nil
	}
	return false, fmt.Errorf("look up element of %s: %w", s.Name, err)
}

// lookup is the message of nf_tables_getsetelem (net/netfilter/nf_tables_api.c).
func lookup(s *nftables.Set, key []byte) ([]byte, error) {
	e := netlink.NewAttributeEncoder()
	e.String(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name)
	e.String(unix.NFTA_SET_ELEM_LIST_SET, s.Name)
	e.Nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS, func(list *netlink.AttributeEncoder) error {
		list.Nested(unix.NFTA_LIST_ELEM, func(element *netlink.AttributeEncoder) error {
			element.Nested(unix.NFTA_SET_ELEM_KEY, func(k *netlink.AttributeEncoder) error {
				k.Bytes(unix.NFTA_DATA_VALUE, key)
				return nil
			})
			return nil
		})
		return nil
	})
	attributes, err := e.Encode()
	head := []byte{byte(s.Table.Family), unix.NFNETLINK_V0, 0, 0}
	return append(head, attributes...), err
}
