package runtimes

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var flannel = subject{"flannel", "flanneld 0.28.10"}

const etcd = "http://" + router + ":2379"

// newFlannel starts etcd with flannel's configuration, for hosts with the sample conflist.
func newFlannel(t *testing.T, backend string) (one, two host) {
	t.Helper()
	hosts := newHosts(t, "one", "two")
	background(t, "etcd", "--data-dir", "/run/etcd", "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
		"--listen-peer-urls", "http://127.0.0.1:2380")
	t.Setenv("ETCDCTL_API", "3")
	eventually(t, "etcd takes flannel's configuration", func() (string, bool) {
		out, err := try("etcdctl", "--endpoints", etcd, "put", "/coreos.com/network/config",
			`{"Network": "10.244.0.0/16", "Backend": {"Type": "`+backend+`"}}`)
		return out, err == nil
	})
	text, err := os.ReadFile(conf + "/flannel.conflist")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts {
		h.network(string(text))
	}
	return hosts[0], hosts[1]
}

// leases are flannel's in etcd, with how often each was written.
func leases(t *testing.T) string {
	t.Helper()
	return run(t, "etcdctl", "--endpoints", etcd, "get", "--prefix", "/coreos.com/network/subnets", "--keys-only", "-w", "json")
}

// flanneld starts flanneld on a host, and returns what it says about it and how to kill it.
func (h host) flanneld(args ...string) (env string, kill func()) {
	h.Helper()
	run(h.T, h.on("rm", "-f", "/run/flannel/subnet.env")...)
	words := append([]string{filepath.Join(bin, "flanneld"), "-etcd-endpoints", etcd, "-iface", "eth0"}, args...)
	cmd := background(h.T, h.on(words...)...)
	eventually(h.T, "flanneld leases a subnet", func() (string, bool) {
		out, err := try(h.on("cat", "/run/flannel/subnet.env")...)
		env = out
		return out, err == nil && strings.Contains(out, "FLANNEL_IPMASQ")
	})
	return env, func() {
		h.Helper()
		if err := cmd.Process.Kill(); err != nil {
			h.Fatal(err)
		}
		_ = cmd.Wait()
	}
}

// TestPodsOfTwoHostsMeetByFlannel is about subnets that flanneld leases, with our executables in
// place of its CNI plugin.
func TestPodsOfTwoHostsMeetByFlannel(t *testing.T) {
	for backend, mtu := range map[string]string{"vxlan": "1450", "host-gw": "1500"} {
		t.Run(backend, func(t *testing.T) {
			onMachine(t, func(t *testing.T) {
				one, two := newFlannel(t, backend)
				if out, err := one.cni("add", "early", 8080); err == nil || !strings.Contains(out, "read subnetFile") {
					t.Errorf("before flanneld: %v: %s", err, out)
				}
				env, kill := one.flanneld()
				two.flanneld()
				before := one.state() + two.state()
				web, db := one.attach("web", 8080), two.attach("db", 8080)
				if link := run(t, one.in("web", "ip", "link", "show", "eth0")...); !strings.Contains(link, "mtu "+mtu+" ") {
					t.Errorf("want MTU %s: %s", mtu, link)
				}
				meet := func() { podsMeet(t, one, two, web, db) }
				meet()
				flannel.passed(t, add, backend+": pods of two hosts meet with their own addresses, the outside sees the host's")
				kill()
				meet()
				leased := leases(t)
				if again, _ := one.flanneld(); again != env {
					t.Errorf("flanneld has leased\n%s\nand before\n%s", again, env)
				}
				eventually(t, "the lease is renewed", func() (string, bool) {
					now := leases(t)
					return now, now != leased
				})
				meet()
				if out, err := one.cni("check", "web", 8080); err != nil {
					t.Errorf("CHECK: %v: %s", err, out)
				}
				flannel.passed(t, check, backend+": flanneld restarted and its lease renewed")
				one.detach("web", 8080)
				two.detach("db", 8080)
				if after := one.state() + two.state(); after != before {
					t.Errorf("left:\n%s\nbefore:\n%s", after, before)
				}
				flannel.passed(t, del, nothingLeft)
			})
		})
	}
}

// delegated is what flannel's own CNI plugin makes of its delegate on a host with such a subnet,
// beside flanneld that masquerades itself.
func delegated(env string) string {
	values := map[string]string{}
	for line := range strings.Lines(env) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[key] = value
	}
	subnet := netip.MustParsePrefix(values["FLANNEL_SUBNET"]).Masked().String()
	return strings.NewReplacer("SUBNET", subnet, "NETWORK", values["FLANNEL_NETWORK"], "MTU", values["FLANNEL_MTU"]).Replace(`{
  "cniVersion": "1.0.0", "name": "pods",
  "plugins": [
    {
      "type": "vethbridge", "hairpinMode": true, "isDefaultGateway": true, "isGateway": true, "ipMasq": false, "mtu": MTU, "mode": "routed",
      "ipam": { "type": "host-local", "ranges": [[{ "subnet": "SUBNET" }]], "routes": [{ "dst": "NETWORK" }] }
    },
    { "type": "natport", "capabilities": { "portMappings": true } }
  ]
}`)
}

// TestPodsOfTwoHostsMeetByTheDelegateOfFlannel is about conflists that flannel's plugin makes.
func TestPodsOfTwoHostsMeetByTheDelegateOfFlannel(t *testing.T) {
	onMachine(t, func(t *testing.T) {
		one, two := newFlannel(t, "vxlan")
		for _, h := range []host{one, two} {
			env, _ := h.flanneld("-ip-masq")
			h.network(delegated(env))
		}
		before := one.state() + two.state()
		web, db := one.attach("web", 8080), two.attach("db", 8080)
		podsMeet(t, one, two, web, db)
		flannel.passed(t, add, "as the delegate of flannel's plugin: pods of two hosts meet")
		one.detach("web", 8080)
		two.detach("db", 8080)
		if after := one.state() + two.state(); after != before {
			t.Errorf("left:\n%s\nbefore:\n%s", after, before)
		}
	})
}
