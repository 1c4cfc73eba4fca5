package cni

import (
	"context"
	"encoding/json"
	"path/filepath"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/utils"
)

// Call is a call that comes by another door of the executable than that of CNI.
type Call struct {
	Network, ContainerID, IfName string
	Netns                        string          // path of the network namespace; DEL needs none
	Config                       json.RawMessage // the whole network config
}

// Attach serves an ADD, with the log and the errors that a runtime's would get. Nothing is printed.
func (c Call) Attach(ctx context.Context, p Plugin) (result Result, err error) {
	err = c.serve(ctx, verbAdd, func(ctx context.Context, r Request) (err error) {
		result, err = p.Add(ctx, r)
		return err
	})
	return result, err
}

// Detach serves a DEL.
func (c Call) Detach(ctx context.Context, p Plugin) error { return c.serve(ctx, del, p.Del) }

// serve wants of names what the spec wants.
func (c Call) serve(ctx context.Context, v verb, do func(context.Context, Request) error) error {
	err := utils.ValidateContainerID(c.ContainerID)
	if err == nil {
		err = utils.ValidateNetworkName(c.Network)
	}
	if err != nil {
		return err
	}
	return handle(ctx, v, &skel.CmdArgs{ContainerID: c.ContainerID, Netns: c.Netns, IfName: c.IfName}, receive(c.Config), do)
}

// Execute has another plugin serve the call, of which it has no result.
func (c Call) Execute(ctx context.Context, verb, path string) error {
	_, err := execute(ctx, path, c.Config, "CNI_COMMAND="+verb, "CNI_CONTAINERID="+c.ContainerID, "CNI_NETNS="+c.Netns,
		"CNI_IFNAME="+c.IfName, "CNI_PATH="+filepath.Dir(path))
	return err
}

// MarshalJSON writes the result as CNI has it, in the latest version.
func (r Result) MarshalJSON() ([]byte, error) { return json.Marshal(r.wire()) }
