package trace

import "strings"

// Owner guesses which program a table, or a chain of iptables, belongs to; it is empty if the
// names say nothing.
func Owner(family, table, chain string) string {
	for prefix, owner := range map[string]string{
		"DOCKER": "docker", "ufw": "ufw", "KUBE-": "kube-proxy", "CNI-": "the reference CNI plugins", "VETHBRIDGE-": "vethbridge",
		"cali-": "calico", "CILIUM": "cilium", "FLANNEL": "flannel", "LIBVIRT": "libvirt", "NETAVARK": "netavark", "f2b-": "fail2ban",
	} {
		if strings.HasPrefix(chain, prefix) {
			return owner
		}
	}
	switch {
	case strings.HasPrefix(table, "vethbridge"):
		return "vethbridge"
	case table == "firewalld", table == "netavark", table == "kube-proxy", table == "libvirt_network":
		return strings.TrimSuffix(table, "_network")
	case strings.HasPrefix(table, "docker"):
		return "docker"
	case strings.HasPrefix(table, "cni_"):
		return "the reference CNI plugins"
	case IsIptables(family, table):
		return "iptables"
	}
	return ""
}

// IsIptables reports whether the table is one of those that iptables-nft or ip6tables-nft has.
func IsIptables(family, table string) bool {
	if family != "ip" && family != "ip6" {
		return false
	}
	switch table {
	case "filter", "nat", "mangle", "raw", "security":
		return true
	}
	return false
}
