package cni

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/containernetworking/cni/pkg/types/create"

	"vethbridge/internal/failure"
)

// IPAM calls the IPAM plugin named Type, found in CNI_PATH, with the whole config and the
// environment of this call, as the spec's "Plugin Delegation" says.
//
// The cni module's invoke package does the same, but links net/http and a tracing library
// into every start of the executables, also of those that delegate nothing.
type IPAM struct {
	Type string
}

// Add asks for addresses. When the plugin fails, its DEL is called, as the spec demands,
// and the error of the ADD is returned.
func (p IPAM) Add(ctx context.Context, r Request) (Result, error) {
	result, err := p.add(ctx, &r)
	if err != nil {
		if undo := p.Del(context.WithoutCancel(ctx), r); undo != nil {
			r.Log.WarnContext(ctx, "delegated DEL after a failed ADD", "err", undo)
		}
	}
	return result, err
}

func (p IPAM) add(ctx context.Context, r *Request) (Result, error) {
	out, err := p.call(ctx, verbAdd, r)
	if err != nil {
		return Result{}, err
	}
	wire, err := create.CreateFromBytes(out)
	var result Result
	if err == nil {
		result, err = resultFrom(wire)
	}
	if err != nil {
		return Result{}, failure.To("decode result of IPAM plugin "+p.Type, err)
	}
	return result, nil
}

// Del gives the addresses back.
func (p IPAM) Del(ctx context.Context, r Request) error {
	_, err := p.call(ctx, del, &r)
	return err
}

// Check asks whether the addresses are still held.
func (p IPAM) Check(ctx context.Context, r Request) error {
	_, err := p.call(ctx, check, &r)
	return err
}

// GC passes the valid attachments on.
func (p IPAM) GC(ctx context.Context, r Request) error {
	_, err := p.call(ctx, gc, &r)
	return err
}

// Status asks whether an ADD could succeed.
func (p IPAM) Status(ctx context.Context, r Request) error {
	_, err := p.call(ctx, status, &r)
	return err
}

func (p IPAM) call(ctx context.Context, v verb, r *Request) ([]byte, error) {
	path, err := p.find()
	if err != nil {
		return nil, err
	}
	out, err := execute(ctx, path, r.Config, "CNI_COMMAND="+string(v))
	if err != nil {
		return nil, failure.To("delegate "+string(v)+" to IPAM plugin "+p.Type, err)
	}
	return out, nil
}

// execute calls a plugin, with more variables in its environment than are in this one's.
func execute(ctx context.Context, path string, config []byte, more ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = append(os.Environ(), more...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(config), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, ownError(err, stdout.Bytes(), stderr.String())
	}
	return stdout.Bytes(), nil
}

// ownError prefers the plugin's own error, with its code, to the exit status.
func ownError(err error, stdout []byte, stderr string) error {
	var wire types.Error
	if json.Unmarshal(stdout, &wire) == nil && wire.Code != 0 {
		return &Error{Code: Code(wire.Code), Message: wire.Msg, Details: wire.Details}
	}
	if stderr = strings.TrimSpace(stderr); stderr != "" {
		return errors.New(stderr)
	}
	return err
}

// find looks for the executable in the directories of CNI_PATH. A type that is a path
// would leave them, so it is refused.
func (p IPAM) find() (string, error) {
	if p.Type != filepath.Base(p.Type) || strings.HasPrefix(p.Type, ".") {
		return "", InvalidConfig("ipam.type", p.Type, "must be the name of an executable, not a path")
	}
	for _, dir := range filepath.SplitList(os.Getenv("CNI_PATH")) {
		path := filepath.Join(dir, p.Type)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", InvalidConfig("ipam.type", p.Type, "no such executable in CNI_PATH "+os.Getenv("CNI_PATH"))
}
