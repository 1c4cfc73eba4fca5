package netfilter

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vethbridge/internal/netns"
)

// LegacyTableExists reports whether the legacy variant of iptables has a table in the namespace of
// the calling thread; to ask the program would make one. A kernel without the variant has none.
func LegacyTableExists(f Family, table string) bool {
	name := "/ip_tables_names"
	if f == IPv6 {
		name = "/ip6_tables_names"
	}
	// os.ReadFile would set up the runtime's poller, which nothing else in an ADD needs.
	fd, err := unix.Open(netns.ProcNet()+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var names [256]byte // more than the five that there are take
	n, err := unix.Read(fd, names[:])
	return err == nil && slices.Contains(strings.Fields(string(names[:n])), table)
}
