package links_test

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/links"
)

// A sibling that knew another container by the same addresses learns of the new one.
func TestAnnounceCorrectsTheNeighboursOfSiblings(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	sibling := h.container(t)
	_, eth := h.add(t, sibling.port(1))
	port := h.container(t).port(2)
	_, newcomer := h.add(t, port)
	events := sibling.staleNeighbours(t, eth, port)
	if err := h.Announce(context.Background(), port); err != nil {
		t.Fatal(err)
	}
	for _, a := range port.Addresses {
		sibling.awaitNeighbour(t, events, eth, a.Addr(), newcomer.MAC)
	}
}

// staleNeighbours lets the container remember the port's addresses at another MAC address.
func (c container) staleNeighbours(t *testing.T, eth links.Link, p links.Port) (events *nl.NetlinkSocket) {
	t.Helper()
	c.inside(t, func() (err error) {
		for _, a := range p.Addresses {
			stale := &netlink.Neigh{LinkIndex: eth.Index, IP: a.Addr().AsSlice(), HardwareAddr: links.DerivedMAC("stale"), State: netlink.NUD_STALE}
			if err := netlink.NeighSet(stale); err != nil {
				return err
			}
		}
		events, err = nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_NEIGH)
		return err
	})
	t.Cleanup(events.Close)
	return events
}

func (c container) awaitNeighbour(t *testing.T, events *nl.NetlinkSocket, eth links.Link, addr netip.Addr, mac net.HardwareAddr) {
	t.Helper()
	if err := events.SetReceiveTimeout(&unix.Timeval{Sec: 5}); err != nil {
		t.Fatal(err)
	}
	for {
		if bytes.Equal(c.neighbour(t, eth, addr), mac) {
			return
		}
		if _, _, err := events.Receive(); err != nil {
			t.Fatalf("the sibling has %s at %s, want %s: %v", addr, c.neighbour(t, eth, addr), mac, err)
		}
	}
}

func (c container) neighbour(t *testing.T, eth links.Link, addr netip.Addr) (mac net.HardwareAddr) {
	t.Helper()
	c.inside(t, func() error {
		list, err := netlink.NeighList(eth.Index, netlink.FAMILY_ALL)
		for _, n := range list {
			if n.IP.Equal(addr.AsSlice()) {
				mac = n.HardwareAddr
			}
		}
		return err
	})
	return mac
}

func TestAnnounceMakesTheHostForgetAFormerHolder(t *testing.T) {
	h := newHost(t)
	bridge := h.ensure(t, demoBridge())
	port := h.container(t).port(0)
	h.add(t, port)
	addr := port.Addresses[0].Addr()
	wrong := &netlink.Neigh{LinkIndex: bridge.Link.Index, IP: addr.AsSlice(), HardwareAddr: links.DerivedMAC("gone"), State: netlink.NUD_PERMANENT}
	if err := netlink.NeighSet(wrong); err != nil {
		t.Fatal(err)
	}
	if err := h.Announce(context.Background(), port); err != nil {
		t.Fatal(err)
	}
	list, err := netlink.NeighList(bridge.Link.Index, netlink.FAMILY_V4)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		if n.IP.Equal(addr.AsSlice()) && bytes.Equal(n.HardwareAddr, wrong.HardwareAddr) {
			t.Errorf("the host still has %s at %s", addr, n.HardwareAddr)
		}
	}
}
