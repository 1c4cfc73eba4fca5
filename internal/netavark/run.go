package netavark

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"vethbridge/internal/cni"
	"vethbridge/internal/failure"
	"vethbridge/internal/release"
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
func Run(d Driver, args []string, stdin io.Reader, stdout io.Writer) int {
	cni.Begin()
	err := serve(context.Background(), d, args, io.LimitReader(stdin, maxInput), json.NewEncoder(stdout))
	if err == nil {
		return 0
	}
	_ = json.NewEncoder(stdout).Encode(map[string]string{"error": err.Error()}) // nobody listens if it fails
	return 1
}

func serve(ctx context.Context, d Driver, args []string, stdin io.Reader, answer *json.Encoder) error {
	switch verb := args[0]; {
	case verb == "info":
		return answer.Encode(map[string]string{"version": release.Name(), "api_version": "1.0.0"})
	case verb == "create":
		network, err := create(ctx, d, stdin)
		if err != nil {
			return err
		}
		return answer.Encode(network)
	case len(args) != 2:
		return fmt.Errorf("%s: want the path of a network namespace", verb)
	case verb == "setup":
		return setup(d, args[1], stdin, answer)
	}
	return teardown(ctx, d, args[1], stdin)
}

// create judges a network and completes it; what podman sends beyond what is known here goes
// back as it came.
func create(ctx context.Context, d Driver, stdin io.Reader) (map[string]json.RawMessage, error) {
	var raw map[string]json.RawMessage
	if err := json.NewDecoder(stdin).Decode(&raw); err != nil {
		return nil, failure.To("decode network", err)
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	var n Network
	if err := json.Unmarshal(text, &n); err != nil {
		return nil, failure.To("decode network", err)
	}
	own, ports, err := n.chain()
	if err != nil {
		return nil, err
	}
	if err := (&job{network: n.Name, vethbridge: own, natport: ports}).judge(ctx, d); err != nil {
		return nil, err
	}
	if raw["network_interface"], err = json.Marshal(n.bridge()); err != nil {
		return nil, err
	}
	raw["dns_enabled"] = json.RawMessage("false") // nobody would answer
	return raw, nil
}

// setup takes back an attachment that podman never hears of.
func setup(d Driver, netns string, stdin io.Reader, answer *json.Encoder) error {
	cni.OneByOne()
	interruptible := cni.Interruptible()
	j, err := newJob(netns, stdin)
	if err == nil {
		err = j.wrong
	}
	if err != nil {
		return err
	}
	ctx := interruptible()
	result, err := j.add(ctx, d)
	if err != nil {
		return err
	}
	if err := answer.Encode(statusOf(&result, j.ifName)); err != nil {
		return errors.Join(failure.To("write answer", err), j.del(ctx, d))
	}
	return nil
}

// teardown is served whatever is wrong with the network: it may be of another release.
func teardown(ctx context.Context, d Driver, netns string, stdin io.Reader) error {
	j, err := newJob(netns, stdin)
	if err != nil {
		return err
	}
	return j.del(ctx, d)
}

// job is to let one container join a network, or leave it.
type job struct {
	network, container, ifName, netns string

	vethbridge, natport config
	publishes           bool  // ports, so that natport is needed
	wrong               error // what is wrong with the network, if anything
}

func newJob(netns string, stdin io.Reader) (*job, error) {
	var a Attachment
	if err := json.NewDecoder(stdin).Decode(&a); err != nil {
		return nil, failure.To("decode container", err)
	}
	j := &job{network: a.Network.Name, container: a.ContainerID, ifName: a.Container.Interface, netns: netns, publishes: len(a.Ports) > 0}
	j.vethbridge, j.natport, j.wrong = a.Network.chain()
	runtime := a.runtime()
	j.vethbridge["runtimeConfig"], j.natport["runtimeConfig"] = runtime, runtime
	return j, nil
}
