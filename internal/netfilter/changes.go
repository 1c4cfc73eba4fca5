package netfilter

import (
	"encoding/binary"
	"errors"
	"iter"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/nlsocket"
)

// Changes are elements to add and to delete in one transaction, encoded as they come. They are what
// most calls do to a table, so they take no way by attributes that are each marshalled apart.
type Changes struct {
	table    *nftables.Table // of the last of them
	messages [][]byte
}

// Add collects the addition of elements to a set that is there. It keeps nothing of an element.
func (c *Changes) Add(s *nftables.Set, list iter.Seq[nftables.SetElement]) {
	c.collect(unix.NFT_MSG_NEWSETELEM, unix.NLM_F_CREATE, s, list)
}

// Delete collects the deletion of elements, for which their keys are enough.
func (c *Changes) Delete(s *nftables.Set, list iter.Seq[nftables.SetElement]) {
	c.collect(unix.NFT_MSG_DELSETELEM, 0, s, list)
}

// Need collects the condition that a table has this release's layout; else all of the changes fail as drift.
// To add nothing to a set asks the kernel for no more than to find it.
func (c *Changes) Need(t *nftables.Table) {
	data, begin := listOf(unix.NFT_MSG_NEWSETELEM, 0, LayoutMark(t))
	data.close(begin)
	c.table, c.messages = t, append(c.messages, data)
}

// maxList leaves room for an element in a list whose length has 16 bits.
const maxList = 1<<16 - 1024

func (c *Changes) collect(operation, flags int, s *nftables.Set, list iter.Seq[nftables.SetElement]) {
	c.table = s.Table
	var data attributes
	var begin int // of the list in data
	finish := func() {
		if data != nil {
			data.close(begin)
			c.messages = append(c.messages, data)
		}
	}
	for e := range list {
		if data == nil || len(data)-begin > maxList {
			finish()
			full := data != nil
			if data, begin = listOf(operation, flags, s); full { // and this one may well be full too
				data = slices.Grow(data, 1<<16)
			}
		}
		if operation == unix.NFT_MSG_DELSETELEM {
			e.Val, e.Comment = nil, ""
		}
		data.element(e)
	}
	finish()
}

// listOf begins a message about elements of a set; the list of them begins at begin.
func listOf(operation, flags int, s *nftables.Set) (data attributes, begin int) {
	data = about(operation, flags, s.Table.Family)
	data.text(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name)
	data.text(unix.NFTA_SET_ELEM_LIST_SET, s.Name)
	begin = data.open(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
	return data, begin
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
	frame := func(kind int) []byte {
		subsystem := []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, unix.NFNL_SUBSYS_NFTABLES}
		return append(nlsocket.Begin(kind, 0), subsystem...)
	}
	nlsocket.Acknowledge(changes.messages[len(changes.messages)-1])
	batch := append([][]byte{frame(unix.NFNL_MSG_BATCH_BEGIN)}, changes.messages...)
	if size := changes.size(); size > smallBatch {
		err = socket.Reserve(size) // each message that fails is answered with a copy of it
	}
	if err == nil {
		err = socket.Batch(append(batch, frame(unix.NFNL_MSG_BATCH_END)))
	}
	if err != nil { // the socket may hold answers that nobody has read
		c.dropSocket()
		return failure.To("change elements", c.drift(err, changes.table))
	}
	return nil
}

// errOtherwise is drift: sets of the same names may take other elements.
var errOtherwise = errors.New("another release made the table")

// drift tells why the kernel takes elements for invalid.
func (c *Conn) drift(err error, t *nftables.Table) error {
	if !errors.Is(err, unix.EINVAL) {
		return err
	}
	if made, failed := c.Made(t); failed != nil || made != Otherwise {
		return err
	}
	return errors.Join(errOtherwise, err)
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
		bytes += len(m) + answerCost
	}
	return bytes
}

// attributes are netlink attributes, one behind the other.
type attributes []byte

const attributeHeader = 4

// nfgenmsg is the size of the struct of that name, with which every message begins.
const nfgenmsg = 4

// about begins a message of a type NFT_MSG_* about tables of a family.
func about(operation, flags int, f nftables.TableFamily) attributes {
	return append(nlsocket.Begin(unix.NFNL_SUBSYS_NFTABLES<<8|operation, flags), byte(f), unix.NFNETLINK_V0, 0, 0)
}

// begin begins an attribute, and returns where.
func (a *attributes) begin(kind uint16) int {
	at := len(*a)
	*a = append(*a, 0, 0, 0, 0)
	binary.NativeEndian.PutUint16((*a)[at+2:], kind)
	return at
}

// open begins an attribute that has others in it, and returns where.
func (a *attributes) open(kind uint16) int { return a.begin(kind | unix.NLA_F_NESTED) }

func (a *attributes) close(at int) { binary.NativeEndian.PutUint16((*a)[at:], uint16(len(*a)-at)) }

func (a *attributes) bytes(kind uint16, value []byte) {
	at := a.begin(kind)
	*a = append(*a, value...)
	a.close(at)
	a.pad()
}

func (a *attributes) text(kind uint16, value string) {
	at := a.begin(kind)
	*a = append(append(*a, value...), 0)
	a.close(at)
	a.pad()
}

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
		a.comment(e.Comment)
	}
	a.close(at)
}

// comment is userdata of libnftnl: kind, length and text, with the zero that ends it.
func (a *attributes) comment(text string) {
	at := a.begin(unix.NFTA_SET_ELEM_USERDATA)
	*a = append(append(*a, byte(userdata.NFTNL_UDATA_SET_ELEM_COMMENT), byte(len(text)+1)), text...)
	*a = append(*a, 0)
	a.close(at)
	a.pad()
}

func (a *attributes) value(kind uint16, value []byte) {
	if len(value) == 0 {
		return
	}
	at := a.open(kind)
	a.bytes(unix.NFTA_DATA_VALUE, value)
	a.close(at)
}
