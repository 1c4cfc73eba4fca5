package links_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/links"
	"vethbridge/internal/sysctl"
)

func TestEnsureBridgeTellsWhatItMadeAndWhatWasThere(t *testing.T) {
	h := newHost(t)
	st := h.ensure(t, demoBridge())
	if !st.Made || !slices.Equal(st.Added, demoBridge().Gateways) || st.Link.Name != "demo0" || st.Link.MTU != 1500 {
		t.Errorf("the first time: %+v", st)
	}
	again := h.ensure(t, demoBridge())
	if again.Made || again.Added != nil || again.Link.Index != st.Link.Index {
		t.Errorf("the second time: %+v", again)
	}
	if err := h.CheckBridge(context.Background(), demoBridge()); err != nil {
		t.Error(err)
	}
}

func TestTheMACAddressOfABridgeStaysAsPortsComeAndGo(t *testing.T) {
	h := newHost(t)
	want := h.ensure(t, demoBridge()).Link.MAC
	if !bytes.Equal(want, demoBridge().MAC) {
		t.Fatalf("a new bridge has MAC %s, want %s", want, demoBridge().MAC)
	}
	c := h.container(t)
	for i := range 4 {
		h.add(t, c.port(i))
		h.sameBridge(t, want, 1500)
	}
	for i := range 4 {
		h.remove(t, c.port(i))
		h.sameBridge(t, want, 1500)
	}
}

func (h testHost) sameBridge(t *testing.T, mac []byte, mtu int) {
	t.Helper()
	if now := h.ensure(t, demoBridge()).Link; !bytes.Equal(now.MAC, mac) || now.MTU != mtu {
		t.Errorf("the bridge has MAC %s and MTU %d, want %s and %d", now.MAC, now.MTU, mac, mtu)
	}
}

// The kernel would let the bridge follow its smallest port.
func TestTheMTUOfABridgeStaysAsPortsComeAndGo(t *testing.T) {
	for _, mtu := range []int{0, 1500, 9000} {
		t.Run(fmt.Sprint(mtu), func(t *testing.T) {
			h := newHost(t)
			bridge := demoBridge()
			bridge.MTU = mtu
			made := h.ensure(t, bridge).Link
			h.add(t, h.container(t).port(0))
			h.sameBridge(t, made.MAC, max(mtu, 1500))
		})
	}
}

func TestABridgeOfOursIsDeafToRouterAdvertisementsAndRedirects(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	for _, key := range []string{"ipv6/conf/demo0/accept_ra", "ipv6/conf/demo0/autoconf", "ipv6/conf/demo0/accept_redirects", "ipv4/conf/demo0/accept_redirects"} {
		if now, err := sysctl.Get("net/" + key); err != nil || now != "0" {
			t.Errorf("%s is %q, %v", key, now, err)
		}
	}
}

// The host asks for IPv6 neighbours by its link-local address, which a flush takes like any other.
func TestABridgeOfOursGetsItsLinkLocalAddressBack(t *testing.T) {
	h := newHost(t)
	bridge := h.ensure(t, demoBridge()).Link
	h.add(t, h.container(t).port(0))
	own := links.LinkLocal(bridge.MAC)
	foreign, four := demoBridge(), demoBridge()
	foreign.Mark, four.Gateways = "theirs", four.Gateways[:1]
	for _, c := range []struct {
		name string
		links.Bridge
		back bool
	}{{"ours", demoBridge(), true}, {"of others", foreign, false}, {"without IPv6 gateway", four, false}, {"ours again", demoBridge(), true}} {
		if err := h.RemoveAddresses(t.Context(), bridge.Name, append(prefixes("10.1.0.1/16", "2001:db8::1/64"), own)); err != nil {
			t.Fatal(err)
		}
		h.ensure(t, c.Bridge)
		if back := slices.ContainsFunc(addresses(t, bridge), func(a netlink.Addr) bool { return a.IP.Equal(own.Addr().AsSlice()) }); back != c.back {
			t.Errorf("%s: %s is back: %t, want %t", c.name, own, back, c.back)
		}
	}
}

func TestALinkThatIsNoBridgeIsRefusedAndLeftAlone(t *testing.T) {
	h := newHost(t)
	makeVeth(t, "demo0", "peer0")
	_, err := h.EnsureBridge(context.Background(), demoBridge())
	var not *links.NotABridgeError
	if !errors.As(err, &not) || *not != (links.NotABridgeError{Name: "demo0", Kind: "veth"}) {
		t.Errorf("the error is %v", err)
	}
	nic := demoBridge()
	nic.Name = "lo" // of no kind that the kernel would name, as a NIC
	if _, err := h.EnsureBridge(context.Background(), nic); !errors.As(err, &not) || not.Kind != "device" {
		t.Errorf("the error is %v", err)
	}
	change(t, "demo0", func(l netlink.Link) error {
		if list, err := netlink.AddrList(l, netlink.FAMILY_ALL); err != nil || len(list) > 0 {
			return fmt.Errorf("it has addresses %v, %w", list, err)
		}
		return nil
	})
}

func TestForceAddressTakesTheOldGatewayOfTheSameFamilyAway(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	moved := demoBridge()
	moved.Gateways = prefixes("10.9.0.1/16")
	st := h.ensure(t, moved)
	if err := h.CheckBridge(context.Background(), demoBridge()); err != nil {
		t.Errorf("without forceAddress: %v", err)
	}
	if err := h.RemoveAddresses(context.Background(), "demo0", st.Added); err != nil {
		t.Fatal(err)
	}
	moved.ForceAddress = true
	link := h.ensure(t, moved).Link
	for _, a := range addresses(t, link) {
		if a.IP.Equal(netip.MustParseAddr("10.1.0.1").AsSlice()) {
			t.Errorf("the old gateway is still there: %s", a)
		}
	}
	if err := h.CheckBridge(context.Background(), links.Bridge{Name: "demo0", Gateways: prefixes("10.9.0.1/16", "2001:db8::1/64")}); err != nil {
		t.Error(err)
	}
}

func TestANetworkThatTheHostReachesOtherwiseIsRefused(t *testing.T) {
	h := newHost(t)
	makeVeth(t, "uplink", "peer0")
	change(t, "uplink", func(l netlink.Link) error {
		addr, _ := netlink.ParseAddr("10.1.7.1/24")
		return netlink.AddrAdd(l, addr)
	})
	bridge := demoBridge()
	bridge.Exclusive = true
	before := linkNames(t)
	_, err := h.EnsureBridge(context.Background(), bridge)
	var overlap *links.OverlapError
	if !errors.As(err, &overlap) || overlap.Link != "uplink" || overlap.Network != netip.MustParsePrefix("10.1.0.0/16") {
		t.Errorf("the error is %v", err)
	}
	if after := linkNames(t); !slices.Equal(before, after) {
		t.Errorf("links before: %v, after: %v", before, after)
	}
}

// TestTheEndOfATunnelIsNoOtherNetwork is about flannel's link for vxlan.
func TestTheEndOfATunnelIsNoOtherNetwork(t *testing.T) {
	h := newHost(t)
	makeVeth(t, "tunnel", "peer0")
	bridge := demoBridge()
	bridge.Exclusive = true
	for text, refused := range map[string]bool{"10.1.0.0/32": false, "10.1.0.9/32": true} {
		addr, _ := netlink.ParseAddr(text)
		change(t, "tunnel", func(l netlink.Link) error { return netlink.AddrAdd(l, addr) })
		st, err := h.EnsureBridge(context.Background(), bridge)
		if (err != nil) != refused {
			t.Errorf("%s: %v", text, err)
		}
		change(t, "tunnel", func(l netlink.Link) error { return netlink.AddrDel(l, addr) })
		if err == nil && st.Made {
			err = h.RemoveBridge(context.Background(), bridge)
		}
		if err != nil && !refused {
			t.Fatal(err)
		}
	}
}

func TestABridgeIsMadeOnceByManyAtATime(t *testing.T) {
	a, b := newHost(t).Host, second(t)
	ns, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	for i := range 50 {
		bridge := demoBridge()
		bridge.Name, bridge.Gateways = name("demo", i), nil
		var running sync.WaitGroup
		start := make(chan struct{})
		for _, host := range []*links.Host{a, b} {
			running.Go(func() {
				<-start
				ensureIn(t, ns, host, bridge)
			})
		}
		close(start)
		running.Wait()
	}
}

// ensureIn makes a bridge from a thread in the namespace, so that its sysctls are those of
// the namespace too. The thread ends with the goroutine.
func ensureIn(t *testing.T, ns *os.File, host *links.Host, bridge links.Bridge) {
	runtime.LockOSThread()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		t.Error(err)
		return
	}
	if _, err := host.EnsureBridge(context.Background(), bridge); err != nil {
		t.Error(err)
	}
}

// second opens what another process of the same namespace would.
func second(t *testing.T) *links.Host {
	t.Helper()
	host, err := links.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(host.Close)
	return host
}

func TestRemoveBridgeTakesOnlyAnEmptyBridgeOfOurs(t *testing.T) {
	h := newHost(t)
	bridge := demoBridge()
	h.ensure(t, bridge)
	port := h.container(t).port(0)
	h.add(t, port)
	foreign := links.Bridge{Name: "demo0", Mark: "another mark"}
	for _, b := range []links.Bridge{bridge, foreign} {
		h.removeBridge(t, b)
		if !slices.Contains(linkNames(t), "demo0") {
			t.Fatalf("a bridge with ports is gone (%+v)", b)
		}
	}
	h.remove(t, port)
	h.removeBridge(t, foreign)
	if !slices.Contains(linkNames(t), "demo0") {
		t.Fatal("a bridge of someone else is gone")
	}
	h.removeBridge(t, bridge)
	h.removeBridge(t, bridge)
	if names := linkNames(t); slices.Contains(names, "demo0") {
		t.Errorf("links: %v", names)
	}
}

func (h testHost) removeBridge(t *testing.T, b links.Bridge) {
	t.Helper()
	if err := h.RemoveBridge(context.Background(), b); err != nil {
		t.Error(err)
	}
}
