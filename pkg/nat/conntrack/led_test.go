package conntrack

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/pkg/nat"
)

// lead tracks connections whose destination the kernel itself translates: what goes by the
// translation, and not by the addresses, is only seen with these.
func lead(t testing.TB, list ...connection) {
	t.Helper()
	for _, c := range list {
		flow, on := c.flow(), netip.MustParseAddrPort(c.on)
		from, _ := netip.AddrFromSlice(flow.Forward.SrcIP)
		to := netip.MustParseAddrPort(c.to)
		orig, _ := tuple{from, to.Addr(), flow.Forward.SrcPort, to.Port()}.attribute(nl.CTA_TUPLE_ORIG, c.protocol)
		reply, _ := tuple{to.Addr(), from, to.Port(), flow.Forward.SrcPort}.attribute(nl.CTA_TUPLE_REPLY, c.protocol)
		req := nl.NewNetlinkRequest(netlink.ConntrackTable<<8|nl.IPCTNL_MSG_CT_NEW, unix.NLM_F_ACK|unix.NLM_F_CREATE)
		req.AddData(&nl.Nfgenmsg{NfgenFamily: flow.FamilyType, Version: nl.NFNETLINK_V0})
		req.AddData(orig)
		req.AddData(reply)
		req.AddData(nl.NewRtAttr(nl.CTA_TIMEOUT, binary.BigEndian.AppendUint32(nil, 100)))
		req.AddData(natDestination(on))
		if c.protocol == nat.TCP {
			info := nl.NewRtAttr(unix.NLA_F_NESTED|nl.CTA_PROTOINFO, nil)
			info.AddRtAttr(unix.NLA_F_NESTED|nl.CTA_PROTOINFO_TCP, nil).AddRtAttr(nl.CTA_PROTOINFO_TCP_STATE, []byte{3})
			req.AddData(info)
		}
		if _, err := req.Execute(unix.NETLINK_NETFILTER, 0); err != nil {
			t.Fatalf("lead %v: %v", c, err)
		}
	}
}

// natDestination is CTA_NAT_DST (uapi/linux/netfilter/nfnetlink_conntrack.h).
func natDestination(on netip.AddrPort) *nl.RtAttr {
	const ctaNATDst, minIP4, maxIP4, proto, minIP6, maxIP6, minPort, maxPort = 13, 1, 2, 3, 4, 5, 1, 2
	first, last := minIP4, maxIP4
	if on.Addr().Is6() {
		first, last = minIP6, maxIP6
	}
	a := nl.NewRtAttr(unix.NLA_F_NESTED|ctaNATDst, nil)
	a.AddRtAttr(first, on.Addr().AsSlice())
	a.AddRtAttr(last, on.Addr().AsSlice())
	ports := a.AddRtAttr(unix.NLA_F_NESTED|proto, nil)
	port := binary.BigEndian.AppendUint16(nil, on.Port())
	ports.AddRtAttr(minPort, port)
	ports.AddRtAttr(maxPort, port)
	return a
}

// neighbours are connections of the same port that are not by the mappings of 10.1.0.2 and fd01::2:
// straight to the container, to others, by other ports of the host, of other protocols.
var neighbours = []connection{
	{nat.TCP, "10.1.0.2:80", "10.1.0.2:80"},
	{nat.UDP, "10.1.0.2:80", "10.1.0.2:80"},
	{nat.SCTP, "10.1.0.2:80", "10.1.0.2:80"},
	{nat.TCP, "192.0.2.11:80", "192.0.2.11:80"},
	{nat.TCP, "192.0.2.12:80", "10.1.0.3:80"},
	{nat.TCP, "192.0.2.13:80", "10.1.0.2:90"},
	{nat.TCP, "192.0.2.1:8080", "10.1.0.2:80"},
	{nat.SCTP, "192.0.2.14:80", "10.1.0.3:80"},
	{nat.SCTP, "192.0.2.1:8080", "10.1.0.2:80"},
	{nat.TCP, "[fd01::2]:80", "[fd01::2]:80"},
	{nat.TCP, "[2001:db8::14]:80", "[fd01::3]:80"},
	{nat.UDP, "[2001:db8::1]:8080", "[fd01::2]:80"},
}

func ledFrom(list []connection) (led, straight []connection) {
	for _, c := range list {
		if c.to == c.on {
			straight = append(straight, c)
		} else {
			led = append(led, c)
		}
	}
	return led, straight
}

// TestWhatGoesTakesItsOwnConnectionsAlone is about mappings whose port is that of the container,
// which is where others can be taken for theirs.
func TestWhatGoesTakesItsOwnConnectionsAlone(t *testing.T) {
	ones := []nat.Mapping{}
	for _, p := range []nat.Protocol{nat.TCP, nat.UDP, nat.SCTP} {
		ones = append(ones, mapping(p, "0.0.0.0:80", "10.1.0.2:80"), mapping(p, "[::]:80", "[fd01::2]:80"))
	}
	special := mapping(nat.TCP, "192.0.2.2:80", "10.1.0.2:80")
	several := mapping(nat.TCP, "0.0.0.0:79", "10.1.0.2:79")
	several.More = 2
	many := slices.Clone(ones)
	for port := range uint16(2 * mostFilters) {
		m := mapping(nat.TCP, "0.0.0.0:1", "10.1.0.2:1000")
		m.HostPort += 1000 + 2*port
		many = append(many, m)
	}
	own := []connection{
		{nat.TCP, "192.0.2.1:80", "10.1.0.2:80"}, {nat.TCP, "192.0.2.2:80", "10.1.0.2:80"}, {nat.TCP, "127.0.0.53:80", "10.1.0.2:80"},
		{nat.UDP, "192.0.2.1:80", "10.1.0.2:80"}, {nat.SCTP, "192.0.2.1:80", "10.1.0.2:80"},
		{nat.TCP, "[2001:db8::1]:80", "[fd01::2]:80"}, {nat.SCTP, "[2001:db8::1]:80", "[fd01::2]:80"},
	}
	for _, c := range []struct {
		name     string
		mappings []nat.Mapping
		dropped  []connection
	}{
		{"any address", ones, own}, {"one address", []nat.Mapping{special}, own[1:2]}, {"a range", []nat.Mapping{several}, own[:3]},
		{"many ports", many, own},
	} {
		for _, count := range []int{0, 30_000, math.MaxInt} {
			t.Run(fmt.Sprintf("%s, %d tracked", c.name, count), func(t *testing.T) {
				newHost(t)
				led, straight := ledFrom(neighbours)
				track(t, straight...)
				lead(t, slices.Concat(led, own)...)
				if err := DropLed(socketOf(t), c.mappings, count); err != nil {
					t.Fatal(err)
				}
				want := slices.DeleteFunc(slices.Concat(neighbours, own), func(o connection) bool { return slices.Contains(c.dropped, o) })
				sameConnections(t, tracked(t), want)
			})
		}
	}
}

func sameConnections(t *testing.T, left, want []connection) {
	t.Helper()
	for _, c := range left {
		if !slices.Contains(want, c) {
			t.Errorf("%v is left", c)
		}
	}
	for _, c := range want {
		if !slices.Contains(left, c) {
			t.Errorf("%v was dropped", c)
		}
	}
}
