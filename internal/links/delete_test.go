package links_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"vethbridge/internal/links"
	"vethbridge/internal/netns"
	"vethbridge/internal/netns/netnstest"
)

// DeletePort takes the port away whatever became of it, and the host is as before.
func TestDeletePortFindsItsPortWhateverBecameOfIt(t *testing.T) {
	for name, befall := range map[string]func(*testing.T, container, links.Port){
		"nothing":               func(*testing.T, container, links.Port) {},
		"already gone":          func(t *testing.T, _ container, p links.Port) { change(t, p.HostName, netlink.LinkDel) },
		"renamed on the host":   func(t *testing.T, _ container, p links.Port) { rename(t, p.HostName, "hidden0") },
		"out of the bridge":     func(t *testing.T, _ container, p links.Port) { change(t, p.HostName, netlink.LinkSetNoMaster) },
		"renamed in container":  func(t *testing.T, c container, p links.Port) { c.rename(t, p.ContainerName, "hidden0") },
		"deleted in container":  func(t *testing.T, c container, p links.Port) { c.change(t, p.ContainerName, netlink.LinkDel) },
		"killed before marking": func(t *testing.T, _ container, p links.Port) { mark(t, p.HostName, "") },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.ensure(t, demoBridge())
			before := linkNames(t)
			c := h.container(t)
			port := c.port(0)
			h.add(t, port)
			befall(t, c, port)
			h.remove(t, port)
			h.remove(t, port)
			if after := linkNames(t); !slices.Equal(before, after) {
				t.Errorf("links before: %v, after: %v", before, after)
			}
			if after := c.linkNames(t); !slices.Equal(after, []string{"lo"}) {
				t.Errorf("links in the container: %v", after)
			}
		})
	}
}

func TestDeletePortNeedsNoNamespace(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	before := linkNames(t)
	path := netnstest.Make(t)
	ns, err := netns.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	port := container{ns, links.In(ns)}.port(0)
	h.add(t, port)
	port.Container.Close()
	netnstest.Remove(path)
	ns.Close()
	h.remove(t, port)
	if after := linkNames(t); !slices.Equal(before, after) {
		t.Errorf("links before: %v, after: %v", before, after)
	}
}

// A host with thousands of links lists them for half a second.
func TestAPortThatWasRenamedIsFoundWithoutAListOfAllLinks(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	port := h.container(t).port(0)
	h.add(t, port)
	rename(t, port.HostName, "hidden0")
	mark(t, "hidden0", "theirs")
	if there, err := h.HasPort(port.HostName, port.Mark); !there || err != nil {
		t.Errorf("it is there: %t, %v", there, err)
	}
	makeVeth(t, port.HostName, "foreign1") // and its name is given to another
	mark(t, port.HostName, "vethbridge demo/other/eth0")
	h.remove(t, port)
	if list := linkNames(t); slices.Contains(list, "hidden0") || !slices.Contains(list, port.HostName) {
		t.Errorf("links left: %v", list)
	}
}

func TestDeletePortSparesALinkOfTheSameNameWithAnotherMark(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	port := h.container(t).port(0)
	h.add(t, port)
	mark(t, port.HostName, "vethbridge demo/other/eth0")
	h.remove(t, port)
	if !slices.Contains(linkNames(t), port.HostName) {
		t.Error("it is gone")
	}
	if there, err := h.HasPort(port.HostName, port.Mark); there || err != nil {
		t.Errorf("it counts as the attachment's: %t, %v", there, err)
	}
}

func TestDeletePortOfOneLeavesTheOthers(t *testing.T) {
	h, c := twoPorts(t)
	h.remove(t, c.port(0))
	if err := h.CheckPort(context.Background(), c.port(1)); err != nil {
		t.Error(err)
	}
}

func TestMarkedLinksSayWhatTheyAre(t *testing.T) {
	h := newHost(t)
	h.ensure(t, demoBridge())
	port := h.container(t).port(0)
	h.add(t, port)
	makeVeth(t, "foreign0", "foreign1")
	list, err := h.MarkedLinks("vethbridge demo/")
	if err != nil || len(list) != 1 {
		t.Fatalf("marked links: %+v, %v", list, err)
	}
	m := list[0]
	if m.Name != "veth0" || m.Mark != port.Mark || m.Bridge != "demo0" || !slices.Equal(m.Addresses, port.Addresses) {
		t.Errorf("marked link %+v", m)
	}
}

func mark(t *testing.T, name, alias string) {
	t.Helper()
	change(t, name, func(l netlink.Link) error { return netlink.LinkSetAlias(l, alias) })
}

// rename takes a link down for it: not every kernel renames one that is up.
func rename(t *testing.T, from, to string) {
	t.Helper()
	change(t, from, netlink.LinkSetDown)
	change(t, from, func(l netlink.Link) error { return netlink.LinkSetName(l, to) })
}

func (c container) rename(t *testing.T, from, to string) {
	t.Helper()
	c.inside(t, func() error {
		rename(t, from, to)
		return nil
	})
}

// change changes a link of the container.
func (c container) change(t *testing.T, name string, by func(netlink.Link) error) {
	t.Helper()
	c.inside(t, func() error {
		change(t, name, by)
		return nil
	})
}

// TestTheMarksOfLinksThatAreNotKnownAreTold: also of one that somebody has renamed or taken out of its bridge.
func TestTheMarksOfLinksThatAreNotKnownAreTold(t *testing.T) {
	h, c := twoPorts(t)
	change(t, c.port(1).HostName, netlink.LinkSetNoMaster)
	rename(t, c.port(1).HostName, "renamed0")
	for _, known := range []map[string]bool{{}, {c.port(0).HostName: true}, {c.port(1).HostName: true}} {
		marks, err := h.MarksBut(known)
		want := []string{c.port(0).Mark, c.port(1).Mark}
		if known[c.port(0).HostName] {
			want = want[1:]
		}
		marks = slices.DeleteFunc(marks, func(m string) bool { return !strings.HasPrefix(m, "vethbridge demo/") })
		if slices.Sort(marks); err != nil || !slices.Equal(marks, want) {
			t.Errorf("but for %v: %q, %v, want %q", known, marks, err, want)
		}
	}
}
