package cni

import (
	"errors"
	"slices"
	"testing"

	"github.com/containernetworking/cni/pkg/skel"

	"vethbridge/internal/attachment"
)

func call(v verb, config string) (Request, error) {
	return newRequest(v, &skel.CmdArgs{ContainerID: "web", IfName: "eth0", Netns: "/run/netns/web"}, receive([]byte(config)))
}

func codeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func TestInterfaceNamesThatTheKernelWouldReadOtherwiseAreRefused(t *testing.T) {
	for _, name := range []string{"", "eth%d", "lo", "all", "default", "-eth0", ".", "..", "a/b", "eth 0", "sixteen-bytes-xx", "ethé"} {
		if ValidLinkName(name) {
			t.Errorf("%q is accepted", name)
		}
	}
	for _, name := range []string{"eth0", "a", "fifteen-bytes-x", "br_0.1"} {
		if !ValidLinkName(name) {
			t.Errorf("%q is refused", name)
		}
	}
}

func TestDelSurvivesWhatMakesAddFail(t *testing.T) {
	for _, config := range []string{
		`{"cniVersion":"1.0.0","name":"n","prevResult":"garbage"}`,
		`{"cniVersion":"1.0.0","name":"n","prevResult":{"cniVersion":"1.0.0","ips":[{"address":"x"}]}}`,
		`{"cniVersion":"1.0.0","name":"n","dns":7,"stateDir":8}`,
		`{"cniVersion":"1.0.0","name":"n","stateDir":"relative"}`,
	} {
		if _, err := call(verbAdd, config); err == nil {
			t.Errorf("ADD takes %s", config)
		}
		r, err := call(del, config)
		if err != nil || r.Owner != (attachment.Owner{Network: "n", ContainerID: "web", IfName: "eth0"}) {
			t.Errorf("DEL of %s: %v, %v", config, r.Owner, err)
		}
	}
}

func TestAPreviousResultWithAnImpossibleInterfaceIsRefused(t *testing.T) {
	_, err := call(verbAdd, `{"cniVersion":"1.0.0","name":"n","prevResult":{"cniVersion":"1.0.0","ips":[{"address":"10.1.0.2/24","interface":3}]}}`)
	if codeOf(err) != CodeDecode {
		t.Errorf("error %v", err)
	}
}

func TestAMissingListOfValidAttachmentsIsAnErrorAndANullOneIsEmpty(t *testing.T) {
	for config, want := range map[string]int{
		`{"name":"n"}`: -1,
		`{"name":"n","cni.dev/valid-attachments":null}`:                                                             0,
		`{"name":"n","cni.dev/attachments":[]}`:                                                                     0,
		`{"name":"n","cni.dev/valid-attachments":[{"containerID":"a"}]}`:                                            -1,
		`{"name":"n","cni.dev/valid-attachments":[{"containerID":"a","ifname":"eth0"},{}]}`:                         -1,
		`{"name":"n","cni.dev/attachments":[{"containerID":"a","ifname":"eth0"}],"cni.dev/valid-attachments":null}`: 1,
	} {
		r, err := call(gc, config)
		if (want < 0) != (err != nil) || want >= 0 && len(r.Valid) != want {
			t.Errorf("GC with %s: valid %v, %v", config, r.Valid, err)
		}
	}
}

func TestCapabilityKeysAreReadInAnyLetterCase(t *testing.T) {
	r, err := call(verbAdd, `{"cniVersion":"1.0.0","name":"n","runtimeConfig":{"PortMappings":[{"HostPort":8080,"ContainerPort":80,"Protocol":"TCP"}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		RuntimeConfig struct {
			PortMappings []struct {
				HostPort int    `json:"hostPort"`
				Protocol string `json:"protocol"`
			} `json:"portMappings"`
		} `json:"runtimeConfig"`
	}
	if err := r.Decode(&config); err != nil || len(config.RuntimeConfig.PortMappings) != 1 || config.RuntimeConfig.PortMappings[0].HostPort != 8080 {
		t.Errorf("decoded %+v, %v", config, err)
	}
}

func TestArgsArePairs(t *testing.T) {
	args, err := parseArgs("IgnoreUnknown=1;IP=10.1.0.5;MAC=0a:58:0a:01:00:05")
	if err != nil || args["IP"] != "10.1.0.5" || len(args) != 3 {
		t.Errorf("args %v, %v", args, err)
	}
	if _, err := parseArgs("nonsense"); codeOf(err) != CodeEnvironment {
		t.Errorf("error %v", err)
	}
}

func TestResultsSurviveTheWire(t *testing.T) {
	const config = `{"cniVersion":"1.1.0","name":"n","prevResult":{"cniVersion":"1.1.0",
		"interfaces":[{"name":"br0","mac":"02:00:00:00:00:01","mtu":1500},{"name":"eth0","sandbox":"/run/netns/web"}],
		"ips":[{"address":"10.1.0.2/24","gateway":"10.1.0.1","interface":1},{"address":"2001:db8::2/64","interface":1}],
		"routes":[{"dst":"0.0.0.0/0","gw":"10.1.0.1","mtu":1400,"table":100,"scope":0}],"dns":{"nameservers":["10.1.0.1"]}}}`
	r, err := call(verbAdd, config)
	if err != nil {
		t.Fatal(err)
	}
	again, err := resultFrom(r.Previous.wire())
	if err != nil {
		t.Fatal(err)
	}
	if got := again.AddressesIn("/run/netns/web"); len(got) != 2 || got[0].String() != "10.1.0.2/24" {
		t.Errorf("addresses %v", got)
	}
	if len(again.Routes) != 1 || again.Routes[0].MTU != 1400 || *again.Routes[0].Table != 100 || *again.Routes[0].Scope != 0 {
		t.Errorf("routes %+v", again.Routes)
	}
	if again.Interfaces[0].MTU != 1500 || !slices.Equal(again.DNS.Nameservers, []string{"10.1.0.1"}) {
		t.Errorf("result %+v", again)
	}
	if again.Interfaces[1].MAC != nil {
		t.Errorf("an interface without a MAC got %v", again.Interfaces[1].MAC)
	}
}
