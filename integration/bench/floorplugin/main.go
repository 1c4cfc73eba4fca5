package main

import (
	"encoding/json"
	"fmt"
	"net"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/version"

	"vethbridge/integration/bench/kernel"
)

func main() {
	skel.PluginMainFuncs(skel.CNIFuncs{
		Add: func(args *skel.CmdArgs) error { return pluginVerb(args, "attach", "publish") },
		Del: func(args *skel.CmdArgs) error { return pluginVerb(args, "detach", "unpublish") },
	}, version.All, "floorplugin")
}

// pluginConf is a floor plugin's config. The first of a chain attaches, the second publishes.
type pluginConf struct {
	types.PluginConf
	Publishes     bool `json:"publishes"`
	Bridge        int  `json:"bridge"`
	Dual          bool `json:"dual"`
	RuntimeConfig struct {
		PortMappings []struct {
			HostPort int `json:"hostPort"`
		} `json:"portMappings"`
	} `json:"runtimeConfig"`
}

// pluginVerb runs the first verb or, in the plugin that publishes, the second.
func pluginVerb(args *skel.CmdArgs, attaching, publishing string) error {
	var conf pluginConf
	if err := json.Unmarshal(args.StdinData, &conf); err != nil {
		return err
	}
	c := kernel.Call{
		Verb: attaching, Netns: args.Netns,
		On: kernel.Bridge{Number: conf.Bridge, Dual: conf.Dual}, Ports: len(conf.RuntimeConfig.PortMappings),
	}
	if _, err := fmt.Sscanf(args.ContainerID, "container-%d", &c.Number); err != nil {
		return err
	}
	if conf.Publishes {
		c.Verb = publishing
	}
	if c.Ports > 0 {
		c.First = conf.RuntimeConfig.PortMappings[0].HostPort
	}
	if err := c.Run(); err != nil || c.Verb == "detach" || c.Verb == "unpublish" {
		return err
	}
	return types.PrintResult(result(c, args.IfName), conf.CNIVersion)
}

// result names the interface and its addresses, as the next plugin and the runtime want them.
func result(c kernel.Call, ifName string) *current.Result {
	r := &current.Result{Interfaces: []*current.Interface{{Name: ifName, Sandbox: c.Netns}}}
	for _, n := range c.On.Networks(c.Number) {
		r.IPs = append(r.IPs, &current.IPConfig{Interface: current.Int(0), Address: *n.Container, Gateway: n.Gateway.IP})
		r.Routes = append(r.Routes, &types.Route{Dst: net.IPNet{IP: n.Anywhere.IP, Mask: n.Anywhere.Mask}, GW: n.Gateway.IP})
	}
	return r
}
