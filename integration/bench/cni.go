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

func (a cniAttacher) add(id, netns string) error {
	_, err := a.cni.AddNetworkList(context.Background(), a.list, a.conf(id, netns))
	return err
}

func (a cniAttacher) del(id, netns string) error {
	return a.cni.DelNetworkList(context.Background(), a.list, a.conf(id, netns))
}

func (a cniAttacher) conf(id, netns string) *libcni.RuntimeConf {
	return &libcni.RuntimeConf{
		ContainerID: id, NetNS: netns, IfName: "eth0",
		CapabilityArgs: map[string]any{"portMappings": a.scenario.portMappings()},
	}
}
