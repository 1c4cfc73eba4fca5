// Package forward is about firewalls of the host that drop what is forwarded: docker and ufw set
// the policy of iptables' FORWARD chain to DROP, Red Hat's rules end in a REJECT, and then no container reaches anything. Where
// the firewall is iptables, of either variant, our bridges are accepted by a chain of our own.
//
// It must not know attachments. It starts processes (iptables), but only where a FORWARD chain drops.
//
// Files:
//
//	firewall.go  Firewall: the variants of iptables, and which of them drop
//	accept.go    accepting a bridge, and taking that back
package forward
