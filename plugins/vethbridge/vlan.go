package main

import (
	"errors"
	"fmt"
	"slices"

	"vethbridge/internal/cni"
	"vethbridge/internal/links"
	"vethbridge/internal/plainjson"
)

// VLAN is what the keys "vlan", "vlanTrunk" and "preserveDefaultVlan" come to.
type VLAN struct {
	Filtering bool // the bridge separates VLANs
	Gateway   int  // the VLAN of the gateway; 0: the bridge has it
	Port      links.VLANs
}

const (
	maxVLAN     = 4094 // IEEE 802.1Q, table 9-2: 4095 is reserved
	defaultVLAN = 1    // of a trunk that names no other, as in the reference plugin
	maxLinkName = 15   // IFNAMSIZ less the terminating zero
)

// rawTrunk is an entry of "vlanTrunk".
type rawTrunk struct {
	ID    *int `json:"id"`
	MinID *int `json:"minID"`
	MaxID *int `json:"maxID"`
}

func (raw *rawConfig) vlans() (VLAN, error) {
	if raw.VLAN < 0 || raw.VLAN > maxVLAN {
		return VLAN{}, cni.InvalidConfig("vlan", raw.VLAN, "must be 0 (none) to 4094")
	}
	trunk, err := raw.trunk()
	if err != nil {
		return VLAN{}, err
	}
	v := VLAN{Filtering: raw.VLAN != 0 || trunk != nil, Gateway: raw.VLAN}
	v.Port = links.VLANs{Native: raw.VLAN, Trunk: trunk, KeepDefault: raw.PreserveDefaultVLAN}
	if raw.VLAN == 0 && len(trunk) > 0 {
		v.Port.Native = defaultVLAN
	}
	name := links.Bridge{Name: raw.Bridge, VLAN: raw.VLAN}.GatewayName()
	if (raw.IsGateway || raw.IsDefaultGateway) && len(name) > maxLinkName {
		return VLAN{}, cni.InvalidConfig("bridge", raw.Bridge, fmt.Sprintf("is too long for the gateway's link %q: 15 characters at most", name))
	}
	return v, nil
}

// trunk lists the VLANs that the port carries with a tag, in order and each once; nil if the config
// has no list.
func (raw *rawConfig) trunk() ([]int, error) {
	if raw.VLANTrunk == nil {
		return nil, nil
	}
	var entries []rawTrunk
	if err := plainjson.Unmarshal(raw.VLANTrunk, &entries); err != nil {
		return nil, cni.DecodeError("vlanTrunk", err)
	}
	if entries == nil {
		return nil, nil
	}
	list := []int{}
	for i, entry := range entries {
		vlans, err := entry.vlans(fmt.Sprintf("vlanTrunk[%d]", i))
		if err != nil {
			return nil, err
		}
		list = append(list, vlans...)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

func (r rawTrunk) vlans(key string) ([]int, error) {
	for name, vlan := range map[string]*int{"id": r.ID, "minID": r.MinID, "maxID": r.MaxID} {
		if vlan != nil && (*vlan < 1 || *vlan > maxVLAN) {
			return nil, cni.InvalidConfig(key+"."+name, *vlan, "must be 1 to 4094")
		}
	}
	var list []int
	switch {
	case (r.MinID == nil) != (r.MaxID == nil):
		return nil, cni.InvalidConfig(key, "", "minID and maxID belong together")
	case r.MinID == nil && r.ID == nil:
		return nil, cni.InvalidConfig(key, "", "needs id, or minID and maxID")
	case r.MinID != nil && *r.MaxID < *r.MinID:
		return nil, cni.InvalidConfig(key+".maxID", *r.MaxID, "is less than minID")
	case r.MinID != nil:
		for vlan := *r.MinID; vlan <= *r.MaxID; vlan++ {
			list = append(list, vlan)
		}
	}
	if r.ID != nil {
		list = append(list, *r.ID)
	}
	return list, nil
}

// gatewayLink is the link in the VLAN that the attachment needs; empty if the bridge itself
// has the gateway, or nobody here.
func (cfg *Config) gatewayLink() string {
	if cfg.VLAN.Gateway == 0 || !cfg.IsGateway {
		return ""
	}
	return links.Bridge{Name: cfg.Bridge, VLAN: cfg.VLAN.Gateway}.GatewayName()
}

// vlanError says what stands in the way of a VLAN, and the way out.
func vlanError(err error) error {
	var off *links.VLANFilteringOffError
	var kernel *links.VLANUnsupportedError
	var other *links.NotAVLANError
	e := &cni.Error{Code: cni.CodeForeignObject, Message: "", Cause: err}
	switch {
	case errors.As(err, &off):
		e.Details = fmt.Sprintf("it was made by another program, so it is not changed: ip link set dev %s type bridge vlan_filtering 1", off.Name)
	case errors.As(err, &kernel):
		e.Code, e.Details = cni.CodeUnsupported, "leave \"vlan\" and \"vlanTrunk\" out, or use a kernel that has it"
	case errors.As(err, &other):
		e.Details = "remove that link, or choose another VLAN or bridge"
	default:
		return err
	}
	e.Message = err.Error()
	return e
}

// vlanInterface is how the result names the link in the VLAN, as the reference plugin does.
func vlanInterface(cfg *Config, st *links.BridgeState) []cni.Interface {
	if cfg.gatewayLink() == "" {
		return nil
	}
	return []cni.Interface{{Name: st.Gateway.Name, MAC: st.Gateway.MAC, MTU: st.Gateway.MTU}}
}
