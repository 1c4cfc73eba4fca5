package cni

import (
	"bytes"
	"encoding/json"
	"net"
	"os"

	"github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/types/create"

	"vethbridge/internal/plainjson"
)

// wireResult is the JSON of a types100.Result, keys in its order: that of their names. Its own way to and from JSON goes
// through encoding/json three times.
type wireResult struct {
	CNIVersion string          `json:"cniVersion"`
	DNS        *wireDNS        `json:"dns,omitempty"`
	Interfaces []wireInterface `json:"interfaces,omitempty"`
	IPs        []wireIP        `json:"ips,omitempty"`
	Routes     []*wireRoute    `json:"routes,omitempty"`
}

type wireDNS struct {
	Domain      string   `json:"domain,omitempty"`
	Nameservers []string `json:"nameservers,omitempty"`
	Options     []string `json:"options,omitempty"`
	Search      []string `json:"search,omitempty"`
}

type wireInterface struct {
	MAC        string `json:"mac,omitempty"`
	MTU        int    `json:"mtu,omitempty"`
	Name       string `json:"name"`
	PCIID      string `json:"pciID,omitempty"`
	Sandbox    string `json:"sandbox,omitempty"`
	SocketPath string `json:"socketPath,omitempty"`
}

type wireIP struct {
	Address   wireNet `json:"address"`
	Gateway   net.IP  `json:"gateway,omitempty"`
	Interface *int    `json:"interface,omitempty"`
}

type wireRoute struct {
	AdvMSS   int     `json:"advmss,omitempty"`
	Dst      wireNet `json:"dst"`
	GW       net.IP  `json:"gw,omitempty"`
	MTU      int     `json:"mtu,omitempty"`
	Priority int     `json:"priority,omitempty"`
	Scope    *int    `json:"scope,omitempty"`
	Table    *int    `json:"table,omitempty"`
}

// wireNet is a net.IPNet in CIDR notation.
type wireNet net.IPNet

func (n wireNet) MarshalText() ([]byte, error) { return []byte((*net.IPNet)(&n).String()), nil }

// UnmarshalJSON reads it as types.IPNet does.
func (n *wireNet) UnmarshalJSON(text []byte) error { return (*types.IPNet)(n).UnmarshalJSON(text) }

// ofItsOwn are the versions of the spec whose results types100 holds.
func ofItsOwn(version string) bool {
	return version == "1.0.0" || version == types100.ImplementedSpecVersion
}

// printWire writes a result in the version that the runtime asks for.
func printWire(w *types100.Result, version string) error {
	if !ofItsOwn(version) {
		return types.PrintResult(w, version)
	}
	text, err := wireText(w, version)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

func wireText(w *types100.Result, version string) ([]byte, error) {
	line, err := plainjson.Marshal(wireFrom(w, version))
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = json.Indent(&text, line, "", "    ")
	return text.Bytes(), err
}

func wireFrom(r *types100.Result, version string) wireResult {
	w := wireResult{CNIVersion: version}
	if d := r.DNS; !d.IsEmpty() {
		w.DNS = &wireDNS{d.Domain, d.Nameservers, d.Options, d.Search}
	}
	for _, i := range r.Interfaces {
		w.Interfaces = append(w.Interfaces, wireInterface{i.Mac, i.Mtu, i.Name, i.PciID, i.Sandbox, i.SocketPath})
	}
	for _, ip := range r.IPs {
		w.IPs = append(w.IPs, wireIP{wireNet(ip.Address), ip.Gateway, ip.Interface})
	}
	for _, t := range r.Routes {
		w.Routes = append(w.Routes, &wireRoute{t.AdvMSS, wireNet(t.Dst), t.GW, t.MTU, t.Priority, t.Scope, t.Table})
	}
	return w
}

// readWire reads a result of the version that it should have.
func readWire(text []byte, version string) (types.Result, error) {
	var w wireResult
	if ofItsOwn(version) && plainjson.Unmarshal(text, &w) == nil && ofItsOwn(w.CNIVersion) {
		return w.result(), nil
	}
	return create.Create(version, text)
}

func (w wireResult) result() *types100.Result {
	r := &types100.Result{CNIVersion: w.CNIVersion}
	if d := w.DNS; d != nil {
		r.DNS = types.DNS{Nameservers: d.Nameservers, Domain: d.Domain, Search: d.Search, Options: d.Options}
	}
	for _, i := range w.Interfaces {
		r.Interfaces = append(r.Interfaces, &types100.Interface{Name: i.Name, Mac: i.MAC, Mtu: i.MTU, Sandbox: i.Sandbox, SocketPath: i.SocketPath, PciID: i.PCIID})
	}
	for _, ip := range w.IPs {
		r.IPs = append(r.IPs, &types100.IPConfig{Interface: ip.Interface, Address: net.IPNet(ip.Address), Gateway: ip.Gateway})
	}
	for _, t := range w.Routes {
		if t != nil {
			r.Routes = append(r.Routes, &types.Route{Dst: net.IPNet(t.Dst), GW: t.GW, MTU: t.MTU, AdvMSS: t.AdvMSS, Priority: t.Priority, Table: t.Table, Scope: t.Scope})
		}
	}
	return r
}
