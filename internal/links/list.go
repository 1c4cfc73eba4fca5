package links

import (
	"net"
	"slices"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/netns"
)

// list lists all links of the host. For each veth the kernel looks through all namespaces that the host has numbers for
// (peernet2id in net/core/net_namespace.c), so that it takes half a second beside 4,000.
func (h *Host) list() (all []portLink, err error) {
	messages, err := h.raw.do(unix.RTM_GETLINK, unix.NLM_F_DUMP, nl.NewIfInfomsg(unix.AF_UNSPEC), number(unix.IFLA_EXT_MASK, skipStats))
	for _, m := range messages {
		link, failed := decodeLink(m)
		if failed != nil {
			err = failed
			break
		}
		all = append(all, link)
	}
	if err != nil {
		return nil, failure.To("list links", err)
	}
	return all, nil
}

// MarkedLinks lists the host's links whose alias begins with prefix.
func (h *Host) MarkedLinks(prefix string) ([]Marked, error) {
	list, err := h.list()
	if err != nil {
		return nil, err
	}
	names := map[int]string{}
	for _, l := range list {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	var marked []Marked
	for _, l := range list {
		if a := l.Attrs(); strings.HasPrefix(a.Alias, prefix) {
			m := parseAlias(a.Alias)
			m.Name, m.Bridge, m.Up = a.Name, names[a.MasterIndex], a.Flags&net.FlagUp != 0
			marked = append(marked, m)
		}
	}
	return marked, nil
}

// Others lists the links of the host that packets may come in by or leave by and that don't
// have an alias with a prefix: neither loopback nor ports of a bridge.
func (h *Host) Others(prefix string, except []string) ([]string, error) {
	list, err := h.list()
	var names []string
	for _, l := range list {
		a := l.Attrs()
		if a.Flags&net.FlagLoopback == 0 && a.MasterIndex == 0 && !strings.HasPrefix(a.Alias, prefix) && !slices.Contains(except, a.Name) {
			names = append(names, a.Name)
		}
	}
	return names, err
}

// MarksBut lists the marks of the host's links, but for those of known names. Names alone the kernel tells of thousands of
// links in a few milliseconds; it is asked about those that are not known, one by one.
func (h *Host) MarksBut(known map[string]bool) (marks []string, err error) {
	text, err := netns.ReadNet("dev")
	if err != nil {
		return nil, failure.To("list links", err)
	}
	for line := range strings.Lines(text) {
		name, _, is := strings.Cut(strings.TrimLeft(line, " "), ":") // two lines are headings
		if !is || known[name] {
			continue
		}
		link, err := h.raw.link(name)
		if err == nil && link.Attrs().Alias != "" {
			marks = append(marks, markOf(link))
		} else if err != nil && !isMissing(err) {
			return nil, failure.To("find link "+name, err)
		}
	}
	return marks, nil
}
