package links_test

import (
	"testing"

	"vethbridge/internal/links"
	"vethbridge/internal/netns/netnstest"
	"vethbridge/internal/sysctl"
)

func TestSettingsByNetlinkAreThoseOfProc(t *testing.T) {
	netnstest.Inside(t)
	h, err := links.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	for key, ask := range map[string]func() (bool, error){
		"net/ipv4/ip_forward":             func() (bool, error) { return h.Forwards(false) },
		"net/ipv6/conf/all/forwarding":    func() (bool, error) { return h.Forwards(true) },
		"net/ipv4/conf/lo/route_localnet": func() (bool, error) { return h.RouteLocalnet("lo") },
	} {
		for _, value := range []string{"0", "1"} {
			if _, _, err := sysctl.Ensure(key, value); err != nil {
				t.Fatal(err)
			}
			if on, err := ask(); err != nil || on != (value == "1") {
				t.Errorf("%s=%s: %v, %v", key, value, on, err)
			}
		}
	}
	if _, err := h.RouteLocalnet("none"); err == nil {
		t.Error("a link that is not there has a setting")
	}
}
