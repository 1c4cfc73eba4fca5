package operator

import (
	"context"
	"slices"

	"vethbridge/internal/host"
)

// node is one thing in the picture of the host, and what hangs on it.
type node struct {
	kind     kind
	name     string
	says     []string // addresses and the like
	children []*node
}

// kind is what a node stands for.
type kind string

const (
	aHost      kind = "host"
	aDevice    kind = "device"
	aBridge    kind = "bridge"
	aVeth      kind = "veth"
	aContainer kind = "container"
	someports  kind = "ports" // of one attachment; what it says are the ports
)

// picture is the host as a tree: the devices of its default routes, bridges, host links,
// containers, published ports.
func (s *session) picture(ctx context.Context) (*node, error) {
	rows, err := s.rows(ctx)
	if err != nil {
		return nil, err
	}
	ways, err := s.host.Links.DefaultRouteDevices()
	if err != nil {
		return nil, err
	}
	root := &node{kind: aHost, name: "host"}
	for _, name := range ways {
		if !slices.ContainsFunc(rows, func(r *row) bool { return r.Bridge == name }) {
			if err := s.addLink(root, aDevice, name, "default route"); err != nil {
				return nil, err
			}
		}
	}
	for _, r := range rows {
		under, err := s.bridgeNode(root, r, rows, ways)
		if err != nil {
			return nil, err
		}
		under.children = append(under.children, r.node())
	}
	return root, nil
}

// addLink adds a link of the host with its addresses and what else there is to say.
func (s *session) addLink(under *node, k kind, name string, says ...string) error {
	addresses, err := s.host.Links.Addresses(name)
	n := &node{kind: k, name: name}
	for _, a := range addresses {
		n.says = append(n.says, a.String())
	}
	n.says = append(n.says, says...)
	under.children = append(under.children, n)
	return err
}

// bridgeNode is what the attachment's link hangs on: its bridge, made when it is first met, or
// the host itself where another plugin made the link.
func (s *session) bridgeNode(root *node, r *row, rows []*row, ways []string) (*node, error) {
	if r.Bridge == "" {
		return root, nil
	}
	for _, n := range root.children {
		if n.kind == aBridge && n.name == r.Bridge {
			return n, nil
		}
	}
	var networks, uplinks, says []string
	for _, other := range rows {
		if other.Bridge == r.Bridge {
			networks, uplinks = append(networks, other.Network), append(uplinks, other.record.Uplink)
		}
	}
	for _, name := range distinct(networks) {
		says = append(says, "network "+name)
	}
	if slices.Contains(ways, r.Bridge) {
		says = append(says, "default route")
	}
	if err := s.addLink(root, aBridge, r.Bridge, says...); err != nil {
		return nil, err
	}
	bridge := root.children[len(root.children)-1]
	for _, name := range distinct(uplinks) {
		if err := s.addLink(bridge, aDevice, name, "uplink"); err != nil {
			return nil, err
		}
	}
	return bridge, nil
}

// node is the attachment: its host link if it is ours, its container, its published ports.
func (r *row) node() *node {
	n := &node{kind: aContainer, name: r.Container, says: append([]string{r.IfName}, r.Addresses...)}
	if r.State != host.Alive.String() {
		n.says = append(n.says, r.State)
	}
	if len(r.Ports) > 0 {
		n.children = []*node{{kind: someports, name: r.record.Owner.String(), says: texts(r.Ports)}}
	}
	if r.Link == "" {
		return n
	}
	return &node{kind: aVeth, name: r.Link, children: []*node{n}}
}
