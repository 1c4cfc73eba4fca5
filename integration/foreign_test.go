package integration

import (
	"os/exec"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestAForeignBridgeIsUsedAndLeftAsItWas: what another program made is not reconfigured, and with
// "removeBridge" it loses the gateway addresses that we gave it, and no others.
func TestAForeignBridgeIsUsedAndLeftAsItWas(t *testing.T) {
	h, n := newDemo(t)
	for _, words := range []string{
		"link add demo0 address 02:00:00:00:00:99 type bridge ageing_time 1000 forward_delay 200 stp_state 0 mcast_snooping 0",
		"link set demo0 addrgenmode none", "link set demo0 mtu 1400 txqueuelen 77 alias theirs up", "addr add 192.0.2.1/24 dev demo0", "addr add 10.99.0.1/24 dev demo0",
	} {
		h.Run("ip", strings.Fields(words)...)
	}
	before := h.Snapshot()
	link := func() string { return strings.SplitAfter(h.Run("ip", "-d", "link", "show", "demo0"), "hello_timer")[0] }
	was := strings.ReplaceAll(link(), "NO-CARRIER,", "")
	for range 2 {
		c, result := attach(t, h, n, "web")
		expect(t, h, "", "tcp", strings.TrimSuffix(result.IPs[0].Address, "/24"), 80, "web", "")
		if is := strings.ReplaceAll(link(), ",LOWER_UP", ""); strings.ReplaceAll(is, "state UP", "state DOWN") != was {
			t.Errorf("the bridge was\n%s\nand is\n%s", was, is)
		}
		n.Del(t, c, result.Raw)
		h.Same(t, before)
	}
}

// TestAForeignBridgeThatIsAGatewayKeepsItsMACAddress as ports come and go; one that lost its last port has none.
func TestAForeignBridgeThatIsAGatewayKeepsItsMACAddress(t *testing.T) {
	for _, lost := range []bool{false, true} {
		h, n := newDemo(t)
		h.Run("ip", "link", "add", "demo0", "type", "bridge")
		address := func() string { return linkMAC(h, "", "demo0").String() }
		if lost {
			h.Run("ip", "link", "add", "port", "type", "veth", "peer", "name", "end")
			h.Run("ip", "link", "set", "port", "master", "demo0")
			h.Run("ip", "link", "del", "port")
		}
		first := testbed.Container{ID: "first", Netns: h.NewContainer()}
		n.Add(t, first)
		kept := address()
		low := testbed.Container{ID: "low", Netns: h.NewContainer(), Args: "IgnoreUnknown=1;MAC=02:00:00:00:00:01"}
		result := n.Add(t, low)
		if had := result.Interfaces[0].Mac; had != kept {
			t.Errorf("the result says %s, and it is %s", had, kept)
		}
		for _, c := range []testbed.Container{first, low} {
			if now := address(); now != kept || kept == "00:00:00:00:00:00" {
				t.Errorf("lost %t: before DEL of %s it is %s, was %s", lost, c.ID, now, kept)
			}
			n.Del(t, c, nil)
		}
		if now := address(); now != kept {
			t.Errorf("lost %t: afterwards it is %s, was %s", lost, now, kept)
		}
	}
}

// TestAForeignBridgeKeepsItsMACAddressWhoeverMadeItAGateway: the administrator, or an ADD that was killed at whatever moment. A port of a
// lower MAC address would change that of the bridge, as would its last port when it goes.
func TestAForeignBridgeKeepsItsMACAddressWhoeverMadeItAGateway(t *testing.T) {
	h, n := newDemo(t)
	anew := func(gateways ...string) {
		_ = exec.Command("ip", "link", "del", "demo0").Run()
		h.Run("ip", "link", "add", "demo0", "type", "bridge")
		for _, gateway := range gateways {
			h.Run("ip", "addr", "add", gateway, "dev", "demo0")
		}
	}
	web := testbed.Container{ID: "web", Netns: h.NewContainer()}
	low := testbed.Container{ID: "low", Netns: h.NewContainer(), Args: "IgnoreUnknown=1;MAC=02:00:00:00:00:01"}
	keeps := func() {
		t.Helper()
		n.Add(t, web)
		kept := linkMAC(h, "", "demo0").String()
		n.Add(t, low)
		for _, c := range []testbed.Container{web, low} {
			if now := linkMAC(h, "", "demo0").String(); now != kept {
				t.Errorf("before DEL of %s it is %s, was %s", c.ID, now, kept)
			}
			n.Del(t, c, nil)
		}
	}
	var gateways []string
	anew()
	for _, ip := range n.Add(t, web).IPs {
		_, bits, _ := strings.Cut(ip.Address, "/")
		gateways = append(gateways, ip.Gateway+"/"+bits)
	}
	n.Del(t, web, nil)
	anew(gateways...)
	keeps()
	anew()
	killed := testbed.Container{ID: "killed", Netns: h.NewContainer()}
	killEverywhere(t, n, killed, "ADD", 0, 4, func() {
		keeps()
		n.Del(t, killed, nil)
		anew()
	})
}

// TestTheMTUOfABridgeFollowsItsConfigWhileNobodyUsesIt: then too it is never smaller than a port's.
func TestTheMTUOfABridgeFollowsItsConfigWhileNobodyUsesIt(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "removeBridge", nil)
	mtu := func() string { return strings.Fields(h.Run("ip", "-o", "link", "show", "demo0"))[4] }
	web := testbed.Container{ID: "web", Netns: h.NewContainer()}
	for _, change := range []struct {
		uplink, want string
		value        any
	}{{want: "1500"}, {value: 9000, want: "9000"}, {value: 1400, want: "1400"}, {uplink: "1450", want: "1450"}} {
		if change.uplink != "" {
			h.Run("ip", "link", "set", "uplink", "mtu", change.uplink)
		}
		changed := n.With(0, "mtu", change.value)
		result := changed.Add(t, web)
		if got := mtu(); got != change.want || !strings.Contains(h.RunIn(web.Netns, "ip", "link", "show", "eth0"), "mtu "+change.want) {
			t.Errorf("the bridge has MTU %s, want %s", got, change.want)
		}
		n.Del(t, web, result.Raw)
	}
	result := n.Add(t, web)
	before := h.Snapshot()
	refused(t, h, n.With(0, "mtu", 9000), testbed.Container{ID: "late", Netns: h.NewContainer()}, 7, "MTU 9000 of the port is larger than MTU 1450 of bridge demo0", "remove its containers")
	h.Same(t, before)
	n.Del(t, web, result.Raw)
}
