package ipam

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
)

// firstIfName stands for the interface name that the oldest leases of host-local lack.
const firstIfName = "eth0"

// ReadHostLocal reads the leases that the reference host-local keeps for a network in its
// data directory (plugins/ipam/host-local/backend/disk: one file per address, holding the
// container ID and the interface name). It returns a request for each owner that would
// take over its addresses; the caller drops the dead ones and adds the range sets. A file
// that is torn or no lease at all is passed over. Nothing is changed.
func ReadHostLocal(dataDir, network string) ([]Request, error) {
	dir := filepath.Join(dataDir, network)
	files, err := namesIn(dir)
	if err != nil {
		return nil, failure.To("read host-local leases", err)
	}
	var requests []Request
	index := map[attachment.Owner]int{}
	for _, f := range files {
		a, err := netip.ParseAddr(f)
		if err != nil {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			return nil, failure.To("read host-local lease", err)
		}
		o, ok := hostLocalOwner(network, string(content))
		if !ok {
			continue
		}
		i, known := index[o]
		if !known {
			i = len(requests)
			index[o] = i
			requests = append(requests, Request{Owner: o})
		}
		requests[i].Wanted = append(requests[i].Wanted, a.Unmap())
	}
	return requests, nil
}

// namesIn lists a directory in the order of the names, so that the result is always the same.
func namesIn(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

func hostLocalOwner(network, content string) (attachment.Owner, bool) {
	id, ifName, _ := strings.Cut(strings.TrimSpace(content), "\n")
	o := attachment.Owner{Network: network, ContainerID: strings.TrimSpace(id), IfName: strings.TrimSpace(ifName)}
	if o.IfName == "" {
		o.IfName = firstIfName
	}
	return o, o.ContainerID != ""
}
