package netavark

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// caller calls CNI plugins of a directory for one container, or for none.
type caller struct {
	dir       string
	container string
	ifName    string
	netns     string
}

// newCaller finds the plugins beside this executable, wherever podman's link to it stands.
func newCaller() (caller, error) {
	path, err := os.Executable()
	return caller{dir: filepath.Dir(path)}, err
}

// add calls ADD down the chain. If a plugin fails, what those before it made is taken back.
func (c caller) add(ctx context.Context, chain []config) (json.RawMessage, error) {
	var previous json.RawMessage
	for i, conf := range chain {
		if previous != nil {
			conf["prevResult"] = previous
		}
		out, err := c.call(ctx, "ADD", conf)
		if err != nil {
			return nil, errors.Join(err, c.del(context.WithoutCancel(ctx), chain[:i+1]))
		}
		previous = out
	}
	return previous, nil
}

// del calls DEL up the chain, all of it whatever fails.
func (c caller) del(ctx context.Context, chain []config) error {
	var failed []error
	for i := len(chain) - 1; i >= 0; i-- {
		delete(chain[i], "prevResult")
		_, err := c.call(ctx, "DEL", chain[i])
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// judge has each plugin judge its config. What else keeps it from working now is of no matter:
// a network may be created before its host is ready, and podman without root creates it outside
// of the namespace that it will be in.
func (c caller) judge(ctx context.Context, chain []config) error {
	var wrong []error
	for _, conf := range chain {
		_, err := c.call(ctx, "STATUS", conf)
		var said refusal
		if err != nil && (!errors.As(err, &said) || said.ofConfig()) {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

func (c caller) call(ctx context.Context, verb string, conf config) (json.RawMessage, error) {
	stdin, err := json.Marshal(conf)
	if err != nil {
		return nil, err
	}
	plugin, _ := conf["type"].(string)
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(c.dir, plugin))
	cmd.Env = append(os.Environ(), "CNI_COMMAND="+verb, "CNI_CONTAINERID="+c.container, "CNI_NETNS="+c.netns,
		"CNI_IFNAME="+c.ifName, "CNI_PATH="+c.dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, failure(plugin, err, stdout.Bytes(), stderr.String())
	}
	return stdout.Bytes(), nil
}

// refusal is what a plugin says of its failure.
type refusal struct {
	Code         uint
	Msg, Details string
}

func (r refusal) Error() string {
	if r.Details == "" {
		return r.Msg
	}
	return r.Msg + " (" + r.Details + ")"
}

// ofConfig reports whether the config is to blame, by the error codes of the CNI specification:
// incompatible version, unsupported field, what can't be decoded, invalid config.
func (r refusal) ofConfig() bool { return slices.Contains([]uint{1, 2, 6, 7}, r.Code) }

// failure prefers the plugin's own words to the exit status.
func failure(plugin string, err error, stdout []byte, stderr string) error {
	var said refusal
	if json.Unmarshal(stdout, &said) == nil && said.Msg != "" {
		return fmt.Errorf("%s: %w", plugin, said)
	}
	if stderr = strings.TrimSpace(stderr); stderr != "" {
		return fmt.Errorf("%s: %w: %s", plugin, err, stderr)
	}
	return fmt.Errorf("run %s: %w", plugin, err)
}
