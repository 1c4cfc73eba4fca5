package netavark

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestANetworkOfPodmanBecomesConfigs by what stands in them, or must not.
func TestANetworkOfPodmanBecomesConfigs(t *testing.T) {
	const subnet = `"subnets": [{"subnet": "10.1.0.0/24", "gateway": "10.1.0.1"}]`
	for _, c := range []struct{ network, own, ports, never string }{
		{`"routes": [{"destination": "192.0.2.0/24", "gateway": "10.1.0.9", "metric": 7}]`, `"priority":7`, "", ""},
		{`"options": {"metric": "50"}`, `"dst":"0.0.0.0/0","priority":50`, "", `"isDefaultGateway":true`},
		{`"options": {"metric": "50"}, "internal": true`, `"internal":true`, "", `"priority"`},
		{`"options": {"isolate": "strict"}`, `"isolation":"network"`, "", ""},
		{`"options": {"isolate": "false"}`, "", "", `"isolation"`},
		{`"options": {"backend": "iptables"}`, `"ipMasqBackend":"iptables"`, `"backend":"iptables"`, ""},
		{`"options": {"backend": "iptables", "ipMasqBackend": "nftables"}`, `"ipMasqBackend":"nftables"`, `"backend":"iptables"`, ""},
		{`"options": {"logFile": "/log", "mtu": "1400"}`, `"logFile":"/log","mtu":1400`, `"logFile":"/log"`, ""},
	} {
		var n Network
		if err := json.Unmarshal([]byte(`{"name": "demo", "id": "0123", `+subnet+`, `+c.network+`}`), &n); err != nil {
			t.Fatal(err)
		}
		own, ports, err := n.chain()
		texts := [2]string{}
		for i, conf := range []config{own, ports} {
			text, failed := json.Marshal(conf)
			if texts[i] = string(text); err != nil || failed != nil {
				t.Errorf("%s: %v, %v", c.network, err, failed)
			}
		}
		if !strings.Contains(texts[0], c.own) || !strings.Contains(texts[1], c.ports) || c.never != "" && strings.Contains(texts[0]+texts[1], c.never) {
			t.Errorf("%s becomes\n%s\n%s", c.network, texts[0], texts[1])
		}
	}
}
