package ipam

import (
	"fmt"
	"math"
	"net/netip"
)

// ScopeUnset as the scope of a route leaves the choice to who sets it: by rtnetlink(7)
// a route with a gateway is universe, one without is link.
const ScopeUnset = -1

// Route is one route of the config, as the CNI specification (version 1.1, section
// "ADD Success") defines it. Zero leaves a number to the kernel, but for Scope.
type Route struct {
	Destination netip.Prefix // masked
	Gateway     netip.Addr   // invalid: the gateway of the lease of the same family
	MTU         int          // bytes
	AdvMSS      int          // bytes
	Priority    int
	Table       int
	Scope       int // 0-255, or ScopeUnset
}

type rawRoute struct {
	Dst      *string `json:"dst"`
	GW       *string `json:"gw"`
	MTU      *int    `json:"mtu"`
	AdvMSS   *int    `json:"advmss"`
	Priority *int    `json:"priority"`
	Table    *int    `json:"table"`
	Scope    *int    `json:"scope"`
}

func convertRoutes(in []rawRoute) ([]Route, error) {
	var routes []Route
	for i, raw := range in {
		r, err := raw.convert(fmt.Sprintf("ipam.routes[%d]", i))
		if err != nil {
			return nil, err
		}
		routes = append(routes, r)
	}
	return routes, nil
}

func (in rawRoute) convert(key string) (r Route, err error) {
	if r.Destination, err = parsePrefix(key+".dst", text(in.Dst)); err != nil {
		return Route{}, err
	}
	if r.Gateway, err = parseAddr(key+".gw", text(in.GW)); err != nil {
		return Route{}, err
	}
	if r.Gateway.IsValid() && r.Gateway.Is4() != r.Destination.Addr().Is4() {
		return Route{}, &ConfigError{key + ".gw", r.Gateway.String(), "is of another family than dst " + r.Destination.String()}
	}
	r.Scope = ScopeUnset
	for _, n := range []struct {
		name  string
		from  *int
		into  *int
		limit int
	}{
		{"mtu", in.MTU, &r.MTU, math.MaxInt32},
		{"advmss", in.AdvMSS, &r.AdvMSS, math.MaxUint16},
		{"priority", in.Priority, &r.Priority, math.MaxUint32},
		{"table", in.Table, &r.Table, math.MaxUint32},
		{"scope", in.Scope, &r.Scope, math.MaxUint8},
	} {
		if n.from == nil {
			continue
		}
		if *n.from < 0 || *n.from > n.limit {
			return Route{}, &ConfigError{key + "." + n.name, fmt.Sprint(*n.from), fmt.Sprintf("is not in 0-%d", n.limit)}
		}
		*n.into = *n.from
	}
	return r, nil
}
