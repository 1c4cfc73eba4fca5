package netavark

import (
	"net/netip"

	"vethbridge/internal/cni"
)

// Network is a network as podman keeps it.
type Network struct {
	Name        string            `json:"name"`
	ID          string            `json:"id"`
	Interface   string            `json:"network_interface"` // the bridge
	Subnets     []Subnet          `json:"subnets"`
	Routes      []Route           `json:"routes"`
	Internal    bool              `json:"internal"`
	IPAM        map[string]string `json:"ipam_options"`
	Options     map[string]string `json:"options"`
	Nameservers []netip.Addr      `json:"network_dns_servers"`
}

// Subnet is one of a network's; a container gets an address of each.
type Subnet struct {
	Subnet  netip.Prefix `json:"subnet"`
	Gateway netip.Addr   `json:"gateway,omitzero"`
}

// Route is one that containers of the network get.
type Route struct {
	Destination netip.Prefix `json:"destination"`
	Gateway     netip.Addr   `json:"gateway"`
	Metric      int          `json:"metric"`
}

// Attachment is a container that is to join a network, or to leave it.
type Attachment struct {
	ContainerID string    `json:"container_id"`
	Ports       []Mapping `json:"port_mappings"`
	Network     Network   `json:"network"`
	Container   struct {
		Interface string       `json:"interface_name"`
		IPs       []netip.Addr `json:"static_ips"`
		MAC       string       `json:"static_mac"`
	} `json:"network_options"`
}

// Mapping publishes a range of ports, for one protocol or several ("tcp,udp").
type Mapping struct {
	HostIP        string `json:"host_ip"`
	HostPort      int    `json:"host_port"`
	ContainerPort int    `json:"container_port"`
	Protocol      string `json:"protocol"`
	Range         int    `json:"range"` // how many ports; 0 is 1
}

// status is what podman hears of an attachment.
type status struct {
	SearchDomains []string               `json:"dns_search_domains"`
	Servers       []string               `json:"dns_server_ips"`
	Interfaces    map[string]interfaceOf `json:"interfaces"`
}

type interfaceOf struct {
	MAC     string      `json:"mac_address"`
	Subnets []addressOf `json:"subnets"`
}

type addressOf struct {
	Address netip.Prefix `json:"ipnet"`
	Gateway netip.Addr   `json:"gateway,omitzero"`
}

// statusOf says what the result says of the container's interface.
func statusOf(r *cni.Result, name string) status {
	own := interfaceOf{Subnets: []addressOf{}}
	for _, i := range r.Interfaces {
		if i.Sandbox != "" && i.Name == name {
			own.MAC = i.MAC.String()
		}
	}
	for _, a := range r.Addresses {
		own.Subnets = append(own.Subnets, addressOf{a.Prefix, a.Gateway})
	}
	return status{
		SearchDomains: append([]string{}, r.DNS.Search...), Servers: append([]string{}, r.DNS.Nameservers...),
		Interfaces: map[string]interfaceOf{name: own},
	}
}
