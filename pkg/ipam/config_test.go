package ipam_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"vethbridge/pkg/ipam"
)

func TestConfigErrorsNameKeyValueAndReason(t *testing.T) {
	for config, want := range map[string]string{
		`{"ranges": [[{"subnet": "10.1.0.0/24", "gateway": "10.2.0.1"}]]}`:        `ipam.ranges[0][0].gateway "10.2.0.1" lies outside subnet 10.1.0.0/24`,
		`{"ranges": [[{"subnet": "10.1.0.0/24", "gateway": "10.1.0.255"}]]}`:      `ipam.ranges[0][0].gateway "10.1.0.255" is the subnet's broadcast address`,
		`{"ranges": [[{"subnet": "10.1.0.0/24", "gateway": "fe80::1"}]]}`:         `ipam.ranges[0][0].gateway "fe80::1" lies outside subnet 10.1.0.0/24`,
		`{"ranges": [[{"subnet": "10.1.0.0/24"}], [{"rangeStart": "10.2.0.1"}]]}`: `ipam.ranges[1][0].subnet is missing`,
		`{"ranges": [[]]}`:                                    `ipam.ranges[0] has no range`,
		`{"subnet": "10.1.0.5/24"}`:                           `ipam.subnet "10.1.0.5/24" has bits set beyond its length; meant is 10.1.0.0/24`,
		`{"subnet": "10.1.0.0"}`:                              `ipam.subnet "10.1.0.0" is not a prefix such as 10.1.0.0/24`,
		`{"subnet": "::ffff:10.1.0.0/112"}`:                   `ipam.subnet "::ffff:10.1.0.0/112" is not a prefix such as 10.1.0.0/24`,
		`{"subnet": "224.0.0.0/8"}`:                           `ipam.subnet "224.0.0.0/8" holds multicast addresses`,
		`{"subnet": "10.1.0.0/24", "rangeStart": "10.1.1.1"}`: `ipam.rangeStart "10.1.1.1" lies outside subnet 10.1.0.0/24`,
		`{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.9", "rangeEnd": "10.1.0.8"}`:                   `ipam.rangeEnd "10.1.0.8" lies before rangeStart 10.1.0.9`,
		`{"subnet": "10.1.0.0/24", "rangeEnd": "soon"}`:                                                 `ipam.rangeEnd "soon" is not an IP address`,
		`{"subnet": "10.1.0.0/24", "exclude": ["10.1.0.0/24"]}`:                                         `ipam "10.1.0.0-10.1.0.255" has no address to give`,
		`{"exclude": ["10.1.0.0/30"], "ranges": [[{"subnet": "10.1.0.0/29", "rangeEnd": "10.1.0.3"}]]}`: `ipam.ranges "10.1.0.0-10.1.0.3" has no address to give`,
		`{"subnet": "10.1.0.0/24", "exclude": ["10.1.0.9/24"]}`:                                         `ipam.exclude[0] "10.1.0.9/24" has bits set beyond its length; meant is 10.1.0.0/24`,
		`{"subnet": "10.1.0.0/32", "gateway": "10.1.0.0"}`:                                              `ipam "10.1.0.0-10.1.0.0" has no address to give`,
		`{"subnet": "10.1.0.0/24", "ranges": [[{"subnet": "10.1.0.0/25"}]]}`:                            `ipam.ranges "10.1.0.0-10.1.0.127" overlaps 10.1.0.0-10.1.0.255`,
		`{"ranges": [[{"subnet": "10.1.0.0/24"}, {"subnet": "2001:db8::/64"}]]}`:                        `ipam.ranges[0] "2001:db8::/64" is of another family than 10.1.0.0/24`,
		`{"routes": [{"dst": "0.0.0.0/0"}]}`:                                                            `ipam.ranges is missing, and there is no ipam.subnet`,
		`{"subnet": "10.1.0.0/24", "routes": [{"gw": "10.1.0.1"}]}`:                                     `ipam.routes[0].dst is missing`,
		`{"subnet": "10.1.0.0/24", "routes": [{"dst": "0.0.0.0/0", "gw": "fe80::1"}]}`:                  `ipam.routes[0].gw "fe80::1" is of another family than dst 0.0.0.0/0`,
		`{"subnet": "10.1.0.0/24", "routes": [{"dst": "0.0.0.0/0", "scope": 256}]}`:                     `ipam.routes[0].scope "256" is not in 0-255`,
		`{"subnet": "10.1.0.0/24", "routes": [{"dst": "0.0.0.0/0", "mtu": "large"}]}`:                   `ipam.routes.mtu must be a whole number, not string`,
		`{"subnet": 10}`:    `ipam.subnet must be a string, not number`,
		`{"ranges": "all"}`: `ipam.ranges must be a list, not string`,
		`{"subnet": "10.1.0.0/24", "allowOverlap": 1}`: `ipam.allowOverlap must be true or false, not number`,
		`{"subnet": `: `ipam is not valid JSON: unexpected end of JSON input`,
		`[1]`:         `ipam must be an object, not array`,
	} {
		_, err := ipam.DecodeConfig(json.RawMessage(config), nil)
		var typed *ipam.ConfigError
		// From Go 1.27 on, encoding/json says which route.
		if !errors.As(err, &typed) || strings.Replace(err.Error(), "routes.0.", "routes.", 1) != want {
			t.Errorf("%s\n got %v\nwant %s", config, err, want)
		}
	}
}

func TestMissingOrEmptyIpamIsTheZeroConfig(t *testing.T) {
	for _, text := range []string{"", "null", "{}", " {} ", "{ }"} {
		c, err := ipam.DecodeConfig(json.RawMessage(text), nil)
		if err != nil || !reflect.DeepEqual(c, ipam.Config{}) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

func TestRangeSetsOfTheRuntimeComeFirstThenTheSingleOneThenRanges(t *testing.T) {
	c, err := ipam.DecodeConfig(
		json.RawMessage(`{"type": "", "subnet": "10.2.0.0/24", "ranges": [[{"subnet": "10.3.0.0/24"}]], "unknown": [1]}`),
		json.RawMessage(`[[{"subnet": "10.1.0.0/24"}]]`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"} {
		if got := c.Sets[i][0].Subnet.String(); got != want {
			t.Errorf("set %d is %s, want %s", i, got, want)
		}
	}
	_, err = ipam.DecodeConfig(nil, json.RawMessage(`[[{"subnet": "x"}]]`))
	if want := `runtimeConfig.ipRanges[0][0].subnet "x" is not a prefix such as 10.1.0.0/24`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestGatewayIsTheFirstHostUnlessTheSubnetHasNoRoomOrItIsNone(t *testing.T) {
	for config, want := range map[string]string{
		`{"subnet": "10.1.0.0/24"}`:                          "10.1.0.1",
		`{"subnet": "10.1.0.0/24", "gateway": ""}`:           "10.1.0.1",
		`{"subnet": "10.1.0.0/24", "gateway": "none"}`:       "invalid IP",
		`{"subnet": "10.1.0.0/24", "gateway": "10.1.0.254"}`: "10.1.0.254",
		`{"subnet": "10.1.0.0/31"}`:                          "invalid IP",
		`{"subnet": "10.1.0.0/31", "gateway": "10.1.0.0"}`:   "10.1.0.0",
		`{"subnet": "10.1.0.0/32"}`:                          "invalid IP",
		`{"subnet": "2001:db8::/64"}`:                        "2001:db8::1",
		`{"subnet": "2001:db8::/127"}`:                       "invalid IP",
		`{"subnet": "2001:db8::/128"}`:                       "invalid IP",
	} {
		if got := decode(t, config).Sets[0][0].Gateway.String(); got != want {
			t.Errorf("%s: gateway %s, want %s", config, got, want)
		}
	}
}

func TestRoutesCarryAllFieldsOfCNI11(t *testing.T) {
	c := decode(t, `{"subnet": "10.1.0.0/24", "resolvConf": "/etc/resolv.conf", "allowOverlap": true, "routes": [
		{"dst": "0.0.0.0/0"},
		{"dst": "10.9.0.0/16", "gw": "10.1.0.7", "mtu": 1400, "advmss": 1360, "priority": 5, "table": 100, "scope": 0}]}`)
	want := []ipam.Route{
		{Destination: netip.MustParsePrefix("0.0.0.0/0"), Scope: ipam.ScopeUnset},
		{Destination: netip.MustParsePrefix("10.9.0.0/16"), Gateway: netip.MustParseAddr("10.1.0.7"),
			MTU: 1400, AdvMSS: 1360, Priority: 5, Table: 100, Scope: 0},
	}
	if !reflect.DeepEqual(c.Routes, want) || c.ResolvConf != "/etc/resolv.conf" || !c.AllowOverlap {
		t.Errorf("got %+v", c)
	}
}
