package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"vethbridge/integration/testbed"
)

// measured parses metrics as Prometheus does and returns the values by name and labels.
func measured(t *testing.T, text string) map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	values := map[string]float64{}
	for name, family := range families {
		counts := strings.HasSuffix(name, "_total")
		if counts != (family.GetType() == dto.MetricType_COUNTER) || !counts && family.GetType() != dto.MetricType_GAUGE || family.GetHelp() == "" {
			t.Errorf("%s: type %v, help %q", name, family.GetType(), family.GetHelp())
		}
		for _, m := range family.GetMetric() {
			words := []string{strings.TrimPrefix(name, "vethbridge_")}
			for _, l := range m.GetLabel() {
				words = append(words, l.GetValue())
			}
			values[strings.Join(words, " ")] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return values
}

// figures wants values, and says which differ.
func figures(t *testing.T, h *testbed.Host, when string, want map[string]float64, args ...string) {
	t.Helper()
	out, status := operate(t, h, append([]string{"metrics"}, args...)...)
	if status != 0 {
		t.Fatalf("%s: exit %d: %s", when, status, out)
	}
	got := measured(t, out)
	for name, value := range want {
		if v, there := got[name]; !there || v != value {
			t.Errorf("%s: %s is %v (there: %t), want %v", when, name, v, there, value)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestMetricsAreWhatIsThere(t *testing.T) {
	h, n := newDemo(t)
	figures(t, h, "on an empty host", map[string]float64{"published_ports tcp ipv4": 0, "drift translations": 0, "drift fence": 0})
	attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80}, testbed.Port{HostPort: 53, ContainerPort: 53, Protocol: "udp"})
	lost, _ := attach(t, h, n, "lost")
	attach(t, h, otherNetwork(n), "db", testbed.Port{HostPort: 5432, ContainerPort: 5432, HostIP: testbed.HostAddr4})
	figures(t, h, "with three containers", map[string]float64{
		"addresses demo 0 10.99.0.0/24": 253, "addresses_used demo 0 10.99.0.0/24": 2, "addresses_free demo 0 10.99.0.0/24": 251,
		"addresses_used demo 1 fd99::/64": 2, "addresses_used other 0 10.98.0.0/24": 1,
		"attachments demo alive": 2, "attachments demo dead": 0, "attachments demo unknown": 0, "attachments other alive": 1,
		"published_ports tcp ipv4": 2, "published_ports tcp ipv6": 1, "published_ports udp ipv4": 1, "published_ports sctp ipv4": 0,
		"drift translations": 0, "drift fence": 0, "drift links": 0, "drift firewalls": 0,
		"bridge_ports demo0": 2, "bridge_ports_limit demo0": 1023, "bridge_ports other0": 1,
	})
	h.Run("nft", "delete", "element", "inet", "vethbridge", "any_ports4", "{ tcp . 8080 }")
	h.Run("nft", "flush", "set", "bridge", "vethbridge", "senders6")
	h.Run("iptables-nft", "-P", "FORWARD", "DROP")
	h.StopServing()
	h.RunIn(lost.Netns, "ip", "link", "del", "eth0")
	h.Forget(lost.Netns)
	figures(t, h, "broken", map[string]float64{"drift translations": 1, "drift fence": 6, "drift firewalls": 2, "attachments demo dead": 1, "attachments demo alive": 1, "bridge_ports demo0": 1})
}

// TestMetricsCountEachPublishedPortOnce: a range is many, and two sorts of clients share one.
func TestMetricsCountEachPublishedPortOnce(t *testing.T) {
	h, n := newDemo(t)
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8000, HostPortEnd: 8099, ContainerPort: 8000},
		testbed.Port{HostPort: 8443, ContainerPort: 443, SourceRanges: []string{"192.0.2.0/24", "198.51.100.0/24"}})
	figures(t, h, "with a range", map[string]float64{"published_ports tcp ipv4": 101, "published_ports tcp ipv6": 100, "published_ports udp ipv4": 0})
	n.Del(t, web, result.Raw)
}

func TestMetricsCountAsTheNetworksConfigSays(t *testing.T) {
	h, n := newDemo(t)
	set := []any{testbed.Config{"subnet": "10.99.0.0/28"}, testbed.Config{"subnet": "10.99.1.0/28", "rangeEnd": "10.99.1.4"}}
	n = n.With(0, "ipam", testbed.Config{"ranges": []any{set}})
	conf := filepath.Join(t.TempDir(), "demo.conf")
	if err := os.WriteFile(conf, []byte(n.Chain[0].JSON()), 0o600); err != nil {
		t.Fatal(err)
	}
	labels := "demo 0 10.99.0.0/28,10.99.1.0/28"
	figures(t, h, "before the first ADD", map[string]float64{"addresses " + labels: 16, "addresses_used " + labels: 0}, "--config", conf)
	for i := range 14 {
		n.Add(t, testbed.Container{ID: fmt.Sprint("c", i), Netns: h.NewContainer()})
	}
	figures(t, h, "with 14 containers", map[string]float64{"addresses " + labels: 16, "addresses_free " + labels: 2}, "--config", conf)
	if out, status := operate(t, h, "metrics", "--config", conf, "--network", "other"); status != 0 || strings.Contains(out, "demo") {
		t.Errorf("of another network: exit %d, %s", status, out)
	}
	says(t, h, 1, []string{"read network config"}, "metrics", "--config", "/nonexistent")
}

// TestMetricsReplaceTheFileOfTheCollectorAsAWhole is about what node_exporter reads, which is
// not root.
func TestMetricsReplaceTheFileOfTheCollectorAsAWhole(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	dir := t.TempDir()
	file := filepath.Join(dir, "vethbridge.prom")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, h, 0, nil, "metrics", "--output", file)
	text, err := os.ReadFile(file)
	if err != nil || measured(t, string(text))["attachments demo alive"] != 1 {
		t.Errorf("%v: %s", err, text)
	}
	info, err := os.Stat(file)
	left, _ := os.ReadDir(dir)
	if err != nil || info.Mode().Perm() != 0o644 || len(left) != 1 {
		t.Errorf("%v, mode %v, files %v", err, info.Mode(), left)
	}
	says(t, h, 1, []string{"no such file"}, "metrics", "--output", filepath.Join(dir, "none", "vethbridge.prom"))
}

// TestMetricsTellHowTheLastCallsWent wants a duration of each verb, and which of them failed.
func TestMetricsTellHowTheLastCallsWent(t *testing.T) {
	h, n := newDemo(t)
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 8080, ContainerPort: 80})
	started := float64(time.Now().Add(-time.Minute).Unix())
	if a, _ := n.TryAdd(t, web); a.Exit == 0 {
		t.Fatal("a second ADD succeeds")
	}
	n.Check(t, web, result.Raw)
	out, _ := operate(t, h, "metrics")
	got := measured(t, out)
	for call, failed := range map[string]float64{"vethbridge ADD": 1, "natport ADD": 0, "vethbridge CHECK": 0, "natport CHECK": 0} {
		if v, there := got["last_operation_failed "+call]; !there || v != failed {
			t.Errorf("%s: failed %v (there: %t), want %v", call, v, there, failed)
		}
		took, ended := got["last_operation_duration_seconds "+call], got["last_operation_timestamp_seconds "+call]
		if took <= 0 || took > 60 || ended < started || ended > started+3600 {
			t.Errorf("%s took %v s, until %v", call, took, ended)
		}
	}
	if _, there := got["last_operation_failed vethbridge DEL"]; there {
		t.Error("a DEL that never was has an outcome")
	}
}
