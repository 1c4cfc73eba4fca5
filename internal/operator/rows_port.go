package operator

import (
	"net/netip"

	"vethbridge/pkg/nat"
)

// publishing is a mapping as JSON has it: Length host ports in a row, which lead to as many of the container.
type publishing struct {
	Protocol      nat.Protocol `json:"protocol"`
	HostIP        netip.Addr   `json:"hostIP"`
	HostPort      uint16       `json:"hostPort"`
	ContainerIP   netip.Addr   `json:"containerIP"`
	ContainerPort uint16       `json:"containerPort"`
	Length        int          `json:"length"`
	Limit         nat.Limit    `json:"limit,omitzero"`
	// Taken are the connections that it has led to the container, where the kernel counts them.
	Taken *uint64 `json:"taken,omitempty"`

	text string    // for people
	_    [0]func() // nobody compares them, so the compiler need not know how
}

func portOf(m *nat.Mapping) *publishing {
	return &publishing{
		Protocol: m.Protocol, HostIP: m.Host, HostPort: m.HostPort, ContainerIP: m.Target.Addr(), ContainerPort: m.Target.Port(),
		Length: int(m.More) + 1, Limit: m.Limit, text: m.String(),
	}
}

func texts(ports []*publishing) (list []string) {
	for _, p := range ports {
		list = append(list, p.text)
	}
	return list
}
