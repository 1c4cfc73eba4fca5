package testbed

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Rules are nftables objects as the messages of netlink that make them. The text of nft(8) is no
// substitute: it does not read all that it writes.
type Rules []byte

// nfMessage is the type of a message of nf_tables.
func nfMessage(of int) netlink.HeaderType {
	return netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | of)
}

// anyFamily begins the data of a message of nf_tables (struct nfgenmsg, linux/netfilter/nfnetlink.h).
var anyFamily = []byte{unix.AF_UNSPEC, 0, 0, 0}

// SaveRules reads the tables of the host whose names begin with prefix.
func (h *Host) SaveRules(prefix string) (rules Rules) {
	h.t.Helper()
	conn := h.nftables()
	defer conn.Close()
	for _, of := range []int{unix.NFT_MSG_GETTABLE, unix.NFT_MSG_GETCHAIN, unix.NFT_MSG_GETSET, unix.NFT_MSG_GETRULE} {
		made := h.dump(conn, of, nil, prefix)
		if of == unix.NFT_MSG_GETSET {
			for _, set := range made {
				table, name := attribute(set, unix.NFTA_SET_TABLE), attribute(set, unix.NFTA_SET_NAME)
				made = append(made, h.dump(conn, unix.NFT_MSG_GETSETELEM, append(set.Data[:4:4], h.attributes(table, name)...), prefix)...)
			}
		}
		for _, m := range made {
			if rules = append(rules, h.message(m)...); len(rules)%4 != 0 {
				h.t.Fatal("a message of netlink that is not aligned")
			}
		}
	}
	return rules
}

// dump asks for objects and returns the messages that make them.
func (h *Host) dump(conn *netlink.Conn, of int, about []byte, prefix string) (list []netlink.Message) {
	h.t.Helper()
	if about == nil {
		about = anyFamily
	}
	answers, err := conn.Execute(netlink.Message{Header: netlink.Header{Type: nfMessage(of), Flags: netlink.Request | netlink.Dump}, Data: about})
	if err != nil {
		h.t.Fatalf("list nftables objects: %v", err)
	}
	for _, m := range answers {
		// The first attribute of each kind is the table's name.
		if bytes.HasPrefix(attribute(m, 1).Data, []byte(prefix)) {
			list = append(list, h.remake(m, uint32(len(list))+1))
		}
	}
	return list
}

// unwanted are attributes that the kernel tells, by the type of the message that makes the object,
// and that say which object is to be changed where there is one.
var unwanted = map[netlink.HeaderType][]uint16{
	nfMessage(unix.NFT_MSG_NEWCHAIN): {unix.NFTA_CHAIN_HANDLE},
	nfMessage(unix.NFT_MSG_NEWRULE):  {unix.NFTA_RULE_HANDLE, unix.NFTA_RULE_POSITION},
	nfMessage(unix.NFT_MSG_NEWSET):   {setHandle, setType, setCount},
}

// What newer kernels tell of a set (include/uapi/linux/netfilter/nf_tables.h).
const (
	setHandle = 16
	setType   = 19
	setCount  = 20
)

// remake turns what the kernel says into what makes the object again.
func (h *Host) remake(m netlink.Message, id uint32) netlink.Message {
	h.t.Helper()
	all, err := netlink.UnmarshalAttributes(m.Data[4:])
	if err != nil {
		h.t.Fatal(err)
	}
	var kept []netlink.Attribute
	for _, a := range all {
		if !slices.Contains(unwanted[m.Header.Type], a.Type) {
			kept = append(kept, a)
		}
	}
	if m.Header.Type == nfMessage(unix.NFT_MSG_NEWSET) {
		kept = append(kept, netlink.Attribute{Type: unix.NFTA_SET_ID, Data: binary.BigEndian.AppendUint32(nil, id)})
	}
	flags := netlink.Request | netlink.Acknowledge | netlink.Create | netlink.Append
	return netlink.Message{Header: netlink.Header{Type: m.Header.Type, Flags: flags}, Data: append(m.Data[:4:4], h.attributes(kept...)...)}
}

func attribute(m netlink.Message, kind uint16) netlink.Attribute {
	list, _ := netlink.UnmarshalAttributes(m.Data[4:])
	for _, a := range list {
		if a.Type == kind {
			return a
		}
	}
	return netlink.Attribute{}
}

func (h *Host) attributes(list ...netlink.Attribute) []byte {
	h.t.Helper()
	data, err := netlink.MarshalAttributes(list)
	if err != nil {
		h.t.Fatal(err)
	}
	return data
}

// message is a message with its length, aligned as the next one needs it.
func (h *Host) message(m netlink.Message) []byte {
	h.t.Helper()
	m.Header.Length = uint32(unix.NLMSG_HDRLEN + len(m.Data))
	data, err := m.MarshalBinary()
	if err != nil {
		h.t.Fatal(err)
	}
	return data
}

// LoadRules makes the objects again, in one transaction.
func (h *Host) LoadRules(rules Rules) {
	h.t.Helper()
	conn := h.nftables()
	defer conn.Close()
	transaction := []byte{unix.AF_UNSPEC, 0, 0, unix.NFNL_SUBSYS_NFTABLES}
	edge := func(of netlink.HeaderType) netlink.Message {
		return netlink.Message{Header: netlink.Header{Type: of, Flags: netlink.Request}, Data: transaction}
	}
	batch := []netlink.Message{edge(unix.NFNL_MSG_BATCH_BEGIN)}
	for len(rules) > 0 {
		length := binary.NativeEndian.Uint32(rules)
		var m netlink.Message
		if err := m.UnmarshalBinary(rules[:length]); err != nil {
			h.t.Fatal(err)
		}
		batch, rules = append(batch, m), rules[length:]
	}
	if _, err := conn.SendMessages(append(batch, edge(unix.NFNL_MSG_BATCH_END))); err != nil {
		h.t.Fatalf("load rules: %v", err)
	}
	for answered := 0; answered < len(batch)-1; {
		acks, err := conn.Receive()
		if err != nil {
			h.t.Fatalf("load rules: object %d of %d: %v", answered, len(batch)-1, err)
		}
		answered += len(acks)
	}
}

func (h *Host) nftables() *netlink.Conn {
	h.t.Helper()
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		h.t.Fatalf("open a socket of netfilter: %v", err)
	}
	if err := conn.SetReadBuffer(1 << 22); err != nil { // for an answer to each object of a transaction
		h.t.Fatal(err)
	}
	return conn
}
