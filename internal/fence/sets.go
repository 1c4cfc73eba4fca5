package fence

import (
	"net/netip"
	"strings"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
)

// The names of our tables, in the families bridge and inet.
const (
	GuardTable = "vethbridge"
	WallsTable = "vethbridge-walls"
)

func guardTable() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyBridge, Name: GuardTable}
}

func wallsTable() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyINet, Name: WallsTable}
}

// broadcasts is the set in which the kernel itself counts each port's broadcasts; it forgets a
// port that sends none for a while.
func broadcasts() *nftables.Set {
	return &nftables.Set{
		Table: guardTable(), Name: "broadcasts", KeyType: nftables.TypeIFName, KeyByteOrder: binaryutil.NativeEndian,
		Dynamic: true, HasTimeout: true, Timeout: time.Minute, Size: 1 << 16,
	}
}

// field is a part of a set's key.
type field uint8

const (
	linkField  field = iota
	againField       // the link once more
	macField
	ipv4Field
	ipv6Field
)

var fieldTypes = [...]nftables.SetDatatype{
	nftables.TypeIFName, nftables.TypeIFName, nftables.TypeEtherAddr, nftables.TypeIPAddr, nftables.TypeIP6Addr,
}

// In a concatenation every field is padded to a multiple of four bytes (nft(8), CONCATENATIONS).
var fieldSizes = [...]int{16, 16, 8, 4, 16}

// fields are the parts of a set's key.
func (s Set) fields() []field {
	switch s {
	case MACs:
		return []field{linkField, macField}
	case Senders4:
		return []field{linkField, macField, ipv4Field}
	case Senders6:
		return []field{linkField, macField, ipv6Field}
	case Inner, Apart:
		return []field{linkField, againField}
	case Gateways4:
		return []field{linkField, ipv4Field}
	case Gateways6:
		return []field{linkField, ipv6Field}
	}
	return []field{linkField}
}

func (s Set) table() *nftables.Table {
	if s <= Tagged {
		return guardTable()
	}
	return wallsTable()
}

// nft makes a set that is hashed, so that a look-up costs the same with any number of ports.
func (s Set) nft() *nftables.Set {
	fields := s.fields()
	set := &nftables.Set{Table: s.table(), Name: s.String(), KeyType: fieldTypes[fields[0]], KeyByteOrder: binaryutil.NativeEndian}
	if len(fields) > 1 {
		types := make([]nftables.SetDatatype, len(fields))
		for i, f := range fields {
			types[i] = fieldTypes[f]
		}
		set.Concatenation, set.KeyType = true, nftables.MustConcatSetType(types...)
	}
	return set
}

// key makes the element's key as the kernel has it.
func (e Element) key() []byte {
	var key []byte
	for _, f := range e.Set.fields() {
		part := make([]byte, fieldSizes[f])
		switch f {
		case linkField, againField:
			copy(part, e.Link)
		case macField:
			copy(part, e.MAC[:])
		case ipv4Field, ipv6Field:
			copy(part, e.Address.AsSlice())
		}
		key = append(key, part...)
	}
	return key
}

// element is the reverse of key. It reports false for a key of another length.
func (s Set) element(key []byte) (Element, bool) {
	e := Element{Set: s}
	for _, f := range s.fields() {
		size := fieldSizes[f]
		if len(key) < size {
			return Element{}, false
		}
		switch f {
		case linkField:
			e.Link = strings.TrimRight(string(key[:size]), "\x00")
		case macField:
			e.MAC = MAC(key[:6])
		case ipv4Field, ipv6Field:
			e.Address, _ = netip.AddrFromSlice(key[:size])
		}
		key = key[size:]
	}
	return e, len(key) == 0
}
