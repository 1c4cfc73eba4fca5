package netfilter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/google/nftables"
	"github.com/google/nftables/userdata"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Changes are elements to add and to delete in one transaction, encoded as they come. They are what
// most calls do to a table, so they take no way by attributes that are each marshalled apart.
type Changes struct {
	messages []netlink.Message
}

// Add collects the addition of elements to a set that is there.
func (c *Changes) Add(s *nftables.Set, list iter.Seq[nftables.SetElement]) {
	c.collect(unix.NFT_MSG_NEWSETELEM, netlink.Create, s, list)
}

// Delete collects the deletion of elements.
func (c *Changes) Delete(s *nftables.Set, list iter.Seq[nftables.SetElement]) {
	c.collect(unix.NFT_MSG_DELSETELEM, 0, s, list)
}

// maxList leaves room for an element in a list whose length has 16 bits.
const maxList = 1<<16 - 1024

func (c *Changes) collect(operation uint16, flags netlink.HeaderFlags, s *nftables.Set, list iter.Seq[nftables.SetElement]) {
	var data attributes
	var begin int // of the list in data
	finish := func() {
		if data != nil {
			data.close(begin)
			header := netlink.Header{Type: netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | operation), Flags: netlink.Request | flags}
			c.messages = append(c.messages, netlink.Message{Header: header, Data: data})
		}
	}
	for e := range list {
		if data == nil || len(data)-begin > maxList {
			finish()
			data = about(s.Table.Family)
			data.text(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name)
			data.text(unix.NFTA_SET_ELEM_LIST_SET, s.Name)
			begin = data.open(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
		}
		data.element(e)
	}
	finish()
}

// Make makes the changes, or none of them.
func (c *Conn) Make(changes *Changes) error {
	if len(changes.messages) == 0 {
		return nil
	}
	socket, err := c.socket()
	if err != nil {
		return err
	}
	frame := func(kind netlink.HeaderType) netlink.Message {
		subsystem := []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, unix.NFNL_SUBSYS_NFTABLES}
		return netlink.Message{Header: netlink.Header{Type: kind, Flags: netlink.Request}, Data: subsystem}
	}
	// What fails is answered in any case; the last one is also if it doesn't.
	changes.messages[len(changes.messages)-1].Header.Flags |= netlink.Acknowledge
	batch := append([]netlink.Message{frame(unix.NFNL_MSG_BATCH_BEGIN)}, changes.messages...)
	if changes.size() > smallBatch {
		// Each message that fails is answered with a copy of it.
		err = errors.Join(socket.SetWriteBuffer(socketBuffer), socket.SetReadBuffer(socketBuffer))
	}
	if err == nil {
		_, err = socket.SendMessages(append(batch, frame(unix.NFNL_MSG_BATCH_END)))
	}
	if err == nil {
		_, err = socket.Receive()
	}
	if err != nil { // the socket may hold answers that nobody has read
		return errors.Join(fmt.Errorf("change elements: %w", err), c.dropSocket())
	}
	return nil
}

const (
	// smallBatch fits a socket as it is (wmem_default and rmem_default,
	// Documentation/admin-guide/sysctl/net.rst), and so do the answers to it.
	smallBatch = 100 << 10
	// answerCost is about what the kernel counts for an answer beside its text.
	answerCost = 1 << 10
)

func (c *Changes) size() (bytes int) {
	for _, m := range c.messages {
		bytes += len(m.Data) + answerCost
	}
	return bytes
}

// attributes are netlink attributes, one behind the other.
type attributes []byte

const attributeHeader = 4

// nfgenmsg is the size of the struct of that name, with which every message begins.
const nfgenmsg = 4

// about begins a message about tables of a family.
func about(f nftables.TableFamily) attributes { return attributes{byte(f), unix.NFNETLINK_V0, 0, 0} }

// open begins an attribute that has others in it, and returns where.
func (a *attributes) open(kind uint16) int {
	at := len(*a)
	*a = append(*a, 0, 0, 0, 0)
	binary.NativeEndian.PutUint16((*a)[at+2:], kind|unix.NLA_F_NESTED)
	return at
}

func (a *attributes) close(at int) { binary.NativeEndian.PutUint16((*a)[at:], uint16(len(*a)-at)) }

func (a *attributes) bytes(kind uint16, value []byte) {
	at := a.open(kind)
	binary.NativeEndian.PutUint16((*a)[at+2:], kind)
	*a = append(*a, value...)
	a.close(at)
	a.pad()
}

func (a *attributes) text(kind uint16, value string) { a.bytes(kind, append([]byte(value), 0)) }

// pad fills up to a multiple of four bytes, which the length does not count.
func (a *attributes) pad() {
	for len(*a)%attributeHeader != 0 {
		*a = append(*a, 0)
	}
}

// NFTA_SET_ELEM_KEY_END of uapi/linux/netfilter/nf_tables.h.
const keyEnd = 10

func (a *attributes) element(e nftables.SetElement) {
	at := a.open(unix.NFTA_LIST_ELEM)
	if e.IntervalEnd {
		a.bytes(unix.NFTA_SET_ELEM_FLAGS, binary.BigEndian.AppendUint32(nil, unix.NFT_SET_ELEM_INTERVAL_END))
	}
	a.value(unix.NFTA_SET_ELEM_KEY, e.Key)
	a.value(keyEnd, e.KeyEnd)
	a.value(unix.NFTA_SET_ELEM_DATA, e.Val)
	if e.Comment != "" {
		a.bytes(unix.NFTA_SET_ELEM_USERDATA, userdata.AppendString(nil, userdata.NFTNL_UDATA_SET_ELEM_COMMENT, e.Comment))
	}
	a.close(at)
}

func (a *attributes) value(kind uint16, value []byte) {
	if len(value) == 0 {
		return
	}
	at := a.open(kind)
	a.bytes(unix.NFTA_DATA_VALUE, value)
	a.close(at)
}
