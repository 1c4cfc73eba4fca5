package netfilter

import (
	"slices"
	"strings"

	"vethbridge/internal/netns"
)

// LegacyTableExists reports whether the legacy variant of iptables has a table in the namespace of
// the calling thread; to ask the program would make one. A kernel without the variant has none.
func LegacyTableExists(f Family, table string) bool {
	name := "ip_tables_names"
	if f == IPv6 {
		name = "ip6_tables_names"
	}
	names, err := netns.ReadNet(name)
	return err == nil && slices.Contains(strings.Fields(names), table)
}
