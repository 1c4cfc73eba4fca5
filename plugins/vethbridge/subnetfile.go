package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"

	"vethbridge/internal/cni"
	"vethbridge/internal/flannel"
	"vethbridge/pkg/ipam"
)

// followSubnetFile fills in what the file says in place of keys: ranges, mtu, ipMasq and its
// exceptions. It returns the routes to the networks of all hosts.
func (raw *rawConfig) followSubnetFile(r *cni.Request) (routes []ipam.Route, err error) {
	if raw.SubnetFile == "" {
		return nil, nil
	}
	s, err := readSubnetFile(raw.SubnetFile)
	if err != nil {
		return nil, err
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
	return routes, raw.setRanges(s)
}

func readSubnetFile(path string) (flannel.Subnets, error) {
	if !filepath.IsAbs(path) {
		return flannel.Subnets{}, cni.InvalidConfig("subnetFile", path, "must be an absolute path")
	}
	s, err := flannel.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = &cni.Error{Code: cni.CodeTryAgain, Message: "read subnetFile: " + err.Error(), Cause: err,
			Details: "flanneld writes it as soon as it has a lease of a subnet: see that it runs on this host, and what it logs"}
	case err != nil:
		err = cni.InvalidConfig("subnetFile", path, err.Error())
	}
	return s, err
}

// setRanges makes one range set of each subnet, unless another plugin gives the addresses.
func (raw *rawConfig) setRanges(s flannel.Subnets) error {
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
	raw.RuntimeConfig.IPRanges = s.Ranges()
	return nil
}
