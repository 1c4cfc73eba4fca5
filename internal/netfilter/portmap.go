package netfilter

import (
	"encoding/binary"
	"errors"
	"io/fs"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"vethbridge/internal/failure"
)

// PortRule is a rule of the reference portmap that leads a host port to a container.
type PortRule struct {
	Port     uint16
	Protocol uint8  // IPPROTO_TCP and the like
	Place    string // "ip cni_hostport hostports"
	Handle   uint64
}

// PortmapRules lists those that portmap's nftables backend has made (its table and chain by the plugin's source, v1.6 and later).
func (c *Conn) PortmapRules() (list []PortRule, err error) {
	conn, err := c.Open()
	if err != nil {
		return nil, err
	}
	const table, chain = "cni_hostport", "hostports"
	for _, family := range []nftables.TableFamily{nftables.TableFamilyIPv4, nftables.TableFamilyIPv6} {
		place := FamilyName(family) + " " + table + " " + chain
		rules, err := conn.GetRules(&nftables.Table{Name: table, Family: family}, &nftables.Chain{Name: chain})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, failure.To("list rules of "+place, err)
		}
		for _, r := range rules {
			if protocol, port := destination(r.Exprs); port != 0 {
				list = append(list, PortRule{port, protocol, place, r.Handle})
			}
		}
	}
	return list, nil
}

// destination is what a rule compares protocol and destination port with; 0 if it compares none.
func destination(exprs []expr.Any) (protocol uint8, port uint16) {
	for i := 1; i < len(exprs); i++ {
		c, compared := exprs[i].(*expr.Cmp)
		if !compared {
			continue
		}
		switch of := exprs[i-1].(type) {
		case *expr.Meta:
			if of.Key == expr.MetaKeyL4PROTO && len(c.Data) == 1 {
				protocol = c.Data[0]
			}
		case *expr.Payload:
			if of.Base == expr.PayloadBaseTransportHeader && of.Offset == 2 && len(c.Data) == 2 {
				port = binary.BigEndian.Uint16(c.Data)
			}
		}
	}
	return protocol, port
}
