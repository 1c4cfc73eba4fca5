package cni

import (
	"errors"
	"testing"
)

func TestACallWithoutWhatItsVerbNeedsIsRefused(t *testing.T) {
	complete := map[string]string{"CNI_CONTAINERID": "web", "CNI_NETNS": "/run/netns/web", "CNI_IFNAME": "eth0", "CNI_PATH": "/opt/cni/bin"}
	for _, v := range []verb{verbAdd, del, check, gc, status} {
		for without := range complete {
			for name, value := range complete {
				t.Setenv(name, value)
			}
			if a := (arguments{ContainerID: "web", IfName: "eth0"}); v.judgeEnvironment(a) != nil {
				t.Errorf("%s: a complete environment is refused: %v", v, v.judgeEnvironment(a))
			}
			t.Setenv(without, "")
			needed := without == "CNI_PATH" || v == verbAdd || v == check || v == del && without != "CNI_NETNS"
			err := v.judgeEnvironment(arguments{ContainerID: "web", IfName: "eth0"})
			if want := "accept call: required env variables [" + without + "] missing"; (err != nil) != needed || err != nil && err.Error() != want {
				t.Errorf("%s without %s: %v", v, without, err)
			}
		}
	}
}

func TestImpossibleNamesAreRefused(t *testing.T) {
	t.Setenv("CNI_PATH", "/opt/cni/bin")
	for _, name := range []string{"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"} {
		t.Setenv(name, "set")
	}
	for _, a := range []arguments{
		{ContainerID: "../web", IfName: "eth0"}, {ContainerID: "-web", IfName: "eth0"}, {ContainerID: "web\n", IfName: "eth0"},
		{ContainerID: "web", IfName: "sixteen-letters-"}, {ContainerID: "web", IfName: "a/b"}, {ContainerID: "web", IfName: "a b"},
		{ContainerID: "web", IfName: "a:b"}, {ContainerID: "web", IfName: ".."},
	} {
		for _, v := range []verb{verbAdd, del, check} {
			if v.judgeEnvironment(a) == nil {
				t.Errorf("%s of %+v is accepted", v, a)
			}
		}
	}
}

func TestAVersionThatDoesNotHaveTheVerbIsRefused(t *testing.T) {
	for _, row := range []struct {
		v      verb
		config string
		code   Code
	}{
		{verbAdd, `{"name": "demo"}`, 0}, {del, `{"name": "demo", "cniVersion": "0.2.0"}`, 0}, {check, `{"name": "demo", "cniVersion": "0.4.0"}`, 0},
		{gc, `{"name": "demo", "cniVersion": "1.1.0"}`, 0}, {status, `{"name": "demo", "cniVersion": "1.1.0"}`, 0},
		{check, `{"name": "demo", "cniVersion": "0.3.1"}`, CodeVersion}, {check, `{"name": "demo"}`, CodeVersion},
		{gc, `{"name": "demo", "cniVersion": "1.0.0"}`, CodeVersion}, {status, `{"name": "demo", "cniVersion": "1.0.0"}`, CodeVersion},
		{verbAdd, `{"name": "demo", "cniVersion": "1.0.5"}`, CodeVersion}, {verbAdd, `{"name": "demo", "cniVersion": "9.0.0"}`, CodeVersion},
		{verbAdd, `{"name": "demo", "cniVersion": "one"}`, CodeDecode}, {verbAdd, `{"name": "demo", "cniVersion": 1}`, CodeDecode},
		{del, `{"cniVersion": "1.0.0"}`, CodeConfig}, {del, `{"name": "a/b"}`, CodeConfig}, {del, `{"name": "a"`, CodeDecode},
	} {
		var e *Error
		err := row.v.judgeConfig([]byte(row.config))
		if errors.As(err, &e); row.code == 0 && err != nil || row.code != 0 && (e == nil || e.Code != row.code) {
			t.Errorf("%s of %s: %v, want code %d", row.v, row.config, err, row.code)
		}
	}
}
