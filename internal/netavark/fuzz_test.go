package netavark

import (
	"encoding/json"
	"testing"
)

// FuzzContainersBecomeConfigs shows that whatever podman sends becomes configs or an error: the
// plugins judge the rest.
func FuzzContainersBecomeConfigs(f *testing.F) {
	f.Add([]byte(`{"container_id":"a","port_mappings":[{"container_port":80,"host_ip":"","host_port":8080,"protocol":"tcp,udp","range":2}],
		"network":{"name":"n","id":"0123456789abcdef","subnets":[{"subnet":"10.88.0.0/16","gateway":"10.88.0.1"}],"options":{"mtu":"1400"}},
		"network_options":{"interface_name":"eth0","static_ips":["10.88.0.5"],"static_mac":"0a:58:00:00:00:01"}}`))
	f.Add([]byte(`{"network":{"name":"n","id":"","ipam_options":{"driver":"none"},"options":null,"internal":true}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var a Attachment
		if json.Unmarshal(text, &a) != nil {
			return
		}
		vethbridge, natport, err := a.Network.chain()
		if err != nil {
			return
		}
		for _, conf := range []config{vethbridge, natport, a.runtime()} {
			if _, err := json.Marshal(conf); err != nil {
				t.Error(err)
			}
		}
		if name, _ := vethbridge["bridge"].(string); a.Network.Interface == "" && len(name) > 15 {
			t.Errorf("bridge %q has too long a name", name)
		}
	})
}
