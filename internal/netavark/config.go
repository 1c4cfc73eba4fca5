package netavark

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// cniVersion is that of the configs; it has STATUS and the MTU of results.
const cniVersion = "1.1.0"

// maxBridge is how many letters of a network's ID are in the name of its bridge, and maxBridgeVLAN where the gateway's link
// has that name and the number of a VLAN behind it.
const (
	maxBridge     = 12
	maxBridgeVLAN = 7
)

// The executables.
const (
	vethbridge = "vethbridge"
	natport    = "natport"
)

// isolated is the mode of a network that nothing leaves.
const isolated = "isolated"

// bridge is the name of the network's bridge: the one that was asked for, or one of our own.
func (n *Network) bridge() string {
	if n.Interface != "" {
		return n.Interface
	}
	letters := maxBridge
	if _, vlan := n.Options["vlan"]; vlan {
		letters = maxBridgeVLAN
	}
	return "vb-" + n.ID[:min(len(n.ID), letters)]
}

// chain translates a network into the configs of vethbridge, which masquerades too, and of natport,
// which so has only ports to care for. With an error they have all that was understood, which is
// enough for DEL.
func (n *Network) chain() (own, ports config, err error) {
	gateway := n.hasGateway()
	own = config{
		"cniVersion": cniVersion, "name": n.Name, "type": vethbridge, "bridge": n.bridge(),
		"isDefaultGateway": gateway && !n.Internal, "isGateway": gateway, "internal": n.Internal, "removeBridge": true,
		"ipMasq": !n.Internal && n.Options["mode"] != isolated,
	}
	ports = config{"cniVersion": cniVersion, "name": n.Name, "type": natport,
		"hostPortConflict": "warn", // podman's monitor listens on each port itself, so that nothing else takes it
	}
	if len(n.Nameservers) > 0 {
		own["dns"] = config{"nameservers": n.Nameservers}
	}
	ipam, err := n.ipam()
	if ipam != nil {
		own["ipam"] = ipam
	}
	return own, ports, errors.Join(err, n.defaultRoute(own), apply(n.Options, own, ports))
}

// hasGateway reports whether podman knows a gateway. Where it knows none, as in an internal
// network, it gives away all addresses.
func (n *Network) hasGateway() bool {
	return slices.ContainsFunc(n.Subnets, func(s Subnet) bool { return s.Gateway.IsValid() })
}

// ipam is that of podman's "host-local", whose addresses it asks for one by one, or none.
func (n *Network) ipam() (config, error) {
	switch driver := n.IPAM["driver"]; driver {
	case "", "host-local":
	case "none":
		return nil, nil
	default:
		return nil, fmt.Errorf("IPAM driver %q can't be used with this network driver: use host-local or none", driver)
	}
	if len(n.Subnets) == 0 {
		return nil, fmt.Errorf("network %s has no subnet: give it one or several with --subnet, or --ipam-driver none", n.Name)
	}
	var sets, routes []any
	for _, s := range n.Subnets {
		r := config{"subnet": s.Subnet, "gateway": "none"}
		if s.Gateway.IsValid() {
			r["gateway"] = s.Gateway
		}
		sets = append(sets, []any{r})
	}
	for _, r := range n.Routes {
		route := config{"dst": r.Destination, "gw": r.Gateway}
		if r.Metric > 0 {
			route["priority"] = r.Metric
		}
		routes = append(routes, route)
	}
	return config{"ranges": sets, "routes": routes}, nil
}

// defaultRoute heeds the options of podman's own driver about it.
func (n *Network) defaultRoute(vethbridge config) error {
	if word, given := n.Options[noDefaultRoute]; given {
		none, err := strconv.ParseBool(word)
		if err != nil {
			return fmt.Errorf("option %s=%q: must be true or false", noDefaultRoute, word)
		}
		if none {
			vethbridge["isDefaultGateway"] = false
			return nil
		}
	}
	word, given := n.Options[metric]
	ipam, layer3 := vethbridge["ipam"].(config)
	if !given || !layer3 || n.Internal || !n.hasGateway() {
		return nil
	}
	priority, err := strconv.ParseUint(word, 10, 31)
	if err != nil || priority == 0 {
		return fmt.Errorf("option %s=%q: must be a number above 0", metric, word)
	}
	vethbridge["isDefaultGateway"] = false
	routes, _ := ipam["routes"].([]any)
	for _, s := range n.Subnets {
		all := netip.PrefixFrom(s.Subnet.Addr(), 0).Masked()
		routes = append(routes, config{"dst": all, "priority": priority})
	}
	ipam["routes"] = routes
	return nil
}

// runtime is what the configs of one container have beyond those of its network.
func (a *Attachment) runtime() config {
	runtime := config{}
	if len(a.Container.IPs) > 0 {
		runtime["ips"] = a.Container.IPs
	}
	if a.Container.MAC != "" {
		runtime["mac"] = a.Container.MAC
	}
	var ports []any
	for _, m := range a.Ports {
		for protocol := range strings.SplitSeq(m.Protocol, ",") {
			port := config{"hostPort": m.HostPort, "containerPort": m.ContainerPort, "protocol": protocol, "hostIP": m.HostIP}
			if m.Range > 1 {
				port["hostPortEnd"] = m.HostPort + m.Range - 1
			}
			ports = append(ports, port)
		}
	}
	if len(ports) > 0 {
		runtime["portMappings"] = ports
	}
	return runtime
}
