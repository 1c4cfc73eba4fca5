package nat

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// PortRange is the host ports from First to Last.
type PortRange struct{ First, Last uint16 }

// String returns "49152-65535".
func (r PortRange) String() string { return fmt.Sprintf("%d-%d", r.First, r.Last) }

// NoFreePortError says that every host port of a range is taken.
type NoFreePortError struct {
	Port  Port
	Range PortRange
}

func (e *NoFreePortError) Error() string {
	return fmt.Sprintf("choose host port for container port %s %d: every port of %s is taken", e.Port.Protocol, e.Port.ContainerPort, e.Range)
}

// Choose returns the ports with a free host port of the range for each whose host port is 0. An
// owner keeps what it has, and begins to look where its name says, so that the same container
// mostly gets the same port again. What is busy for another reason is left out.
func Choose(tx *state.Tx, owner attachment.Owner, part Part, ports []Port, r PortRange, busy func(Port) bool) ([]Port, error) {
	ports = slices.Clone(ports)
	had, _, err := Recorded(tx, owner, part)
	if err != nil {
		return nil, err
	}
	for i, p := range ports {
		if p.HostPort != 0 {
			continue
		}
		c := choice{tx: tx, holder: holder{owner, part}, others: ports, busy: busy}
		if ports[i], err = c.of(p, r, had.Mappings); err != nil {
			return nil, err
		}
	}
	return ports, nil
}

type choice struct {
	tx     *state.Tx
	holder holder
	others []Port // of the same request
	busy   func(Port) bool
}

func (c choice) of(p Port, r PortRange, had []Mapping) (Port, error) {
	for _, m := range had {
		one, ok := m.To(p.ContainerPort)
		if ok && m.Protocol == p.Protocol && (!p.HostIP.IsValid() || p.HostIP == m.Host) {
			if p.HostPort = one.HostPort; !c.wanted(p) {
				return p, nil
			}
		}
	}
	size := uint32(r.Last-r.First) + 1
	start := c.start(p)
	for n := range size {
		p.HostPort = r.First + uint16((start+n)%size)
		free, err := c.free(p)
		if err != nil || free {
			return p, err
		}
	}
	p.HostPort = 0
	return p, &NoFreePortError{p, r}
}

// start follows from the owner and the container's port.
func (c choice) start(p Port) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(c.holder.key())
	_, _ = h.Write([]byte{byte(p.Protocol), byte(p.ContainerPort >> 8), byte(p.ContainerPort)})
	return h.Sum32()
}

func (c choice) free(p Port) (bool, error) {
	if c.wanted(p) || c.busy(p) {
		return false, nil
	}
	for _, any := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		host, ok := p.hostFor(any)
		if !ok {
			continue
		}
		m := Mapping{Protocol: p.Protocol, Host: host, HostPort: p.HostPort}
		taken := false
		err := eachClaim(c.tx, &m, func(claim *claimed) error {
			taken = taken || claim.holder != c.holder || claim.end.Host == host
			return nil
		})
		if err != nil || taken {
			return false, err
		}
	}
	return true, nil
}

// wanted reports whether another port of the same request has the host port.
func (c choice) wanted(p Port) bool {
	return slices.ContainsFunc(c.others, func(o Port) bool {
		return o.Protocol == p.Protocol && o.HostPort <= p.HostPort && p.HostPort <= o.HostPort+o.More && o.HostPort != 0
	})
}
