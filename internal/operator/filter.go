package operator

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"vethbridge/pkg/nat"
)

// filter is which attachments are wanted; its zero value wants all.
type filter struct {
	container string // how the container's ID begins
	address   addressFilter
	port      portFilter
}

func (f filter) addresses(list []string) bool {
	for _, a := range list {
		if netip.Prefix(f.address).Contains(netip.MustParsePrefix(a).Addr()) {
			return true
		}
	}
	return !netip.Prefix(f.address).IsValid()
}

func (f filter) ports(mappings []nat.Mapping) bool {
	for i := range mappings {
		m := &mappings[i]
		if m.Has(f.port.number) && (f.port.protocol == 0 || m.Protocol == f.port.protocol) {
			return true
		}
	}
	return f.port.number == 0
}

// addressFilter is the flag --address: an address or a prefix.
type addressFilter netip.Prefix

// Set reads "10.1.0.2" or "10.1.0.0/24".
func (a *addressFilter) Set(text string) error {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		var one netip.Addr
		if one, err = netip.ParseAddr(text); err != nil {
			return errors.New("neither an address nor a prefix")
		}
		p = netip.PrefixFrom(one.Unmap().WithZone(""), one.Unmap().BitLen())
	}
	*a = addressFilter(p)
	return nil
}

// portFilter is the flag --port: a host port, of one protocol or any.
type portFilter struct {
	number   uint16
	protocol nat.Protocol // 0: any
}

// Set reads "8080" or "8080/udp".
func (p *portFilter) Set(text string) (err error) {
	number, protocol, one := strings.Cut(text, "/")
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 {
		return errors.New("no port from 1 to 65535")
	}
	p.number = uint16(n)
	if one {
		p.protocol, err = nat.ParseProtocol(protocol)
	}
	return err
}
