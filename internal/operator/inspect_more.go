package operator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"

	"vethbridge/internal/links"
	"vethbridge/internal/netns"
	"vethbridge/internal/state"
	"vethbridge/pkg/nat/conntrack"
)

// end is one end of an attachment's link.
type end struct {
	Name      string   `json:"name"`
	MAC       string   `json:"mac"`
	MTU       int      `json:"mtu"`
	Up        bool     `json:"up"`
	Addresses []string `json:"addresses,omitempty"`
	Routes    []string `json:"routes,omitempty"`
	Received  traffic  `json:"received"`
	Sent      traffic  `json:"sent"`
}

// traffic is links.Traffic as JSON has it.
type traffic struct {
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
	Dropped uint64 `json:"dropped"`
}

func (e end) lines() []string {
	state := "up"
	if !e.Up {
		state = "DOWN"
	}
	lines := []string{fmt.Sprintf("%s, %s, MAC %s, MTU %d", e.Name, state, e.MAC, e.MTU), "received " + links.Traffic(e.Received).String(), "sent " + links.Traffic(e.Sent).String()}
	lines = append(lines, e.Addresses...)
	return append(lines, e.Routes...)
}

func describe(h *links.Host, name string) (*end, error) {
	d, err := h.Describe(name)
	if err != nil {
		return nil, err
	}
	e := &end{Name: name, MAC: d.MAC.String(), MTU: d.MTU, Up: d.Up, Routes: d.Routes, Received: traffic(d.Received), Sent: traffic(d.Sent)}
	for _, a := range d.Addresses {
		e.Addresses = append(e.Addresses, a.String())
	}
	return e, nil
}

// ends reads both ends of the link, as far as they are there.
func (s *session) ends(a *state.Attachment) (host, container *end, err error) {
	if a.HostLink != "" {
		host, _ = describe(s.host.Links, a.HostLink) // that it is missing is drift
	}
	ns, err := netns.Open(a.Netns.Path)
	if err != nil {
		return host, nil, nil
	}
	defer ns.Close()
	err = ns.Do(func() error {
		inside, err := links.Open()
		if err != nil {
			return err
		}
		defer inside.Close()
		container, _ = describe(inside, a.Owner.IfName)
		return nil
	})
	return host, container, err
}

// shownConnections is how many of them fit on a screen beside the rest.
const shownConnections = 10

// connectionsOf lists the first tracked connections of an attachment, and says how many more there are.
func connectionsOf(r *row) (list []string, err error) {
	var addresses []netip.Addr
	for _, a := range r.Addresses {
		addresses = append(addresses, netip.MustParsePrefix(a).Addr())
	}
	found, err := conntrack.Find(addresses)
	for i, c := range found {
		if i == shownConnections {
			return append(list, fmt.Sprintf("and %d more", len(found)-i)), nil
		}
		list = append(list, c.String())
	}
	return list, err
}

// countTaken reads how many connections the ports of an attachment have led to it.
func (s *session) countTaken(ctx context.Context, r *row) error {
	if len(r.mappings) == 0 {
		return nil
	}
	counts, err := s.host.NAT.Count(ctx)
	for i := range r.Ports {
		if n, counted := counts.Of(&r.mappings[i]); counted {
			port := r.Ports[i]
			port.Taken = &n
			port.text += fmt.Sprintf(", connections so far: %d", n)
		}
	}
	return err
}

// shownLines is how many lines of the log are shown, and tail how much of it is read for them.
const (
	shownLines = 10
	tail       = 256 << 10
)

// logOf lists the last lines about an attachment in the log files that the configs at hand name.
func (s *session) logOf(r *row) (lines []string) {
	for _, file := range s.logFiles(r.Network) {
		for line := range bytes.Lines(lastOf(file)) {
			var entry struct{ Container, IfName string }
			if json.Unmarshal(line, &entry) == nil && entry.Container == r.Container && entry.IfName == r.IfName {
				lines = append(lines, string(bytes.TrimSpace(line)))
			}
		}
	}
	return lines[max(0, len(lines)-shownLines):]
}

func (s *session) logFiles(network string) (files []string) {
	for _, config := range s.configs() {
		type keys struct{ LogFile string }
		var list struct {
			keys
			Name    string
			Plugins []keys
		}
		text, err := os.ReadFile(config)
		if err != nil || json.Unmarshal(text, &list) != nil || list.Name != network {
			continue
		}
		for _, p := range append(list.Plugins, list.keys) {
			files = append(files, p.LogFile)
		}
	}
	return distinct(files)
}

// lastOf is the end of a file; nothing if it can't be read.
func lastOf(file string) []byte {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > tail {
		_, _ = f.Seek(-tail, io.SeekEnd)
	}
	text, _ := io.ReadAll(f)
	return text
}
