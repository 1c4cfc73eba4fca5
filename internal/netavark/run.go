package netavark

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// maxInput is far more than podman ever sends.
const maxInput = 16 << 20

// Is reports whether a command is one of netavark's.
func Is(command string) bool {
	switch command {
	case "create", "setup", "teardown", "info":
		return true
	}
	return false
}

// Run serves one call: a verb and, for a container, the path of its network namespace. It returns
// the exit status. An error is the API's own JSON on stdout, which podman shows.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) int {
	answer, err := serve(ctx, args, io.LimitReader(stdin, maxInput))
	status := 0
	if err != nil {
		answer, status = map[string]string{"error": err.Error()}, 1
	}
	if answer != nil && json.NewEncoder(stdout).Encode(answer) != nil {
		return 1
	}
	return status
}

func serve(ctx context.Context, args []string, stdin io.Reader) (any, error) {
	switch verb := args[0]; {
	case verb == "info":
		return map[string]string{"version": version(), "api_version": "1.0.0"}, nil
	case verb == "create":
		return create(ctx, stdin)
	case len(args) != 2:
		return nil, fmt.Errorf("%s: want the path of a network namespace", verb)
	case verb == "setup":
		return setup(ctx, args[1], stdin)
	}
	return nil, teardown(ctx, args[1], stdin)
}

// version is that of the module, as far as the build knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// create judges a network and completes it; what podman sends beyond what is known here goes
// back as it came.
func create(ctx context.Context, stdin io.Reader) (any, error) {
	var raw map[string]json.RawMessage
	if err := json.NewDecoder(stdin).Decode(&raw); err != nil {
		return nil, fmt.Errorf("decode network: %w", err)
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	var n Network
	if err := json.Unmarshal(text, &n); err != nil {
		return nil, fmt.Errorf("decode network: %w", err)
	}
	vethbridge, natport, err := n.chain()
	if err != nil {
		return nil, err
	}
	c, err := newCaller()
	if err != nil {
		return nil, err
	}
	if err := c.judge(ctx, []config{vethbridge, natport}); err != nil {
		return nil, err
	}
	if raw["network_interface"], err = json.Marshal(n.bridge()); err != nil {
		return nil, err
	}
	raw["dns_enabled"] = json.RawMessage("false") // nobody would answer
	return raw, nil
}

func setup(ctx context.Context, netns string, stdin io.Reader) (any, error) {
	j, err := newJob(netns, stdin)
	if err := errors.Join(err, j.wrong); err != nil {
		return nil, err
	}
	result, err := j.add(ctx, j.chain)
	if err != nil {
		return nil, err
	}
	return statusOf(result, j.ifName)
}

// teardown is served whatever is wrong with the network: it may be of another release.
func teardown(ctx context.Context, netns string, stdin io.Reader) error {
	j, err := newJob(netns, stdin)
	if err != nil {
		return err
	}
	return j.del(ctx, j.chain)
}

// job is to let one container join a network, or leave it.
type job struct {
	caller
	chain []config
	wrong error // what is wrong with the network, if anything
}

func newJob(netns string, stdin io.Reader) (job, error) {
	var a Attachment
	if err := json.NewDecoder(stdin).Decode(&a); err != nil {
		return job{}, fmt.Errorf("decode container: %w", err)
	}
	c, err := newCaller()
	if err != nil {
		return job{}, err
	}
	c.container, c.ifName, c.netns = a.ContainerID, a.Container.Interface, netns
	vethbridge, natport, wrong := a.Network.chain()
	runtime := a.runtime()
	vethbridge["runtimeConfig"], natport["runtimeConfig"] = runtime, runtime
	return job{caller: c, chain: []config{vethbridge, natport}, wrong: wrong}, nil
}
