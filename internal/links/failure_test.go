package links_test

import (
	"context"
	"errors"
	"net/netip"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"vethbridge/internal/links"
)

// Whatever it is that AddPort fails at, both namespaces are as before, and so they are when
// the same is tried again.
func TestAFailedAddPortLeavesNothing(t *testing.T) {
	for name, spoil := range spoiltPorts() {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.ensure(t, demoBridge())
			c := h.container(t)
			port := c.port(0)
			spoil(t, h, c, &port)
			before := append(linkNames(t), c.linkNames(t)...)
			var messages []string
			for range 2 {
				_, _, err := h.AddPort(context.Background(), port)
				if err == nil {
					t.Fatal("AddPort succeeds")
				}
				messages = append(messages, err.Error())
				if after := append(linkNames(t), c.linkNames(t)...); !slices.Equal(before, after) {
					t.Errorf("links before: %v, after: %v", before, after)
				}
			}
			if messages[0] != messages[1] {
				t.Errorf("the retry says %q, the first try said %q", messages[1], messages[0])
			}
		})
	}
}

func spoiltPorts() map[string]func(*testing.T, testHost, container, *links.Port) {
	return map[string]func(*testing.T, testHost, container, *links.Port){
		"bridge missing": func(_ *testing.T, _ testHost, _ container, p *links.Port) { p.Bridge = "absent0" },
		"bridge is no bridge": func(t *testing.T, h testHost, c container, p *links.Port) {
			h.add(t, c.port(9))
			p.Bridge = "veth9"
		},
		"name taken on the host":      func(t *testing.T, h testHost, c container, p *links.Port) { makeVeth(t, p.HostName, "other0") },
		"name taken in the container": func(t *testing.T, h testHost, c container, p *links.Port) { takeName(t, h, c, p) },
		"MTU beyond the bridge's":     func(_ *testing.T, _ testHost, _ container, p *links.Port) { p.MTU = 9000 },
		"MTU too small":               func(_ *testing.T, _ testHost, _ container, p *links.Port) { p.MTU = 10 },
		"MAC of a group":              func(_ *testing.T, _ testHost, _ container, p *links.Port) { p.MAC = []byte{1, 0, 0, 0, 0, 1} },
		"mark too long":               func(_ *testing.T, _ testHost, _ container, p *links.Port) { p.Mark = string(make([]byte, 300)) },
		"address twice": func(_ *testing.T, _ testHost, _ container, p *links.Port) {
			p.Addresses = append(p.Addresses, p.Addresses[0])
		},
		"address of a group": func(_ *testing.T, _ testHost, _ container, p *links.Port) {
			p.Addresses = prefixes("ff02::1234/64")
		},
		"gateway out of reach": func(_ *testing.T, _ testHost, _ container, p *links.Port) {
			p.Routes[0].Gateway = netip.MustParseAddr("192.0.2.1")
		},
		"IPv6 gateway out of reach": func(_ *testing.T, _ testHost, _ container, p *links.Port) {
			p.Routes[1].Gateway = netip.MustParseAddr("2001:db8:ffff::1")
		},
		"route with host bits": func(_ *testing.T, _ testHost, _ container, p *links.Port) {
			p.Routes = append(p.Routes, links.Route{Dst: netip.MustParsePrefix("192.0.2.1/24")})
		},
	}
}

// takeName lets another attachment have the port's name in the container.
func takeName(t *testing.T, h testHost, c container, p *links.Port) {
	t.Helper()
	other := c.port(7)
	other.ContainerName = p.ContainerName
	h.add(t, other)
}

func TestErrorsNameTheObject(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	c := h.container(t)
	port := c.port(0)
	takeName(t, h, c, &port)
	_, _, err := h.AddPort(context.Background(), port)
	var taken *links.NameTakenError
	if !errors.As(err, &taken) || *taken != (links.NameTakenError{Name: "eth0", InContainer: true}) {
		t.Errorf("a name that is taken in the container: %v", err)
	}
	port.HostName = "veth7"
	_, _, err = h.AddPort(context.Background(), port)
	if !errors.As(err, &taken) || *taken != (links.NameTakenError{Name: "veth7"}) {
		t.Errorf("a name that is taken on the host: %v", err)
	}
	port.MTU = 9000
	_, _, err = h.AddPort(context.Background(), port)
	var mtu *links.MTUError
	if !errors.As(err, &mtu) || *mtu != (links.MTUError{PortMTU: 9000, BridgeMTU: 1500, Bridge: "demo0"}) {
		t.Errorf("an MTU beyond the bridge's: %v", err)
	}
}

// With the spanning tree protocol a port listens and learns for a long time.
func TestAPortThatDoesNotForwardInTimeIsAnErrorThatNamesItsState(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	spanningTree(t, "demo0")
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	before := linkNames(t)
	_, _, err := h.AddPort(ctx, h.container(t).port(0))
	var not *links.NotForwardingError
	if !errors.As(err, &not) || not.Bridge != "demo0" || not.Port != "veth0" || not.State != links.Listening {
		t.Errorf("the error is %v", err)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error does not say that time was up: %v", err)
	}
	if after := linkNames(t); !slices.Equal(before, after) {
		t.Errorf("links before: %v, after: %v", before, after)
	}
}

func TestAFullBridgeIsANamedErrorAndLeavesNothing(t *testing.T) {
	h := newHost(t)
	st := h.ensure(t, demoBridge())
	c := h.container(t)
	fillBridge(t, st.Link.Index)
	before := linkNames(t)
	_, _, err := h.AddPort(context.Background(), c.port(0))
	var full *links.BridgeFullError
	if !errors.As(err, &full) || full.Name != "demo0" {
		t.Errorf("the error is %v", err)
	}
	if after := linkNames(t); !slices.Equal(before, after) {
		t.Errorf("%d links before, %d after", len(before), len(after))
	}
}

// fillBridge gives the bridge its 1023 ports. Both ends of a pair are ports, and down.
func fillBridge(t *testing.T, bridge int) {
	t.Helper()
	for i := range 512 {
		attrs := netlink.NewLinkAttrs()
		attrs.MasterIndex = bridge
		attrs.Name = name("a", i)
		veth := &netlink.Veth{LinkAttrs: attrs, PeerName: name("b", i)}
		if err := netlink.LinkAdd(veth); err != nil {
			t.Fatal(err)
		}
		peer, err := netlink.LinkByName(veth.PeerName)
		if err != nil {
			t.Fatal(err)
		}
		if err := netlink.LinkSetMasterByIndex(peer, bridge); err != nil && i < 511 {
			t.Fatal(err)
		}
	}
}

func spanningTree(t *testing.T, bridge string) {
	t.Helper()
	if out, err := exec.Command("ip", "link", "set", bridge, "type", "bridge", "stp_state", "1").CombinedOutput(); err != nil {
		t.Fatalf("turn the spanning tree protocol on: %v: %s", err, out)
	}
}
