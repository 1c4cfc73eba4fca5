package forward

import (
	"errors"
	"os/exec"
	"slices"
	"strings"

	"github.com/coreos/go-iptables/iptables"

	"vethbridge/internal/failure"
	"vethbridge/internal/netfilter"
)

// lockLimit is how many seconds a call waits for the lock of iptables.
const lockLimit = 5

// Firewall is iptables of one family and variant in the namespace of the calling thread.
type Firewall struct {
	V6     bool
	Legacy bool // its own tables in the kernel, not nftables
}

// All are the firewalls that there may be.
func All() []Firewall {
	return []Firewall{{false, false}, {false, true}, {true, false}, {true, true}}
}

// String returns the name of the program, "ip6tables-nft".
func (f Firewall) String() string {
	name := "iptables"
	if f.V6 {
		name = "ip6tables"
	}
	if f.Legacy {
		return name + "-legacy"
	}
	return name + "-nft"
}

// Named returns the firewall of a name that String gave.
func Named(name string) (Firewall, bool) {
	i := slices.IndexFunc(All(), func(f Firewall) bool { return f.String() == name })
	if i < 0 {
		return Firewall{}, false
	}
	return All()[i], true
}

// Drops reports whether what is forwarded is dropped unless a rule lets it through: by the policy,
// or by a last rule for all packets. No process is started unless the legacy variant's tables are
// in use.
func (f Firewall) Drops() (bool, error) {
	if !f.Legacy {
		return netfilter.DropsRest(f.table(), "filter", "FORWARD")
	}
	if !f.InUse() {
		return false, nil
	}
	ipt, err := f.open()
	if err != nil {
		return false, err
	}
	rules, err := ipt.List("filter", "FORWARD")
	if err != nil {
		return false, failure.To("list rules of "+f.String(), err)
	}
	return slices.Contains(rules, "-P FORWARD DROP") || refusesAll(rules[len(rules)-1]), nil
}

// SetBy names programs whose chains stand in the filter table, which are known to set its policy;
// only those of the nft variant are seen.
func (f Firewall) SetBy() (programs []string) {
	for _, known := range []struct{ chain, program string }{{"DOCKER-USER", "docker"}, {"DOCKER", "docker"}, {"ufw-before-forward", "ufw"}, {"ufw6-before-forward", "ufw"}} {
		there, err := netfilter.ChainExists(f.table(), "filter", known.chain)
		if err == nil && there && !f.Legacy && !slices.Contains(programs, known.program) {
			programs = append(programs, known.program)
		}
	}
	return programs
}

// Rules lists the rules of a chain as "iptables -S" does; none if it is not there,
// or for the legacy variant, whose tables to look at would make them.
func (f Firewall) Rules(table, chain string) ([]string, error) {
	if there, err := netfilter.ChainExists(f.table(), table, chain); f.Legacy || err != nil || !there {
		return nil, err
	}
	ipt, err := f.open()
	if err != nil {
		return nil, nil // a program that is not there has made none
	}
	if there, err := ipt.ChainExists(table, chain); err != nil || !there {
		return nil, nil
	}
	return ipt.List(table, chain)
}

// InUse reports whether there is a filter table. To ask iptables would make one.
func (f Firewall) InUse() bool {
	if !f.Legacy {
		there, err := netfilter.ChainExists(f.table(), "filter", "FORWARD")
		return err == nil && there
	}
	return netfilter.LegacyTableExists(f.table(), "filter")
}

func (f Firewall) table() netfilter.Family {
	if f.V6 {
		return netfilter.IPv6
	}
	return netfilter.IPv4
}

// open finds the program: that of the variant, or the one without a variant in its name.
func (f Firewall) open() (*iptables.IPTables, error) {
	path, err := exec.LookPath(f.String())
	if errors.Is(err, exec.ErrNotFound) {
		path, err = exec.LookPath(strings.TrimSuffix(strings.TrimSuffix(f.String(), "-nft"), "-legacy"))
	}
	if err != nil {
		return nil, failure.To("find program "+f.String(), err)
	}
	protocol := iptables.ProtocolIPv4
	if f.V6 {
		protocol = iptables.ProtocolIPv6
	}
	ipt, err := iptables.New(iptables.Path(path), iptables.IPFamily(protocol), iptables.Timeout(lockLimit))
	if err != nil {
		return nil, failure.To("ask "+path+" for its version", err)
	}
	return ipt, nil
}
