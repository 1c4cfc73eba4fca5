package nft

import (
	"strings"

	"github.com/google/nftables"

	"vethbridge/pkg/nat"
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
	ipv4     = &family{"4", nftables.TypeIPAddr, 4}
	ipv6     = &family{"6", nftables.TypeIP6Addr, 16}
	families = []*family{ipv4, ipv6}
)

// The maps of published ports of one family, in the order in which they are asked. Every name
// gets the family's suffix. Those without a limit are hashed, so that a look-up costs the same
// with any number of ports; those with a limit hold intervals.
const (
	linkPorts    = "link_ports"    // link . client . host address . protocol . port -> address . port
	rangePorts   = "range_ports"   // client . host address . protocol . ports -> address
	limitedPorts = "limited_ports" // client . host address . protocol . port -> address . port
	hostPorts    = "host_ports"    // host address . protocol . port -> address . port
	anyPorts     = "any_ports"     // protocol . port -> address . port
)

var portMaps = []string{linkPorts, rangePorts, limitedPorts, hostPorts, anyPorts}

func limited(name string) bool {
	return name == linkPorts || name == rangePorts || name == limitedPorts
}

// portMap makes a map of published ports.
func (f *family) portMap(name string) *nftables.Set {
	key := []nftables.SetDatatype{nftables.TypeInetProto, nftables.TypeInetService}
	if name != anyPorts {
		key = append([]nftables.SetDatatype{f.addrType}, key...)
	}
	if limited(name) {
		key = append([]nftables.SetDatatype{f.addrType}, key...)
	}
	if name == linkPorts {
		key = append([]nftables.SetDatatype{nftables.TypeIFName}, key...)
	}
	s := &nftables.Set{
		Table: table(), Name: name + f.suffix, IsMap: true, Concatenation: true, Interval: limited(name), Counter: true,
		KeyType: nftables.MustConcatSetType(key...), DataType: f.addrType,
	}
	if name != rangePorts {
		s.DataType = nftables.MustConcatSetType(f.addrType, nftables.TypeInetService)
	}
	return s
}

// networkTreatments are those that have a set of networks, in the order in which they are
// listed. The set of Inside holds each network twice, as source and destination, that of Direct
// with another destination; that of SNAT is a map to the address.
var networkTreatments = []nat.Treatment{
	nat.Hairpin, nat.HideClients, nat.Inside, nat.Direct, nat.SNAT, nat.MasqueradeRandom, nat.Masquerade,
}

func setName(t nat.Treatment) string { return strings.ReplaceAll(t.String(), "-", "_") }

// networkSet makes the set of the networks with a treatment.
func (f *family) networkSet(t nat.Treatment) *nftables.Set {
	s := &nftables.Set{Table: table(), Name: setName(t) + f.suffix, Interval: true, KeyType: f.addrType}
	switch t {
	case nat.Inside, nat.Direct:
		s.Concatenation = true
		s.KeyType = nftables.MustConcatSetType(f.addrType, f.addrType)
	case nat.SNAT:
		s.IsMap, s.DataType = true, f.addrType
	}
	return s
}

// portMaps are the maps of published ports.
func (f *family) portMaps() (list []*nftables.Set) {
	for _, name := range portMaps {
		list = append(list, f.portMap(name))
	}
	return list
}

// sets lists all sets of a family.
func (f *family) sets() []*nftables.Set {
	list := f.portMaps()
	for _, t := range networkTreatments {
		list = append(list, f.networkSet(t))
	}
	return list
}
