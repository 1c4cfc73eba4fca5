package flannel

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Subnets is what the file says (WriteSubnetFile in pkg/subnet of flannel).
type Subnets struct {
	Networks   []netip.Prefix // of all hosts, one of a family, masked
	Own        []netip.Prefix // of this host, each with the address that the bridge gets
	MTU        int            // bytes, within what a veth takes
	Masquerade bool           // flanneld does it itself
}

// Read reads the file at path. One that is not there is an fs.ErrNotExist.
func Read(path string) (Subnets, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Subnets{}, err
	}
	if !info.Mode().IsRegular() { // reading it could block
		return Subnets{}, errors.New("is no file")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Subnets{}, err
	}
	return parse(string(text))
}

// Ranges are the range sets of this host's subnets, one of each, in the form of ipam.ranges.
func (s Subnets) Ranges() json.RawMessage {
	var sets [][]map[string]string
	for _, p := range s.Own {
		sets = append(sets, []map[string]string{{"subnet": p.Masked().String(), "gateway": p.Addr().String()}})
	}
	text, err := json.Marshal(sets)
	if err != nil {
		panic(err) // texts can be written as JSON
	}
	return text
}

// The MTUs that a veth takes: ETH_MIN_MTU, and ETH_MAX_MTU of uapi/linux/if_ether.h.
const (
	minMTU = 68
	maxMTU = 65535
)

// parse reads lines of KEY=VALUE. Keys that are not flannel's are tolerated.
func parse(text string) (s Subnets, err error) {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[key] = strings.Trim(value, `"'`)
	}
	for _, family := range []string{"FLANNEL_", "FLANNEL_IPV6_"} {
		if err := s.addFamily(family, values); err != nil {
			return s, err
		}
	}
	if len(s.Own) == 0 {
		return s, errors.New("it has neither FLANNEL_SUBNET nor FLANNEL_IPV6_SUBNET")
	}
	if s.MTU, err = strconv.Atoi(values["FLANNEL_MTU"]); err != nil || s.MTU < minMTU || s.MTU > maxMTU {
		return s, fmt.Errorf("its FLANNEL_MTU %q is no MTU", values["FLANNEL_MTU"])
	}
	switch values["FLANNEL_IPMASQ"] {
	case "true":
		s.Masquerade = true
	case "false":
	default:
		return s, fmt.Errorf("its FLANNEL_IPMASQ %q is neither true nor false", values["FLANNEL_IPMASQ"])
	}
	return s, nil
}

func (s *Subnets) addFamily(prefix string, values map[string]string) error {
	text, there := values[prefix+"SUBNET"]
	if !there {
		return nil
	}
	own, err := netip.ParsePrefix(text)
	if err != nil || own.Addr().Is6() != strings.Contains(prefix, "IPV6") || own.Addr().Is4In6() {
		return fmt.Errorf("its %sSUBNET %q is no subnet of that family", prefix, text)
	}
	network, err := netip.ParsePrefix(values[prefix+"NETWORK"])
	if err != nil || network.Bits() == 0 || network.Bits() > own.Bits() || !network.Contains(own.Addr()) {
		return fmt.Errorf("its %sNETWORK %q does not hold its %sSUBNET %q", prefix, values[prefix+"NETWORK"], prefix, text)
	}
	s.Own, s.Networks = append(s.Own, own), append(s.Networks, network.Masked())
	return nil
}
