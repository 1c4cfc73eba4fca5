package nft

import (
	"github.com/google/nftables"
)

// TableName is the name of our table, in family inet.
const TableName = "vethbridge"

func table() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyINet, Name: TableName}
}

// family tells what differs between IPv4 and IPv6.
type family struct {
	suffix   string
	addrType nftables.SetDatatype
	addrLen  int
}

var (
	ipv4     = family{"4", nftables.TypeIPAddr, 4}
	ipv6     = family{"6", nftables.TypeIP6Addr, 16}
	families = []family{ipv4, ipv6}
)

// The sets of one family. Every name gets the family's suffix.
const (
	hostPorts  = "host_ports" // map: host address . protocol . port -> address . port
	anyPorts   = "any_ports"  // map: protocol . port -> address . port
	masquerade = "masquerade" // set: networks whose traffic to elsewhere is masqueraded
	hairpin    = "hairpin"    // set: networks whose way through a published port is marked
	inside     = "inside"     // set: network . the same network
)

// portMap makes a map of published ports: hashed, so that a look-up costs the same with
// any number of them.
func (f family) portMap(name string) *nftables.Set {
	key := []nftables.SetDatatype{nftables.TypeInetProto, nftables.TypeInetService}
	if name == hostPorts {
		key = append([]nftables.SetDatatype{f.addrType}, key...)
	}
	return &nftables.Set{
		Table: table(), Name: name + f.suffix, IsMap: true, Concatenation: true,
		KeyType:  nftables.MustConcatSetType(key...),
		DataType: nftables.MustConcatSetType(f.addrType, nftables.TypeInetService),
	}
}

// networkSet makes a set of networks.
func (f family) networkSet(name string) *nftables.Set {
	s := &nftables.Set{Table: table(), Name: name + f.suffix, Interval: true, KeyType: f.addrType}
	if name == inside {
		s.Concatenation = true
		s.KeyType = nftables.MustConcatSetType(f.addrType, f.addrType)
	}
	return s
}

// sets lists all sets of a family.
func (f family) sets() []*nftables.Set {
	return []*nftables.Set{
		f.portMap(hostPorts), f.portMap(anyPorts),
		f.networkSet(masquerade), f.networkSet(hairpin), f.networkSet(inside),
	}
}
