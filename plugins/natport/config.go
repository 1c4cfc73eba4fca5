package main

import (
	"encoding/json"
	"fmt"

	"vethbridge/internal/cni"
	"vethbridge/pkg/nat"
)

// Config is the plugin's config with every default applied and every field validated.
// Keys and meanings are those of the reference portmap plugin; the keys that it does not
// have are marked as new.
type Config struct {
	Ports  []nat.Port // the published ports, "runtimeConfig.portMappings"
	IPMasq bool       // new here, as in the reference bridge plugin: traffic from the network to elsewhere is masqueraded
	// ChooseFrom is where a host port comes from that is left open, new.
	ChooseFrom nat.PortRange
	// OnConflict is what happens if a process of the host listens on a port, new.
	OnConflict OnConflict
	SNAT       bool // rewrite the source where the answer would not come back; default true
}

// OnConflict tells what to do about a listening process.
type OnConflict uint8

// What can be done about a listening process.
const (
	Refuse OnConflict = iota
	Warn
)

var onConflicts = [...]string{"refuse", "warn"}

// String returns the word that stands in configs.
func (o OnConflict) String() string { return onConflicts[o] }

func parseOnConflict(s string) (OnConflict, error) {
	for i, word := range onConflicts {
		if s == word || s == "" {
			return OnConflict(i), nil
		}
	}
	return 0, cni.InvalidConfig("hostPortConflict", s, fmt.Sprintf("must be one of %q", onConflicts))
}

type rawConfig struct {
	OnConflict    string          `json:"hostPortConflict"`
	ChooseFrom    string          `json:"hostPortRange"`
	IPMasq        bool            `json:"ipMasq"`
	SNAT          *bool           `json:"snat"`
	MasqAll       bool            `json:"masqAll"`
	Backend       string          `json:"backend"`
	ConditionsV4  json.RawMessage `json:"conditionsV4"`
	ConditionsV6  json.RawMessage `json:"conditionsV6"`
	RuntimeConfig struct {
		PortMappings []rawMapping `json:"portMappings"`
	} `json:"runtimeConfig"`
}

func decodeConfig(r cni.Request) (Config, error) {
	var raw rawConfig
	if err := r.Decode(&raw); err != nil {
		return Config{}, err
	}
	if err := raw.validate(); err != nil {
		return Config{}, err
	}
	conflict, err := parseOnConflict(raw.OnConflict)
	if err != nil {
		return Config{}, err
	}
	chooseFrom, err := parseRange(raw.ChooseFrom)
	if err != nil {
		return Config{}, err
	}
	cfg := Config{IPMasq: raw.IPMasq, SNAT: raw.SNAT == nil || *raw.SNAT, OnConflict: conflict, ChooseFrom: chooseFrom}
	for i, m := range raw.RuntimeConfig.PortMappings {
		port, err := m.port(fmt.Sprintf("runtimeConfig.portMappings[%d]", i))
		if err != nil {
			return Config{}, err
		}
		cfg.Ports = append(cfg.Ports, port)
	}
	return cfg, nil
}

func (raw rawConfig) validate() error {
	switch {
	case raw.Backend != "" && raw.Backend != "nftables":
		return cni.Unsupported("backend", raw.Backend)
	case raw.MasqAll:
		return cni.Unsupported("masqAll", true)
	case !empty(raw.ConditionsV4):
		return cni.Unsupported("conditionsV4", string(raw.ConditionsV4))
	case !empty(raw.ConditionsV6):
		return cni.Unsupported("conditionsV6", string(raw.ConditionsV6))
	}
	return nil
}

func empty(list json.RawMessage) bool {
	return len(list) == 0 || string(list) == "null" || string(list) == "[]"
}
