package ipam

import (
	"fmt"
	"net/netip"
	"strings"
)

// noGateway as the gateway of a range says that it has none. An empty text means the
// default, as it does for the reference.
const noGateway = "none"

// All multicast addresses (RFC 5771, RFC 4291 section 2.7).
var (
	multicast4 = netip.MustParsePrefix("224.0.0.0/4")
	multicast6 = netip.MustParsePrefix("ff00::/8")
)

type rawRange struct {
	Subnet     *string  `json:"subnet"`
	RangeStart *string  `json:"rangeStart"`
	RangeEnd   *string  `json:"rangeEnd"`
	Gateway    *string  `json:"gateway"`
	Exclude    []string `json:"exclude"`
}

// sets converts all range sets and checks them against each other.
func (in rawConfig) sets(extra [][]rawRange) ([]RangeSet, error) {
	common, err := parseExclude("ipam", in.Exclude)
	if err != nil {
		return nil, err
	}
	sets, err := convertSets("runtimeConfig.ipRanges", extra)
	if err != nil {
		return nil, err
	}
	if text(in.Subnet) != "" {
		r, err := in.convert("ipam")
		if err != nil {
			return nil, err
		}
		sets = append(sets, RangeSet{r})
	}
	listed, err := convertSets("ipam.ranges", in.Ranges)
	if err != nil {
		return nil, err
	}
	sets = append(sets, listed...)
	if len(sets) == 0 {
		return nil, &ConfigError{Key: "ipam.ranges", Reason: "is missing, and there is no ipam.subnet"}
	}
	if err := refuseCommon(sets); err != nil {
		return nil, err
	}
	return excludeAll(sets, common)
}

func convertSets(key string, in [][]rawRange) ([]RangeSet, error) {
	var sets []RangeSet
	for i, rawSet := range in {
		key := fmt.Sprintf("%s[%d]", key, i)
		if len(rawSet) == 0 {
			return nil, &ConfigError{Key: key, Reason: "has no range"}
		}
		var set RangeSet
		for j, raw := range rawSet {
			r, err := raw.convert(fmt.Sprintf("%s[%d]", key, j))
			if err != nil {
				return nil, err
			}
			set = append(set, r)
			if r.First.Is4() != set[0].First.Is4() {
				return nil, &ConfigError{key, r.Subnet.String(), "is of another family than " + set[0].Subnet.String()}
			}
		}
		sets = append(sets, set)
	}
	return sets, nil
}

func (in rawRange) convert(key string) (r Range, err error) {
	if r.Subnet, err = parsePrefix(key+".subnet", text(in.Subnet)); err != nil {
		return Range{}, err
	}
	if r.Subnet.Overlaps(multicast4) || r.Subnet.Overlaps(multicast6) {
		return Range{}, &ConfigError{key + ".subnet", r.Subnet.String(), "holds multicast addresses"}
	}
	r.First, r.Last = r.Subnet.Addr(), lastAddr(r.Subnet)
	if r.Gateway, err = in.gateway(key+".gateway", r); err != nil {
		return Range{}, err
	}
	if err := in.bounds(key, &r); err != nil {
		return Range{}, err
	}
	if r.Exclude, err = parseExclude(key, in.Exclude); err != nil {
		return Range{}, err
	}
	if !r.next(r.First).IsValid() {
		return Range{}, &ConfigError{key, r.First.String() + "-" + r.Last.String(), "has no address to give"}
	}
	return r, nil
}

// gateway applies the default of the reference, the first host address of the subnet. A
// subnet of one or two addresses has none to spare.
func (in rawRange) gateway(key string, r Range) (netip.Addr, error) {
	given := text(in.Gateway)
	switch {
	case given == noGateway || given == "" && !r.reserves():
		return netip.Addr{}, nil
	case given == "":
		return r.Subnet.Addr().Next(), nil
	}
	gw, err := parseInside(key, given, r.Subnet)
	if err != nil {
		return netip.Addr{}, err
	}
	if v := r.verdict(gw); v != allowed {
		return netip.Addr{}, &ConfigError{key, gw.String(), v.String()}
	}
	return gw, nil
}

// bounds narrows the range to rangeStart and rangeEnd, where they are given.
func (in rawRange) bounds(key string, r *Range) error {
	if start := text(in.RangeStart); start != "" {
		a, err := parseInside(key+".rangeStart", start, r.Subnet)
		if err != nil {
			return err
		}
		r.First = a
	}
	if end := text(in.RangeEnd); end != "" {
		a, err := parseInside(key+".rangeEnd", end, r.Subnet)
		if err != nil {
			return err
		}
		r.Last = a
	}
	if r.Last.Less(r.First) {
		return &ConfigError{key + ".rangeEnd", r.Last.String(), "lies before rangeStart " + r.First.String()}
	}
	return nil
}

func parseInside(key, text string, subnet netip.Prefix) (netip.Addr, error) {
	a, err := parseAddr(key, text)
	if err == nil && !subnet.Contains(a) {
		err = &ConfigError{key, text, "lies outside subnet " + subnet.String()}
	}
	return a, err
}

// parseExclude reads a list of addresses and prefixes.
func parseExclude(key string, in []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for i, s := range in {
		key := fmt.Sprintf("%s.exclude[%d]", key, i)
		if strings.Contains(s, "/") {
			p, err := parsePrefix(key, s)
			if err != nil {
				return nil, err
			}
			list = append(list, p)
			continue
		}
		a, err := parseAddr(key, s)
		if err != nil {
			return nil, err
		}
		if !a.IsValid() {
			return nil, &ConfigError{Key: key, Reason: "is empty"}
		}
		list = append(list, hostPrefix(a))
	}
	return list, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
