package netfilter

import (
	"bytes"
	"errors"

	"github.com/google/nftables"
	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/nlsocket"
)

var errAnswer = errors.New("the kernel's answer can't be read")

// Get returns the element that a set has at a key, with its value and comment, by one message whatever
// the size of the set. In a set of intervals that is the one that the key lies in, or its beginning
// where that is an element of its own. Neither a set nor a table that is missing has any.
func (c *Conn) Get(s *nftables.Set, key []byte) (found nftables.SetElement, ok bool, err error) {
	question, list := listOf(unix.NFT_MSG_GETSETELEM, 0, s)
	question.element(nftables.SetElement{Key: key})
	question.close(list)
	answer, err := c.request(question)
	switch {
	case errors.Is(err, unix.ENOENT):
		return found, false, nil
	case err == nil && len(answer) == 1:
		found, err = elementOf(answer[0])
	case err == nil:
		err = errAnswer
	}
	if err != nil {
		return found, false, failure.To("look up element of "+s.Name, err)
	}
	return found, true, nil
}

// Comments calls fn with those of all elements of a set, perhaps more than once. What fn is given is overwritten afterwards.
// Neither a set nor a table that is missing has any.
func (c *Conn) Comments(s *nftables.Set, fn func([]byte)) error {
	err := nlsocket.ErrInterrupted
	for tries := 0; errors.Is(err, nlsocket.ErrInterrupted) && tries < mostTries; tries++ {
		question := about(unix.NFT_MSG_GETSETELEM, unix.NLM_F_DUMP, s.Table.Family)
		question.text(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name)
		question.text(unix.NFTA_SET_ELEM_LIST_SET, s.Name)
		err = c.each(question, func(answer []byte) { comments(answer, fn) })
	}
	if err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, nlsocket.ErrInterrupted) {
		return failure.To("list elements of "+s.Name, err)
	}
	return nil
}

// mostTries is how often a list is asked for anew. Any change of any table interrupts it, on some hosts all the time.
const mostTries = 10

func comments(answer []byte, fn func([]byte)) {
	elements, _ := nlsocket.Attribute(answer[min(nfgenmsg, len(answer)):], unix.NFTA_SET_ELEM_LIST_ELEMENTS)
	for len(elements) > 0 {
		var in []byte
		_, in, elements = nlsocket.NextAttribute(elements)
		data, _ := nlsocket.Attribute(in, unix.NFTA_SET_ELEM_USERDATA)
		if comment := userdata.Get(data, userdata.NFTNL_UDATA_SET_ELEM_COMMENT); comment != nil {
			fn(bytes.TrimSuffix(comment, []byte{0}))
		}
	}
}

// elementOf reads the element that an answer of nf_tables_getsetelem holds
// (net/netfilter/nf_tables_api.c).
func elementOf(answer []byte) (e nftables.SetElement, err error) {
	in, _ := nlsocket.Attribute(answer[min(nfgenmsg, len(answer)):], unix.NFTA_SET_ELEM_LIST_ELEMENTS)
	in, ok := nlsocket.Attribute(in, unix.NFTA_LIST_ELEM)
	if !ok {
		return e, errAnswer
	}
	for len(in) > 0 {
		var kind uint16
		var value []byte
		switch kind, value, in = nlsocket.NextAttribute(in); kind {
		case unix.NFTA_SET_ELEM_KEY:
			e.Key, _ = nlsocket.Attribute(value, unix.NFTA_DATA_VALUE)
		case keyEnd:
			e.KeyEnd, _ = nlsocket.Attribute(value, unix.NFTA_DATA_VALUE)
		case unix.NFTA_SET_ELEM_DATA:
			e.Val, _ = nlsocket.Attribute(value, unix.NFTA_DATA_VALUE)
		case unix.NFTA_SET_ELEM_USERDATA:
			e.Comment, _ = userdata.GetString(value, userdata.NFTNL_UDATA_SET_ELEM_COMMENT)
		}
	}
	return e, nil
}
