package attachment

import (
	"bytes"
	"strings"
	"testing"
)

var long = strings.Repeat("x", 70_000)

func TestKeysOfDifferentOwnersDiffer(t *testing.T) {
	owners := []Owner{
		{"net", "c1", "eth0"}, {"net", "c1", "eth1"}, {"net", "c", "1eth0"}, {"net2", "c1", "eth0"},
		{"net", long, "eth0"}, {"net", long + "y", "eth0"}, {long, "c1", "eth0"},
	}
	seen := map[string]Owner{}
	for _, o := range owners {
		key := string(o.Key())
		if other, ok := seen[key]; ok {
			t.Errorf("%v and %v share a key", o, other)
		}
		seen[key] = o
		if !bytes.HasPrefix(o.Key(), NetworkKey(o.Network)) {
			t.Errorf("key of %.40s does not begin with its network's prefix", o)
		}
		if got, whole := ParseKey(o.Key()); whole && got != o || whole == (len(o.Network)+len(o.ContainerID) > 1024) {
			t.Errorf("key of %.40s is read as %.40s, %t", o, got, whole)
		}
		if len(key) > 1024 {
			t.Errorf("key of %.40s is %d bytes long", o, len(key))
		}
	}
}

func TestMarkFitsTheKernelAndNamesItsOwner(t *testing.T) {
	o := Owner{"demo", "web", "eth0"}
	got, ok := ParseMark(o.Mark())
	if !ok || got != o {
		t.Errorf("ParseMark(%q) = %v, %v", o.Mark(), got, ok)
	}
	big := Owner{long, "web", "eth0"}
	if n := len(big.Mark()); n > maxMark {
		t.Errorf("mark of a long owner has %d bytes", n)
	}
	if _, ok := ParseMark(big.Mark()); ok {
		t.Error("a hashed mark was parsed")
	}
	if _, ok := ParseMark("k8s demo/web/eth0"); ok {
		t.Error("another program's alias was taken for ours")
	}
}

func TestHostLinkIsAValidDeterministicName(t *testing.T) {
	a, b := Owner{"demo", "web", "eth0"}, Owner{"demo", "web", "eth1"}
	if again := (Owner{"demo", "web", "eth0"}); a.HostLink() != again.HostLink() || a.HostLink() == b.HostLink() {
		t.Errorf("host links %q, %q and %q", a.HostLink(), again.HostLink(), b.HostLink())
	}
	if len(a.HostLink()) != 15 {
		t.Errorf("host link %q has %d bytes", a.HostLink(), len(a.HostLink()))
	}
}
