package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/invoke"
	"github.com/containernetworking/cni/pkg/types"
)

// callLimit ends a call that takes far too long.
const callLimit = 2 * time.Minute

// cniAttacher attaches as a container runtime does: through libcni.
type cniAttacher struct {
	cni      *libcni.CNIConfig
	of       chain
	scenario scenario
	dir      string
}

func newCNI(plugins string, of chain, s scenario, dir string) cniAttacher {
	return newCNIBy(nil, plugins, of, s, dir)
}

// newCNIBy has the plugins started by exec, or as libcni does if that is nil.
func newCNIBy(exec invoke.Exec, plugins string, of chain, s scenario, dir string) cniAttacher {
	cache := filepath.Join(dir, "cache")
	return cniAttacher{libcni.NewCNIConfigWithCacheDir([]string{plugins}, cache, exec), of, s, dir}
}

func (a cniAttacher) add(c container) error {
	return a.call(c, func(ctx context.Context, list *libcni.NetworkConfigList) error {
		_, err := a.cni.AddNetworkList(ctx, list, a.conf(c))
		return err
	})
}

func (a cniAttacher) del(c container) error {
	return a.call(c, func(ctx context.Context, list *libcni.NetworkConfigList) error {
		return a.cni.DelNetworkList(ctx, list, a.conf(c))
	})
}

func (a cniAttacher) check(c container) error {
	return a.call(c, func(ctx context.Context, list *libcni.NetworkConfigList) error {
		return a.cni.CheckNetworkList(ctx, list, a.conf(c))
	})
}

func (a cniAttacher) status(c container) error {
	return a.call(c, func(ctx context.Context, list *libcni.NetworkConfigList) error {
		return a.cni.GetStatusNetworkList(ctx, list)
	})
}

// start has each plugin of the chain tell its versions.
func (a cniAttacher) start(c container) error {
	return a.call(c, func(ctx context.Context, list *libcni.NetworkConfigList) error {
		for _, p := range list.Plugins {
			if _, err := a.cni.GetVersionInfo(ctx, p.Network.Type); err != nil {
				return err
			}
		}
		return nil
	})
}

// gc keeps containers 1 to others.
func (a cniAttacher) gc(c container) error {
	valid := []types.GCAttachment{}
	for n := range a.scenario.Others {
		valid = append(valid, types.GCAttachment{ContainerID: container{number: n + 1}.id(), IfName: "eth0"})
	}
	return a.call(c, func(ctx context.Context, list *libcni.NetworkConfigList) error {
		return a.cni.GCNetworkList(ctx, list, &libcni.GCArgs{ValidAttachments: valid})
	})
}

func (a cniAttacher) call(c container, fn func(context.Context, *libcni.NetworkConfigList) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	list, err := libcni.ConfListFromBytes(a.of.conflist(a.scenario, a.scenario.bridge(c), a.dir))
	if err != nil {
		return err
	}
	return fn(ctx, list)
}

func (a cniAttacher) conf(c container) *libcni.RuntimeConf {
	return &libcni.RuntimeConf{
		ContainerID: c.id(), NetNS: c.netns, IfName: "eth0",
		CapabilityArgs: map[string]any{"portMappings": a.scenario.portMappings(c)},
	}
}
