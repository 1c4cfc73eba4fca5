package netavark

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"vethbridge/internal/failure"
)

type config = map[string]any

// option is one that "podman network create --opt" takes.
type option struct {
	kind    kind
	natport bool   // it is a key of natport, not of vethbridge
	key     string // of the config; the option's own name if empty
}

type kind uint8

const (
	text kind = iota
	number
	truth
	list // words with commas between them
)

// options are keys of the same names, and a few that podman's own driver has. As a variable the map would be made
// at each start of the plugin, which podman has no part in.
func options() map[string]option {
	return map[string]option{
		"mtu": {kind: number}, "com.docker.network.driver.mtu": {kind: number, key: "mtu"},
		"vlan": {kind: number}, "mode": {}, "isolation": {}, "hostAccess": {}, "spoofGuard": {kind: truth},
		"dropInvalid": {kind: truth}, "uplink": {}, "uplinkMoveAddresses": {kind: truth}, "firewalldZone": {},
		"acceptForward": {kind: truth}, "removeBridge": {kind: truth}, "promiscMode": {kind: truth}, "ipMasqBackend": {},
		"ipMasq": {kind: truth}, "snatTo": {kind: list}, "nonMasqueradeCIDRs": {kind: list}, "masqueradeRandomFully": {kind: truth},
		"backend": {natport: true}, "hostPortConflict": {natport: true}, "hostPortRange": {natport: true},
		"hostAddresses": {kind: list, natport: true}, "hostInterfaces": {kind: list, natport: true},
		"strictHostIP": {kind: truth, natport: true}, "masqAll": {kind: truth, natport: true},
		"logFile": {}, "logLevel": {}, "stateDir": {},
	}
}

// These options of podman's own driver stand for no key: see Network.defaultRoute.
const (
	noDefaultRoute = "no_default_route"
	metric         = "metric"
)

// common are the keys that both plugins have.
var common = []string{"logFile", "logLevel", "stateDir"}

// apply puts the options into the configs, all that are right, and says of each other why not.
func apply(given map[string]string, vethbridge, natport config) error {
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		wrong = append(wrong, applyOne(name, given[name], vethbridge, natport))
	}
	return errors.Join(wrong...)
}

func applyOne(name, word string, vethbridge, natport config) error {
	switch name {
	case noDefaultRoute, metric:
		return nil
	case "isolate": // podman's own driver: true and strict keep networks apart
		isolated, err := isolation(word)
		if isolated {
			vethbridge["isolation"] = "network"
		}
		return err
	}
	o, known := options()[name]
	if !known {
		return fmt.Errorf("option %q is unknown%s", name, didYouMean(name))
	}
	value, err := o.kind.value(word)
	if err != nil {
		return failure.To("option "+name+"="+strconv.Quote(word), err)
	}
	key := cmp.Or(o.key, name)
	if !o.natport {
		vethbridge[key] = value
	}
	if o.natport || slices.Contains(common, key) {
		natport[key] = value
	}
	if name == "backend" { // of all translations, unless a later option says it of masquerade
		vethbridge["ipMasqBackend"] = value
	}
	return nil
}

func isolation(word string) (bool, error) {
	if word == "strict" {
		return true, nil
	}
	isolated, err := strconv.ParseBool(word)
	if err != nil {
		return false, fmt.Errorf("option isolate=%q: must be true, false or strict", word)
	}
	return isolated, nil
}

func (k kind) value(word string) (any, error) {
	switch k {
	case number:
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, fmt.Errorf("must be a number")
		}
		return n, nil
	case truth:
		b, err := strconv.ParseBool(word)
		if err != nil {
			return nil, fmt.Errorf("must be true or false")
		}
		return b, nil
	case list:
		return strings.Split(word, ","), nil
	}
	return word, nil
}

// didYouMean names an option that differs in letter case or begins alike.
func didYouMean(name string) string {
	best := ""
	for known := range options() {
		alike := strings.EqualFold(known, name) || len(name) >= 3 && strings.HasPrefix(strings.ToLower(known), strings.ToLower(name[:3]))
		if alike && (best == "" || known < best) {
			best = known
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}
