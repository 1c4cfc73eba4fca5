package netavark

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"vethbridge/internal/cni"
)

// Driver is what serves networks: this executable as a plugin, and how it judges a config.
type Driver struct {
	Plugin cni.Plugin
	Judge  func(json.RawMessage) error
}

// add lets the container join. natport, the only process that is started, comes where ports are
// published. If it fails, all is taken back.
func (j *job) add(ctx context.Context, d Driver) (cni.Result, error) {
	call, err := j.call(j.vethbridge)
	if err != nil {
		return cni.Result{}, err
	}
	result, err := call.Attach(ctx, d.Plugin)
	if err != nil || !j.publishes {
		return result, told(vethbridge, err)
	}
	j.natport["prevResult"] = result
	if err := j.execute(ctx, "ADD"); err != nil {
		return result, errors.Join(told(natport, err), j.del(ctx, d))
	}
	return result, nil
}

// del lets the container leave. The plugin releases by owner, and so what natport did too.
func (j *job) del(ctx context.Context, d Driver) error {
	call, err := j.call(j.vethbridge)
	if err != nil {
		return err
	}
	return told(vethbridge, call.Detach(context.WithoutCancel(ctx), d.Plugin))
}

// judge has each plugin judge its config. What else keeps it from working now is of no matter:
// a network may be created before its host is ready, and podman without root creates it outside
// of the namespace that it will be in.
func (j *job) judge(ctx context.Context, d Driver) error {
	call, err := j.call(j.vethbridge)
	if err != nil {
		return err
	}
	wrong := j.execute(ctx, "STATUS")
	if wrong != nil && cni.Explain(wrong).Code == cni.CodeNotAvailable {
		wrong = nil
	}
	return errors.Join(told(vethbridge, d.Judge(call.Config)), told(natport, wrong))
}

// execute calls natport, which stands beside this executable, wherever podman's link to it is.
func (j *job) execute(ctx context.Context, verb string) error {
	call, err := j.call(j.natport)
	if err != nil {
		return err
	}
	path, err := os.Executable()
	if err != nil {
		return err
	}
	return call.Execute(ctx, verb, filepath.Join(filepath.Dir(path), natport))
}

func (j *job) call(c config) (cni.Call, error) {
	text, err := json.Marshal(c)
	return cni.Call{Network: j.network, ContainerID: j.container, IfName: j.ifName, Netns: j.netns, Config: text}, err
}

// told makes one text of what a plugin says, as podman shows nothing else.
func told(plugin string, err error) error {
	if err == nil {
		return nil
	}
	e := cni.Explain(err)
	text := plugin + ": " + e.Message
	if e.Details != "" {
		text += " (" + e.Details + ")"
	}
	return errors.New(text)
}
