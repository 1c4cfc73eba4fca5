package ipam_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/ipam"
)

func TestLeasesOfHostLocalAreTakenOver(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "demo"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"10.1.0.7":           "web\r\neth0",
		"2001:db8::7":        "web\r\neth0",
		"10.1.0.8":           "web\r\nnet1",
		"10.1.0.9":           "oldest",
		"10.1.0.10":          "", // torn
		"last_reserved_ip.0": "10.1.0.10",
		"lock":               "",
	} {
		if err := os.WriteFile(filepath.Join(dir, "demo", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ipam.ReadHostLocal(dir, "demo")
	want := []ipam.Request{
		{Owner: attachment.Owner{Network: "demo", ContainerID: "web", IfName: "eth0"}, Wanted: []netip.Addr{addr("10.1.0.7"), addr("2001:db8::7")}},
		{Owner: attachment.Owner{Network: "demo", ContainerID: "web", IfName: "net1"}, Wanted: []netip.Addr{addr("10.1.0.8")}},
		{Owner: attachment.Owner{Network: "demo", ContainerID: "oldest", IfName: "eth0"}, Wanted: []netip.Addr{addr("10.1.0.9")}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, %v\nwant %v", got, err, want)
	}
	s := statetest.Open(t, ipam.Check)
	got[0].Sets = decode(t, `{"ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "2001:db8::/64"}]]}`).Sets
	if leases := mustAllocate(t, s, got[0]); !reflect.DeepEqual(leases, got[0].Wanted) {
		t.Errorf("leases %v, want %v", leases, got[0].Wanted)
	}
}
