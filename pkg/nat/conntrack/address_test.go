package conntrack

import (
	"encoding/binary"
	"math"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/pkg/nat"
)

// TestNothingOfAnAddressIsLeftForItsNextHolder is about the connections that it began, which the host
// has masqueraded, and those that were led to it.
func TestNothingOfAnAddressIsLeftForItsNextHolder(t *testing.T) {
	for _, addresses := range [][]netip.Addr{
		{netip.MustParseAddr("10.1.0.2"), netip.MustParseAddr("fd01::2")},
		{netip.MustParseAddr("10.1.0.2")},
		{netip.MustParseAddr("fd01::2")},
	} {
		for _, count := range []int{0, 30_000, math.MaxInt} {
			newHost(t)
			led := []connection{
				{nat.UDP, "192.0.2.1:53", "10.1.0.2:53"}, {nat.TCP, "[2001:db8::1]:80", "[fd01::2]:80"},
				{nat.SCTP, "192.0.2.1:53", "10.1.0.2:53"}, {nat.UDP, "[2001:db8::1]:80", "[fd01::2]:80"},
			}
			others := []connection{
				{nat.UDP, "192.0.2.1:54", "10.1.0.3:53"}, {nat.UDP, "10.1.0.4:53", "10.1.0.4:53"}, {nat.TCP, "[2001:db8::1]:81", "[fd01::3]:80"},
				{nat.SCTP, "192.0.2.1:54", "10.1.0.3:53"}, {nat.SCTP, "[2001:db8::1]:54", "[fd01::3]:53"},
			}
			track(t, append(led, others...)...)
			begin(t, "10.1.0.2", "203.0.113.1")
			begin(t, "10.1.0.3", "203.0.113.1")
			ping(t, "10.1.0.2", "203.0.113.1")
			ping(t, "10.1.0.3", "203.0.113.1")
			before := numberOf(t, func(e *entry) bool { return !of(addresses, e) })
			if err := DropOf(socketOf(t), addresses, count); err != nil {
				t.Fatal(err)
			}
			if mine := numberOf(t, func(e *entry) bool { return of(addresses, e) }); mine != 0 {
				t.Errorf("%v, %d tracked: %d are left", addresses, count, mine)
			}
			if after := numberOf(t, func(*entry) bool { return true }); after != before {
				t.Errorf("%v, %d tracked: of %d unrelated ones %d are left", addresses, count, before, after)
			}
		}
	}
}

func of(addresses []netip.Addr, e *entry) bool {
	return slices.Contains(addresses, e.From.Addr()) || slices.Contains(addresses, e.AnswersFrom.Addr())
}

func numberOf(t *testing.T, which func(*entry) bool) (n int) {
	t.Helper()
	err := with(func(table table) error {
		list, err := table.list(filter{}, which)
		n = len(list)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// begin tracks a connection that the host masquerades.
func begin(t *testing.T, from, to string) {
	t.Helper()
	c := connection{nat.UDP, to + ":53", to + ":53"}.flow()
	c.Forward.SrcIP, c.Reverse.DstIP = net.ParseIP(from).To4(), net.IPv4(192, 0, 2, from[len(from)-1]).To4()
	if err := netlink.ConntrackCreate(netlink.ConntrackTable, unix.AF_INET, c); err != nil {
		t.Fatal(err)
	}
}

// ping tracks an echo request, which has no ports.
func ping(t *testing.T, from, to string) {
	t.Helper()
	const protoICMP, icmpID, icmpType, icmpCode = 1, 4, 5, 6 // uapi/linux/netfilter/nfnetlink_conntrack.h
	req := nl.NewNetlinkRequest(netlink.ConntrackTable<<8|nl.IPCTNL_MSG_CT_NEW, unix.NLM_F_ACK|unix.NLM_F_CREATE)
	req.AddData(&nl.Nfgenmsg{NfgenFamily: unix.AF_INET, Version: nl.NFNETLINK_V0})
	for kind, echo := range map[int]byte{nl.CTA_TUPLE_ORIG: 8, nl.CTA_TUPLE_REPLY: 0} {
		addresses := tuple{source: netip.MustParseAddr(from), destination: netip.MustParseAddr(to)}
		if kind == nl.CTA_TUPLE_REPLY {
			addresses.source, addresses.destination = addresses.destination, addresses.source
		}
		a, _ := addresses.attribute(kind, 0)
		proto := a.AddRtAttr(unix.NLA_F_NESTED|nl.CTA_TUPLE_PROTO, nil)
		proto.AddRtAttr(nl.CTA_PROTO_NUM, []byte{protoICMP})
		proto.AddRtAttr(icmpID, []byte{0, 7})
		proto.AddRtAttr(icmpType, []byte{echo})
		proto.AddRtAttr(icmpCode, []byte{0})
		req.AddData(a)
	}
	req.AddData(nl.NewRtAttr(nl.CTA_TIMEOUT, binary.BigEndian.AppendUint32(nil, 100)))
	if _, err := req.Execute(unix.NETLINK_NETFILTER, 0); err != nil {
		t.Fatalf("track echo request: %v", err)
	}
}
