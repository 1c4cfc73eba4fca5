package links_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"

	"vethbridge/internal/attachment"
	"vethbridge/internal/links"
	"vethbridge/internal/netns"
	"vethbridge/internal/netns/netnstest"
)

// testHost is a host in a network namespace of its own, in which the test's goroutine is.
type testHost struct{ *links.Host }

func newHost(t testing.TB) testHost {
	t.Helper()
	netnstest.Inside(t)
	h, err := links.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return testHost{h}
}

// container is a namespace behind a host.
type container struct {
	ns    *netns.Namespace
	links *links.Container
}

func (h testHost) container(t testing.TB) container {
	t.Helper()
	ns, err := netns.Open(netnstest.Make(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	c := container{ns, links.In(ns)}
	t.Cleanup(c.links.Close)
	return c
}

// twoPorts makes a bridge with the first two ports of a container.
func twoPorts(t *testing.T) (testHost, container) {
	t.Helper()
	h := newHost(t)
	h.ensure(t, demoBridge())
	c := h.container(t)
	h.add(t, c.port(0))
	h.add(t, c.port(1))
	return h, c
}

func demoBridge() links.Bridge {
	return links.Bridge{
		Name: "demo0", Mark: "vethbridge bridge", MAC: links.DerivedMAC("demo0"), IPv6: true,
		Gateways: prefixes("10.1.0.1/16", "2001:db8::1/64"),
	}
}

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// port is the i-th port of the container, dual stack, with both default routes.
func (c container) port(i int) links.Port {
	four := netip.AddrFrom4([4]byte{10, 1, byte(i / 250), byte(2 + i%250)})
	six := netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", 0x100+i))
	return links.Port{
		Port: attachment.Port{
			MTU: 1400, Addresses: []netip.Prefix{netip.PrefixFrom(four, 16), netip.PrefixFrom(six, 64)},
			Routes: []links.Route{
				{Dst: netip.MustParsePrefix("0.0.0.0/0"), Gateway: netip.MustParseAddr("10.1.0.1")},
				{Dst: netip.MustParsePrefix("::/0"), Gateway: netip.MustParseAddr("2001:db8::1")},
			},
		},
		HostName: fmt.Sprintf("veth%d", i), Mark: fmt.Sprintf("vethbridge demo/c%d/eth0", i), Bridge: "demo0",
		ContainerName: fmt.Sprintf("eth%d", i), Container: c.links, MAC: links.StableMAC(four),
	}
}

func (h testHost) ensure(t testing.TB, b links.Bridge) links.BridgeState {
	t.Helper()
	st, err := h.EnsureBridge(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func (h testHost) add(t testing.TB, p links.Port) (hostEnd, inside links.Link) {
	t.Helper()
	hostEnd, inside, err := h.AddPort(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	return hostEnd, inside
}

// inside runs fn in the container.
func (c container) inside(t testing.TB, fn func() error) {
	t.Helper()
	if err := c.ns.Do(fn); err != nil {
		t.Fatal(err)
	}
}

func name(prefix string, i int) string { return fmt.Sprintf("%s%d", prefix, i) }

// linkNames lists the links of the namespace that the caller is in.
func linkNames(t *testing.T) []string {
	t.Helper()
	list, err := netlink.LinkList()
	if err != nil {
		t.Error(err)
	}
	var names []string
	for _, l := range list {
		names = append(names, l.Attrs().Name)
	}
	slices.Sort(names)
	return names
}

func (c container) linkNames(t *testing.T) (names []string) {
	t.Helper()
	c.inside(t, func() error {
		names = linkNames(t)
		return nil
	})
	return names
}

// makeVeth makes a pair that is nobody's.
func makeVeth(t *testing.T, name, peer string) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: peer}); err != nil {
		t.Fatal(err)
	}
}

// change changes a link of the namespace that the caller is in.
func change(t *testing.T, name string, by func(netlink.Link) error) {
	t.Helper()
	link, err := netlink.LinkByName(name)
	if err == nil {
		err = by(link)
	}
	if err != nil {
		t.Errorf("change %s: %v", name, err)
	}
}

func (h testHost) remove(t *testing.T, p links.Port) {
	t.Helper()
	if err := h.DeletePort(context.Background(), p.HostName, p.Mark); err != nil {
		t.Error(err)
	}
}
