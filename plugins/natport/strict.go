package main

import (
	"fmt"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
	"vethbridge/pkg/nat"
)

// resolved is the config with what "strictHostIP" makes of it on this host: a port of one
// address is for packets that come by the link that has it, and for processes of the host.
func (c Config) resolved(h *host.Host) (Config, error) {
	ports := make([]nat.Port, 0, len(c.Ports))
	for _, p := range c.Ports {
		if p.HostIP.IsValid() && !p.HostIP.IsUnspecified() && !p.HostIP.IsLoopback() {
			link, err := h.Links.Holder(p.HostIP)
			if err != nil {
				return c, &cni.Error{Code: cni.CodeConfig, Cause: err,
					Message: fmt.Sprintf("validate config: host port %s with strictHostIP: %v", p, err)}
			}
			for i := range p.Allowed {
				p.Allowed[i] = p.Allowed[i].And(nat.Allowed{Via: []string{link, "lo"}})
			}
		}
		ports = append(ports, p)
	}
	c.Ports = ports
	return c, nil
}
