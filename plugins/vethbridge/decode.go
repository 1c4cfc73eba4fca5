package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"strings"

	"vethbridge/internal/cni"
	"vethbridge/internal/fence"
	"vethbridge/internal/masquerade"
	"vethbridge/internal/plainjson"
	"vethbridge/pkg/ipam"
)

const defaultBridge = "cni0"

// maxMTU is the largest MTU that a veth takes: ETH_MAX_MTU (uapi/linux/if_ether.h) less
// the headers that drivers/net/veth.c reserves. minMTU is ETH_MIN_MTU.
const (
	minMTU = 68
	maxMTU = 65535
)

// rawConfig holds the keys as they stand in the JSON.
type rawConfig struct {
	Bridge              string          `json:"bridge"`
	IsGateway           bool            `json:"isGateway"`
	IsDefaultGateway    bool            `json:"isDefaultGateway"`
	ForceAddress        bool            `json:"forceAddress"`
	IPMasqBackend       string          `json:"ipMasqBackend"`
	MTU                 int             `json:"mtu"`
	HairpinMode         bool            `json:"hairpinMode"`
	PromiscMode         bool            `json:"promiscMode"`
	PortIsolation       bool            `json:"portIsolation"`
	EnableDAD           bool            `json:"enabledad"`
	Disabled            bool            `json:"disableContainerInterface"`
	RemoveBridge        bool            `json:"removeBridge"`
	AcceptForward       *bool           `json:"acceptForward"`
	Zone                string          `json:"firewalldZone"`
	Uplink              string          `json:"uplink"`
	UplinkMove          bool            `json:"uplinkMoveAddresses"`
	VLAN                int             `json:"vlan"`
	VLANTrunk           json.RawMessage `json:"vlanTrunk"`
	PreserveDefaultVLAN bool            `json:"preserveDefaultVlan"`
	DNS                 cni.DNS         `json:"dns"`
	IPAM                json.RawMessage `json:"ipam"`
	SubnetFile          string          `json:"subnetFile"`
	masquerade.Keys
	rawFence
	RuntimeConfig struct {
		MAC      string          `json:"mac"`
		IPs      []string        `json:"ips"`
		IPRanges json.RawMessage `json:"ipRanges"`
		DNS      capabilityDNS   `json:"dns"`
	} `json:"runtimeConfig"`
	Args struct {
		CNI struct {
			MAC string   `json:"mac"`
			IPs []string `json:"ips"`
		} `json:"cni"`
	} `json:"args"`
}

// capabilityDNS is what runtimes pass for the capability "dns" (CNI conventions, "Dynamic Plugin
// specific Fields").
type capabilityDNS struct {
	Servers  []string `json:"servers"`
	Searches []string `json:"searches"`
	Options  []string `json:"options"`
}

// decodeConfig reads and validates the config of an ADD or CHECK.
func decodeConfig(r *cni.Request) (Config, error) {
	raw := rawConfig{Bridge: defaultBridge}
	if err := r.Decode(&raw); err != nil {
		return Config{}, err
	}
	networks, err := raw.followSubnetFile(r)
	if err != nil {
		return Config{}, err
	}
	if err := errors.Join(raw.validate(), raw.validateUplink()); err != nil {
		return Config{}, err
	}
	mac, err := raw.mac(r.Args)
	if err != nil {
		return Config{}, err
	}
	source, err := raw.ipam(r.Args)
	if err != nil {
		return Config{}, err
	}
	source.BuiltIn.Routes = append(source.BuiltIn.Routes, networks...)
	if raw.Disabled && source.Kind != IPAMNone {
		return Config{}, cni.InvalidConfig("disableContainerInterface", true, "cannot be combined with ipam: an interface that is down has no routes")
	}
	leave, err := raw.Leave()
	if err != nil {
		return Config{}, err
	}
	backend, err := masquerade.ParseBackend("ipMasqBackend", raw.IPMasqBackend)
	if err != nil {
		return Config{}, err
	}
	walls, err := raw.fence(raw.IPMasq)
	if err != nil {
		return Config{}, err
	}
	vlan, err := raw.vlans()
	if err != nil {
		return Config{}, err
	}
	return Config{
		Bridge: raw.Bridge, IsGateway: raw.IsGateway || raw.IsDefaultGateway, IsDefaultGateway: raw.IsDefaultGateway,
		ForceAddress: raw.ForceAddress, Leave: leave, Backend: backend, MTU: raw.MTU, Hairpin: raw.HairpinMode,
		Promiscuous: raw.PromiscMode, Isolated: raw.PortIsolation || walls.Walls.Isolation == fence.IsolatePorts, DAD: raw.EnableDAD, Down: raw.Disabled,
		RemoveBridge: raw.RemoveBridge, AcceptForward: isTrue(raw.AcceptForward), Zone: raw.Zone, VLAN: vlan, Uplink: raw.Uplink, MoveAddresses: raw.UplinkMove, MAC: mac, DNS: raw.dns(), IPAM: source, Fence: walls,
	}, nil
}

func (raw *rawConfig) validate() error {
	switch {
	case !cni.ValidLinkName(raw.Bridge):
		return cni.InvalidConfig("bridge", raw.Bridge, cni.LinkNameRule)
	case raw.MTU != 0 && (raw.MTU < minMTU || raw.MTU > maxMTU):
		return cni.InvalidConfig("mtu", raw.MTU, "must be 0 (that of the default route's device) or 68 to 65535")
	case raw.HairpinMode && raw.PromiscMode:
		return cni.InvalidConfig("promiscMode", true, "cannot be combined with hairpinMode")
	case !validZone(raw.Zone):
		return cni.InvalidConfig("firewalldZone", raw.Zone, "must be the name of a zone, up to 17 of [A-Za-z0-9_-]")
	}
	return nil
}

// validZone goes by the length that firewalld takes (max_zone_name_len of its zones); the empty name
// is no zone.
func validZone(name string) bool {
	return len(name) <= 17 && strings.IndexFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-')
	}) < 0
}

// mac returns the requested MAC address: CNI_ARGS gives way to args.cni, and that to
// runtimeConfig, as in the reference plugin.
func (raw *rawConfig) mac(args map[string]string) (net.HardwareAddr, error) {
	key, text := "CNI_ARGS MAC", args["MAC"]
	if raw.Args.CNI.MAC != "" {
		key, text = "args.cni.mac", raw.Args.CNI.MAC
	}
	if raw.RuntimeConfig.MAC != "" {
		key, text = "runtimeConfig.mac", raw.RuntimeConfig.MAC
	}
	if text == "" {
		return nil, nil
	}
	mac, err := net.ParseMAC(text)
	if err != nil || len(mac) != 6 {
		return nil, cni.InvalidConfig(key, text, "is not an Ethernet address")
	}
	if mac[0]&1 != 0 || bytes.Equal(mac, make([]byte, 6)) {
		return nil, cni.InvalidConfig(key, text, "must be a unicast address other than zero")
	}
	return mac, nil
}

// dns is what the runtime says, and if it says nothing the config's key.
func (raw *rawConfig) dns() cni.DNS {
	if d := raw.RuntimeConfig.DNS; len(d.Servers)+len(d.Searches)+len(d.Options) > 0 {
		return cni.DNS{Nameservers: d.Servers, Search: d.Searches, Options: d.Options}
	}
	return raw.DNS
}

func (raw *rawConfig) ipam(args map[string]string) (IPAM, error) {
	var head struct {
		Type string `json:"type"`
	}
	var keys map[string]json.RawMessage
	if len(raw.IPAM) != 0 {
		if err := errors.Join(plainjson.Unmarshal(raw.IPAM, &head), plainjson.Unmarshal(raw.IPAM, &keys)); err != nil {
			return IPAM{}, &cni.Error{Code: cni.CodeDecode, Message: "decode config: key \"ipam\" must hold an object", Cause: err}
		}
	}
	if head.Type != "" {
		return IPAM{Kind: IPAMDelegated, Plugin: cni.IPAM{Type: head.Type}}, nil
	}
	delete(keys, "type") // which is as good as none
	if len(keys) == 0 && len(raw.RuntimeConfig.IPRanges) == 0 {
		return IPAM{Kind: IPAMNone}, nil
	}
	return raw.builtIn(args)
}

func (raw *rawConfig) builtIn(args map[string]string) (IPAM, error) {
	config, err := ipam.DecodeConfig(raw.IPAM, raw.RuntimeConfig.IPRanges)
	if err != nil {
		return IPAM{}, ipamError(err)
	}
	wanted, err := raw.wanted(args)
	if err != nil {
		return IPAM{}, err
	}
	dns, err := readResolvConf(config.ResolvConf)
	if err != nil {
		return IPAM{}, cni.InvalidConfig("ipam.resolvConf", config.ResolvConf, err.Error())
	}
	return IPAM{Kind: IPAMBuiltIn, BuiltIn: config, Wanted: wanted, DNS: dns}, nil
}

// wanted returns the requested addresses. The sources are not merged: runtimeConfig.ips
// is the runtime's word and wins over args.cni.ips, and that over CNI_ARGS.
func (raw *rawConfig) wanted(args map[string]string) ([]netip.Addr, error) {
	key, texts := "CNI_ARGS IP", strings.FieldsFunc(args["IP"], func(c rune) bool { return c == ',' })
	if len(raw.Args.CNI.IPs) != 0 {
		key, texts = "args.cni.ips", raw.Args.CNI.IPs
	}
	if len(raw.RuntimeConfig.IPs) != 0 {
		key, texts = "runtimeConfig.ips", raw.RuntimeConfig.IPs
	}
	var list []netip.Addr
	for _, text := range texts {
		host, _, _ := strings.Cut(text, "/") // runtimes add the prefix length, which the range knows
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return nil, cni.InvalidConfig(key, text, "is not an IP address")
		}
		list = append(list, addr.Unmap())
	}
	return list, nil
}
