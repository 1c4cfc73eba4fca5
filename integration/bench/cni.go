package main

import (
	"context"
	"path/filepath"

	"github.com/containernetworking/cni/libcni"
)

// cniAttacher attaches as a container runtime does: through libcni.
type cniAttacher struct {
	cni      *libcni.CNIConfig
	list     *libcni.NetworkConfigList
	scenario scenario
}

func newCNI(plugins string, list []byte, s scenario, dir string) (attacher, error) {
	parsed, err := libcni.ConfListFromBytes(list)
	if err != nil {
		return nil, err
	}
	cache := filepath.Join(dir, "cache")
	return cniAttacher{libcni.NewCNIConfigWithCacheDir([]string{plugins}, cache, nil), parsed, s}, nil
}

func (a cniAttacher) add(c container) error {
	_, err := a.cni.AddNetworkList(context.Background(), a.list, a.conf(c))
	return err
}

func (a cniAttacher) del(c container) error {
	return a.cni.DelNetworkList(context.Background(), a.list, a.conf(c))
}

func (a cniAttacher) conf(c container) *libcni.RuntimeConf {
	return &libcni.RuntimeConf{
		ContainerID: c.id(), NetNS: c.netns, IfName: "eth0",
		CapabilityArgs: map[string]any{"portMappings": a.scenario.portMappings(c)},
	}
}
