package kernel

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

var table = &nftables.Table{Family: nftables.TableFamilyINet, Name: "floor"}

// portMap is a map from protocol and port to address and port.
func portMap(name string, addr nftables.SetDatatype) *nftables.Set {
	return &nftables.Set{
		Table: table, Name: name, IsMap: true, Concatenation: true,
		KeyType:  nftables.MustConcatSetType(nftables.TypeInetProto, nftables.TypeInetService),
		DataType: nftables.MustConcatSetType(addr, nftables.TypeInetService),
	}
}

// target is where the ports of one family go.
type target struct {
	set  *nftables.Set
	addr netip.Addr
}

func (c Call) targets() []target {
	list := []target{{portMap("ports4", nftables.TypeIPAddr), netip.AddrFrom4([4]byte{10, 99, byte(c.Number >> 8), byte(c.Number + 2)})}}
	if c.On.Dual {
		list = append(list, target{portMap("ports6", nftables.TypeIP6Addr), netip.MustParseAddr("fd99::2")})
	}
	return list
}

func (c Call) elements(t target) []nftables.SetElement {
	var list []nftables.SetElement
	for i := range c.Ports {
		list = append(list, nftables.SetElement{
			Key: append([]byte{unix.IPPROTO_TCP, 0, 0, 0}, field(c.First+i)...),
			Val: append(t.addr.AsSlice(), field(80+i)...),
		})
	}
	return list
}

// field is a port in a concatenation, where all is padded to four bytes.
func field(port int) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(port)), 0, 0)
}

// publish adds the elements in one transaction, which also makes table and maps: that is
// no change where they exist.
func publish(c Call) error {
	conn, err := nftables.New()
	if err != nil {
		return err
	}
	conn.AddTable(table)
	for _, t := range c.targets() {
		if err := conn.AddSet(t.set, c.elements(t)); err != nil {
			return err
		}
	}
	return conn.Flush()
}

func unpublish(c Call) error {
	conn, err := nftables.New()
	if err != nil || c.Ports == 0 {
		return err
	}
	for _, t := range c.targets() {
		if err := conn.SetDeleteElements(t.set, c.elements(t)); err != nil {
			return err
		}
	}
	return conn.Flush()
}
