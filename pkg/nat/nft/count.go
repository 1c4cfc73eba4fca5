package nft

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/pkg/nat"
)

// Count reads the counters that the kernel gives each element of the maps: chains of type nat look up
// nothing but the first packet of a connection. Kernels before 5.7 give them none.
func (b *Backend) Count(context.Context) (nat.Counts, error) {
	conn, err := b.conn.Open()
	if err != nil {
		return nil, err
	}
	counts := nat.Counts{}
	for _, f := range families {
		for _, name := range portMaps {
			elements, err := conn.GetSetElements(f.portMap(name))
			if errors.Is(err, unix.ENOENT) {
				continue // which is drift, and not to be told from here
			}
			if err != nil {
				return nil, failure.To("list elements of "+name+f.suffix, err)
			}
			for _, e := range elements {
				entry, err := f.entry(name, e)
				if err != nil {
					return nil, err
				}
				if e.Counter != nil {
					counts[entry.Mapping.HostEnd()] = e.Counter.Packets
				}
			}
		}
	}
	return counts, nil
}
