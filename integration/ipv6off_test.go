package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

const onlyIPv4 = "10.99.0.0/24"

// TestAnIPv4NetworkNeedsNothingOfIPv6 has the host's IPv6 off by its sysctl, and a /proc/sys as that
// of a kernel without IPv6. An IPv6 range is refused there, and the error says what to do.
func TestAnIPv4NetworkNeedsNothingOfIPv6(t *testing.T) {
	without := []string{"unshare", "--mount", "sh", "-c", `mount -t tmpfs tmpfs /proc/sys/net/ipv6 && exec "$0" "$@"`}
	for name, wrap := range map[string][]string{"off": nil, "not in the kernel": without} {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			if n.Wrap = wrap; wrap == nil {
				h.Run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
			}
			before := h.Snapshot()
			both := testbed.Container{ID: "both", Netns: h.NewContainer()}
			for range 2 {
				refused(t, h, n, both, 2, "IPv6 is off there", "leave the IPv6 range out of ipam")
			}
			c, result := attach(t, h, subnet(n, testbed.Config{"subnet": onlyIPv4}), "web")
			expect(t, h, "", "tcp", strings.TrimSuffix(result.IPs[0].Address, "/24"), 80, "web", "10.99.0.1")
			if a := n.With(0, "ipam", testbed.Config{"subnet": onlyIPv4}).Check(t, c, result.Raw); a.Exit != 0 {
				t.Errorf("CHECK: %s", a.Stdout)
			}
			n.Del(t, c, result.Raw)
			h.Same(t, before)
		})
	}
}

// TestAContainerWithIPv6OffGetsItsIPv6Addresses: runtimes turn IPv6 off in each new namespace.
func TestAContainerWithIPv6OffGetsItsIPv6Addresses(t *testing.T) {
	static := testbed.Config{"type": "static", "addresses": []any{testbed.Config{"address": "fd99::2/64", "gateway": "fd99::1"}}}
	for name, ipam := range map[string]any{"built in": nil, "delegated": static} {
		t.Run(name, func(t *testing.T) {
			h, n := newDemo(t)
			if ipam != nil {
				n = n.With(0, "ipam", ipam)
			}
			c := testbed.Container{ID: "web", Netns: h.NewContainer()}
			h.RunIn(c.Netns, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
			result := n.Add(t, c)
			h.Serve(c.Netns, "tcp", 80, "web")
			expect(t, h, "", "tcp", web6, 80, "web", "fd99::1")
			if a := n.Check(t, c, result.Raw); a.Exit != 0 {
				t.Errorf("CHECK: %s", a.Stdout)
			}
			n.Del(t, c, result.Raw)
		})
	}
}

// readOnly shows a call a /proc/sys that can't be written, as that of a nested container.
var readOnly = []string{"unshare", "--mount", "sh", "-c",
	`mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$0" "$@"`}

// TestAReadOnlyProcSysIsNoProblemIfItIsAsItShallBe: what can't be set and is wrong is an error that
// says how to set it from outside, which is then enough. That neighbours are not told is a warning.
func TestAReadOnlyProcSysIsNoProblemIfItIsAsItShallBe(t *testing.T) {
	h, n := newDemo(t)
	n.Wrap, n.Chain = readOnly, n.Chain[:1]
	c := testbed.Container{ID: "web", Netns: h.NewContainer()}
	refused(t, h, n, c, 999, "set sysctl net/ipv6/conf/demo0/accept_ra", "read-only", "sysctl -w net.ipv6.conf.default.accept_ra=0")
	answer, result := n.TryAdd(t, c)
	for tries := 0; answer.Exit != 0 && tries < 20; tries++ { // as often as the error names another one
		e, _ := answer.Error()
		_, setting, _ := strings.Cut(e.Details, "sysctl -w ")
		h.Run("sysctl", "-qw", setting)
		h.RunIn(c.Netns, "sysctl", "-qw", setting)
		answer, result = n.TryAdd(t, c)
	}
	if answer.Exit != 0 || !strings.Contains(answer.Stderr, "the addresses are not announced") {
		t.Fatalf("ADD: %s%s", answer.Stdout, answer.Stderr)
	}
	h.Serve(c.Netns, "tcp", 80, "web")
	expect(t, h, "", "tcp", strings.TrimSuffix(result.IPs[0].Address, "/24"), 80, "web", "10.99.0.1")
	n.Del(t, c, result.Raw)
	if left := h.Run("nft", "list", "ruleset") + h.Run("ip", "-br", "link", "show", "type", "bridge"); left != "" {
		t.Errorf("left: %s", left)
	}
}
