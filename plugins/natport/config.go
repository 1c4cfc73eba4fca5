package main

import (
	"fmt"

	"vethbridge/internal/cni"
	"vethbridge/internal/masquerade"
	"vethbridge/pkg/nat"
)

// Config is the plugin's config with every default applied and every field validated.
// Keys and meanings are those of the reference portmap plugin; the keys that it does not
// have are marked as new.
type Config struct {
	Ports []nat.Port // the published ports, "runtimeConfig.portMappings", with what they are for
	Leave nat.Leave  // "ipMasq" as in the reference bridge plugin, and new keys: how traffic to elsewhere leaves
	// ChooseFrom is where a host port comes from that is left open, new.
	ChooseFrom nat.PortRange
	// OnConflict is what happens if a process of the host listens on a port, new.
	OnConflict   OnConflict
	StrictHostIP bool // new: a port of one address is for packets that come by the link that has it
	SNAT         bool // rewrite the source where the answer would not come back; default true
	HideClients  bool // "masqAll": rewrite the source of every client
	Mark         nat.Mark
	Backend      masquerade.Backend // that holds the translations
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
	OnConflict    string  `json:"hostPortConflict"`
	ChooseFrom    string  `json:"hostPortRange"`
	SNAT          *bool   `json:"snat"`
	MasqAll       bool    `json:"masqAll"`
	MarkMasqBit   *int    `json:"markMasqBit"`
	SetMarkChain  *string `json:"externalSetMarkChain"`
	Backend       string  `json:"backend"`
	RuntimeConfig struct {
		PortMappings []rawMapping `json:"portMappings"`
	} `json:"runtimeConfig"`
	masquerade.Keys
	rawAllowed
}

func decodeConfig(r *cni.Request) (cfg Config, err error) {
	var raw rawConfig
	if err := r.Decode(&raw); err != nil {
		return Config{}, err
	}
	cfg = Config{SNAT: raw.SNAT == nil || *raw.SNAT, StrictHostIP: raw.StrictHostIP}
	cfg.HideClients = cfg.SNAT && raw.MasqAll
	if cfg.OnConflict, err = parseOnConflict(raw.OnConflict); err != nil {
		return Config{}, err
	}
	if cfg.ChooseFrom, err = parseRange(raw.ChooseFrom); err != nil {
		return Config{}, err
	}
	if cfg.Leave, err = raw.Leave(); err != nil {
		return Config{}, err
	}
	if cfg.Mark, cfg.Backend, err = raw.backend(); err != nil {
		return Config{}, err
	}
	cfg.Ports, err = raw.ports(cfg.Backend == masquerade.Iptables)
	return cfg, err
}

func (raw rawConfig) ports(verbatim bool) (list []nat.Port, err error) {
	allowed, err := raw.allowed(verbatim)
	if err != nil {
		return nil, err
	}
	mappings := raw.RuntimeConfig.PortMappings
	list = make([]nat.Port, 0, len(mappings))
	for i := range mappings {
		m := &mappings[i]
		if i > 0 && m.follows(&mappings[i-1], &list[len(list)-1]) {
			list[len(list)-1].More++
			continue
		}
		port, err := m.port(mappingKey(i), &allowed)
		if err != nil {
			return nil, err
		}
		list = append(list, port)
	}
	return list, nil
}
