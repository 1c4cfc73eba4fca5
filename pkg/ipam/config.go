package ipam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"vethbridge/internal/plainjson"
)

// Config is the decoded `ipam` object of a network config, with the defaults applied.
type Config struct {
	Sets       []RangeSet // one address is taken from each
	Routes     []Route
	ResolvConf string // path of a resolv.conf(5) file; empty: none
	// DataDir is where the reference host-local kept its leases; it only matters to an import.
	DataDir string
	// AllowOverlap lets the subnets overlap those of other networks.
	AllowOverlap bool
}

// rawConfig has the keys of the reference host-local, and exclude and allowOverlap.
// Unknown keys are tolerated.
type rawConfig struct {
	rawRange                  // the older form: a single range
	Ranges       [][]rawRange `json:"ranges"`
	Routes       []rawRoute   `json:"routes"`
	ResolvConf   string       `json:"resolvConf"`
	DataDir      string       `json:"dataDir"`
	AllowOverlap bool         `json:"allowOverlap"`
}

// DecodeConfig reads an `ipam` object. Range sets that the runtime asks for beside it
// (runtimeConfig.ipRanges, of the same shape as ranges; may be nil) come first, then the
// single range of the older form, then ranges. A top-level exclude holds for all of them.
// A missing or empty object makes the zero Config; every other one must have a range.
// All errors are *ConfigError.
func DecodeConfig(raw, ipRanges json.RawMessage) (Config, error) {
	if isEmpty(raw) && isEmpty(ipRanges) {
		return Config{}, nil
	}
	var in rawConfig
	if err := decodeJSON("ipam", raw, &in); err != nil {
		return Config{}, err
	}
	var extra [][]rawRange
	if err := decodeJSON("runtimeConfig.ipRanges", ipRanges, &extra); err != nil {
		return Config{}, err
	}
	c := Config{ResolvConf: in.ResolvConf, DataDir: in.DataDir, AllowOverlap: in.AllowOverlap}
	var err error
	if c.Sets, err = in.sets(extra); err != nil {
		return Config{}, err
	}
	if c.Routes, err = convertRoutes(in.Routes); err != nil {
		return Config{}, err
	}
	return c, nil
}

// isEmpty reports whether an object or list was left out or has nothing in it.
func isEmpty(raw json.RawMessage) bool {
	var text bytes.Buffer
	if json.Compact(&text, raw) != nil {
		return len(raw) == 0
	}
	switch text.String() {
	case "null", "{}", "[]":
		return true
	}
	return false
}

func decodeJSON(key string, raw json.RawMessage, into any) error {
	if isEmpty(raw) {
		return nil
	}
	err := plainjson.Unmarshal(raw, into)
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return &ConfigError{Key: key, Reason: fmt.Sprintf("is not valid JSON: %v", err)}
	}
	// The older form's keys stand in a struct of their own, which is no part of the path.
	if field := strings.TrimPrefix(wrong.Field, "rawRange."); field != "" {
		key += "." + field
	}
	return &ConfigError{Key: key, Reason: fmt.Sprintf("must be %s, not %s", plainjson.Wanted(wrong.Type), wrong.Value)}
}

// parseAddr reads an address; an empty text is an invalid one.
func parseAddr(key, text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, &ConfigError{key, text, "is not an IP address"}
	}
	return a.Unmap(), nil
}

func parsePrefix(key, text string) (netip.Prefix, error) {
	if text == "" {
		return netip.Prefix{}, &ConfigError{Key: key, Reason: "is missing"}
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, &ConfigError{key, text, "is not a prefix such as 10.1.0.0/24"}
	}
	if p != p.Masked() {
		return netip.Prefix{}, &ConfigError{key, text, fmt.Sprintf("has bits set beyond its length; meant is %s", p.Masked())}
	}
	return p, nil
}
