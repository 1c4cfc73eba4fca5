package netfilter

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/userdata"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Get returns the element that a set has at a key, with its value and comment, by one message whatever
// the size of the set. In a set of intervals that is the one that the key lies in, or its beginning
// where that is an element of its own. Neither a set nor a table that is missing has any.
func (c *Conn) Get(s *nftables.Set, key []byte) (found nftables.SetElement, ok bool, err error) {
	data := about(s.Table.Family)
	data.text(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name)
	data.text(unix.NFTA_SET_ELEM_LIST_SET, s.Name)
	list := data.open(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
	data.element(nftables.SetElement{Key: key})
	data.close(list)
	answer, err := c.request(unix.NFT_MSG_GETSETELEM, 0, data)
	switch {
	case errors.Is(err, unix.ENOENT):
		return found, false, nil
	case err == nil && len(answer) == 1:
		found, err = elementOf(answer[0].Data)
	case err == nil:
		err = errAnswer
	}
	if err != nil {
		return found, false, fmt.Errorf("look up element of %s: %w", s.Name, err)
	}
	return found, true, nil
}

// elementOf reads the element that an answer of nf_tables_getsetelem holds
// (net/netfilter/nf_tables_api.c).
func elementOf(answer []byte) (e nftables.SetElement, err error) {
	in := answer[min(nfgenmsg, len(answer)):]
	for _, kind := range []uint16{unix.NFTA_SET_ELEM_LIST_ELEMENTS, unix.NFTA_LIST_ELEM} {
		if in, err = attribute(in, kind); err != nil {
			return e, err
		}
	}
	list, err := netlink.UnmarshalAttributes(in)
	for _, a := range list {
		var failed error
		switch a.Type &^ unix.NLA_F_NESTED {
		case unix.NFTA_SET_ELEM_KEY:
			e.Key, failed = attribute(a.Data, unix.NFTA_DATA_VALUE)
		case keyEnd:
			e.KeyEnd, failed = attribute(a.Data, unix.NFTA_DATA_VALUE)
		case unix.NFTA_SET_ELEM_DATA:
			e.Val, failed = attribute(a.Data, unix.NFTA_DATA_VALUE)
		case unix.NFTA_SET_ELEM_USERDATA:
			e.Comment, _ = userdata.GetString(a.Data, userdata.NFTNL_UDATA_SET_ELEM_COMMENT)
		}
		err = errors.Join(err, failed)
	}
	return e, err
}

// attribute returns what the first attribute of a kind holds; nothing if there is none.
func attribute(data []byte, kind uint16) ([]byte, error) {
	list, err := netlink.UnmarshalAttributes(data)
	for _, a := range list {
		if a.Type&^unix.NLA_F_NESTED == kind {
			return a.Data, err
		}
	}
	return nil, err
}
