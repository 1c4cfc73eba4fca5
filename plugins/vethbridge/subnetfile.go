package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"vethbridge/internal/cni"
	"vethbridge/pkg/ipam"
)

// subnets is what flanneld says about the host that it runs on (WriteSubnetFile in pkg/subnet
// of flannel).
type subnets struct {
	Networks   []netip.Prefix // of all hosts, one of a family
	Own        []netip.Prefix // of this host, each with the address that the bridge gets
	MTU        int
	Masquerade bool // flanneld does it itself
}

// followSubnetFile fills in what the file says in place of keys: ranges, mtu, ipMasq and its
// exceptions. It returns the routes to the networks of all hosts.
func (raw *rawConfig) followSubnetFile(r cni.Request) (routes []ipam.Route, err error) {
	if raw.SubnetFile == "" {
		return nil, nil
	}
	text, err := readSubnetFile(raw.SubnetFile)
	if err != nil {
		return nil, err
	}
	s, err := parseSubnets(text)
	if err != nil {
		return nil, cni.InvalidConfig("subnetFile", raw.SubnetFile, err.Error())
	}
	if raw.MTU == 0 {
		raw.MTU = s.MTU
	}
	var given struct {
		IPMasq *bool `json:"ipMasq"`
	}
	if err := r.Decode(&given); err != nil {
		return nil, err
	}
	if given.IPMasq == nil {
		raw.IPMasq = !s.Masquerade
	}
	for _, network := range s.Networks {
		if raw.IPMasq {
			raw.Direct = append(raw.Direct, network.String())
		}
		if !slices.ContainsFunc(s.Own, func(own netip.Prefix) bool { return own.Masked() == network }) {
			routes = append(routes, ipam.Route{Destination: network, Scope: ipam.ScopeUnset})
		}
	}
	return routes, raw.setRanges(s.Own)
}

func readSubnetFile(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", cni.InvalidConfig("subnetFile", path, "must be an absolute path")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &cni.Error{Code: cni.CodeTryAgain, Message: "read subnetFile: " + err.Error(), Cause: err,
			Details: "flanneld writes it as soon as it has a lease of a subnet: see that it runs on this host, and what it logs"}
	case err == nil && !info.Mode().IsRegular(): // reading it could block
		return "", cni.InvalidConfig("subnetFile", path, "is no file")
	case err != nil:
		return "", cni.InvalidConfig("subnetFile", path, err.Error())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", cni.InvalidConfig("subnetFile", path, err.Error())
	}
	return string(text), nil
}

// parseSubnets reads lines of KEY=VALUE. Keys that are not flannel's are tolerated.
func parseSubnets(text string) (s subnets, err error) {
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

func (s *subnets) addFamily(prefix string, values map[string]string) error {
	text, there := values[prefix+"SUBNET"]
	if !there {
		return nil
	}
	own, err := netip.ParsePrefix(text)
	if err != nil || own.Addr().Is6() != strings.Contains(prefix, "IPV6") {
		return fmt.Errorf("its %sSUBNET %q is no subnet of that family", prefix, text)
	}
	network, err := netip.ParsePrefix(values[prefix+"NETWORK"])
	if err != nil || network.Bits() == 0 || network.Bits() > own.Bits() || !network.Contains(own.Addr()) {
		return fmt.Errorf("its %sNETWORK %q does not hold its %sSUBNET %q", prefix, values[prefix+"NETWORK"], prefix, text)
	}
	s.Own, s.Networks = append(s.Own, own), append(s.Networks, network.Masked())
	return nil
}

// setRanges makes one range set of each subnet, unless another plugin gives the addresses.
func (raw *rawConfig) setRanges(own []netip.Prefix) error {
	var keys map[string]any
	if len(raw.IPAM) > 0 && json.Unmarshal(raw.IPAM, &keys) != nil {
		return nil // which is refused where ipam is decoded
	}
	switch {
	case keys["type"] != nil && keys["type"] != "":
		return nil
	case keys["subnet"] != nil || keys["ranges"] != nil || len(raw.RuntimeConfig.IPRanges) > 0:
		return cni.InvalidConfig("subnetFile", raw.SubnetFile, "cannot be combined with ranges of ipam: it says them")
	}
	var sets [][]map[string]string
	for _, p := range own {
		sets = append(sets, []map[string]string{{"subnet": p.Masked().String(), "gateway": p.Addr().String()}})
	}
	var err error
	raw.RuntimeConfig.IPRanges, err = json.Marshal(sets)
	return err
}
