package trace

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/netfilter"
)

// Wanted says which packet is followed: the first of a connection between two ends.
type Wanted struct {
	Protocol uint8 // IANA protocol number: TCP or UDP
	From     netip.Addr
	To       netip.AddrPort
}

// TableName is that of the tables of this package, in the families bridge and inet.
const TableName = "vethbridge-trace"

// The ends of a hook, before and after everybody's chains.
const (
	begin = "-begin"
	end   = "-end"
)

// layouts are our tables: the first chain that a packet meets marks it, and all of them show in
// its trace, so that it is known how far it has come.
func layouts(w *Wanted) []netfilter.Layout {
	mark := netfilter.NewRule("the packet that is followed", w.matches(), markTraced())
	hooks := []struct {
		name  string
		hook  *nftables.ChainHook
		rules []netfilter.Rule
	}{
		{"prerouting", nftables.ChainHookPrerouting, []netfilter.Rule{mark}},
		{"input", nftables.ChainHookInput, nil},
		{"forward", nftables.ChainHookForward, nil},
		{"output", nftables.ChainHookOutput, []netfilter.Rule{mark}},
		{"postrouting", nftables.ChainHookPostrouting, nil},
	}
	var list []netfilter.Layout
	for _, family := range []nftables.TableFamily{nftables.TableFamilyBridge, nftables.TableFamilyINet} {
		l := netfilter.Layout{Table: &nftables.Table{Family: family, Name: TableName}}
		for _, h := range hooks {
			l.Chains = append(l.Chains, edge(h.name+begin, h.hook, math.MinInt32, h.rules), edge(h.name+end, h.hook, math.MaxInt32, nil))
		}
		list = append(list, l)
	}
	return list
}

func edge(name string, hook *nftables.ChainHook, priority int32, rules []netfilter.Rule) netfilter.Chain {
	return netfilter.Chain{
		Name: name, Type: nftables.ChainTypeFilter, Hook: hook, Priority: nftables.ChainPriorityRef(nftables.ChainPriority(priority)), Rules: rules,
	}
}

// matches goes by the headers: nothing is known of a connection so early. Of TCP it wants the
// segment that opens one.
func (w *Wanted) matches() []expr.Any {
	etherType, source, destination, length := uint16(unix.ETH_P_IP), uint32(12), uint32(16), uint32(4)
	if w.From.Is6() {
		etherType, source, destination, length = unix.ETH_P_IPV6, 8, 24, 16
	}
	list := slices.Concat(
		netfilter.Meta(expr.MetaKeyPROTOCOL), netfilter.Equals(binary.BigEndian.AppendUint16(nil, etherType)),
		netfilter.Meta(expr.MetaKeyL4PROTO), netfilter.Equals([]byte{w.Protocol}),
		netfilter.Payload(expr.PayloadBaseNetworkHeader, source, length, 0), netfilter.Equals(w.From.AsSlice()),
		netfilter.Payload(expr.PayloadBaseNetworkHeader, destination, length, 0), netfilter.Equals(w.To.Addr().AsSlice()),
		netfilter.Payload(expr.PayloadBaseTransportHeader, 2, 2, 0), netfilter.Equals(binary.BigEndian.AppendUint16(nil, w.To.Port())),
	)
	if w.Protocol == unix.IPPROTO_TCP {
		const flags, syn, synAck = 13, 0x02, 0x12
		list = slices.Concat(list, netfilter.Payload(expr.PayloadBaseTransportHeader, flags, 1, 0), netfilter.Masked([]byte{synAck}), netfilter.Equals([]byte{syn}))
	}
	return list
}

func markTraced() []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: netfilter.Reg, Data: []byte{1}},
		&expr.Meta{Key: expr.MetaKeyNFTRACE, SourceRegister: true, Register: netfilter.Reg},
	}
}

// Watch makes the tables, in the namespace of the calling thread. What a killed watcher left is
// replaced.
func Watch(conn *netfilter.Conn, w Wanted) error {
	if err := change(conn, &w, true); err != nil {
		return failure.To("make tables "+TableName, err)
	}
	return nil
}

// Unwatch removes the tables.
func Unwatch(conn *netfilter.Conn) error {
	if err := change(conn, &Wanted{}, false); err != nil {
		return failure.To("remove tables "+TableName, err)
	}
	return nil
}

// LeftBehind reports whether the tables are there, in the namespace of the calling thread.
func LeftBehind() (bool, error) {
	conn := &netfilter.Conn{}
	defer conn.Close()
	return conn.HasTable(layouts(&Wanted{})[1].Table)
}

func change(conn *netfilter.Conn, w *Wanted, wanted bool) error {
	return conn.Batch(func(c *nftables.Conn) error {
		var failed []error
		for _, l := range layouts(w) {
			have, err := l.Find(conn)
			failed = append(failed, err)
			l.Unmake(c, have)
			if wanted {
				failed = append(failed, l.Make(c, netfilter.Found{}))
			}
		}
		return errors.Join(failed...)
	})
}
