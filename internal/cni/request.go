package cni

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containernetworking/cni/pkg/skel"

	"vethbridge/internal/attachment"
	"vethbridge/internal/plainjson"
	"vethbridge/internal/state"
)

type verb string

const (
	verbAdd verb = "ADD"
	del     verb = "DEL"
	check   verb = "CHECK"
	gc      verb = "GC"
	status  verb = "STATUS"
)

// Request is one call by a runtime.
type Request struct {
	// Owner is the attachment; GC and STATUS have only its Network.
	Owner attachment.Owner
	// Netns is the path of the container's network namespace as the runtime gave it. It
	// may be empty or stale in DEL.
	Netns string
	// Args are the pairs of CNI_ARGS.
	Args map[string]string
	// Config is the whole network config as JSON.
	Config json.RawMessage
	// Previous is the prevResult; nil when there is none, and always nil in DEL, GC and STATUS,
	// which must not depend on it.
	Previous *Result
	// Valid are the attachments that GC keeps.
	Valid []attachment.Owner
	// StateDir is the directory of the state file (key "stateDir").
	StateDir string
	// Log writes to where the config says. It is never nil.
	Log *slog.Logger

	version string
	plugin  string
	began   time.Time
	logFile *os.File
}

func newRequest(v verb, args *skel.CmdArgs, c *received) (Request, error) {
	if c.err != nil && !lenient(v, c.err) {
		return Request{}, DecodeError("", c.err)
	}
	conf := &c.keys
	r := Request{
		Owner:   attachment.Owner{Network: conf.Name, ContainerID: args.ContainerID, IfName: args.IfName},
		Netns:   args.Netns,
		Config:  c.text,
		version: conf.CNIVersion,
		plugin:  conf.Type,
		began:   time.Now(),
	}
	if err := r.setStateDir(v, conf); err != nil {
		return Request{}, err
	}
	if v == verbAdd || v == check {
		if err := r.complete(conf, args); err != nil {
			return Request{}, err
		}
	}
	if v == gc {
		valid, err := validAttachments(r.Owner.Network, c.text)
		if err != nil {
			return Request{}, err
		}
		r.Valid = valid
	}
	r.openLog(v, conf)
	return r, nil
}

// setStateDir reads the key that both plugins have and every verb needs. DEL and GC fall
// back to the default for a value that made ADD fail.
func (r *Request) setStateDir(v verb, conf *common) (err error) {
	keys := struct {
		StateDir string `json:"stateDir"`
	}{state.DefaultDir}
	if conf.StateDir != nil && plainjson.Unmarshal(conf.StateDir, &keys.StateDir) != nil {
		err = r.Decode(&keys) // which names the key
	}
	valid := filepath.IsAbs(keys.StateDir)
	r.StateDir = keys.StateDir
	if err == nil && valid {
		return nil
	}
	r.StateDir = state.DefaultDir
	if v == del || v == gc {
		return nil
	}
	if err != nil {
		return err
	}
	return InvalidConfig("stateDir", keys.StateDir, "must be an absolute path")
}

// complete reads what only ADD and CHECK need, and may therefore refuse.
func (r *Request) complete(conf *common, args *skel.CmdArgs) (err error) {
	if err := validateIfName(args.IfName); err != nil {
		return err
	}
	if r.Args, err = parseArgs(args.Args); err != nil {
		return err
	}
	r.Previous, err = conf.previous()
	return err
}

// lenient reports whether an error in the common keys can be lived with. DEL needs only
// the network's name, which skel has seen to already, and must not fail for the rest.
func lenient(v verb, err error) bool {
	var wrongType *json.UnmarshalTypeError
	return v == del && errors.As(err, &wrongType)
}

// Decode decodes the config into a plugin's own keys.
func (r *Request) Decode(into any) error {
	if err := plainjson.Unmarshal(r.Config, into); err != nil {
		return DecodeError("", err)
	}
	return nil
}

// DecodeError is what an error of decoding means in CNI: that of the value of a key, or of a whole config. It says
// which key wants what.
func DecodeError(key string, err error) error {
	e := &Error{Code: CodeDecode, Message: "decode config: " + err.Error(), Cause: err}
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		key = strings.Trim(key+"."+wrongType.Field, ".")
		e.Message = fmt.Sprintf("decode config: key %q must be %s, not %s", key, plainjson.Wanted(wrongType.Type), wrongType.Value)
	}
	return e
}

// LinkNameRule says in words what ValidLinkName wants.
const LinkNameRule = "an interface name has 1 to 15 of [A-Za-z0-9_.-], begins with a letter or digit, and is not lo, all or default"

// validateIfName refuses names that the kernel would read otherwise than they are written
// (dev_alloc_name in net/core/dev.c expands "eth%d") or that are hard to name in a shell.
func validateIfName(name string) error {
	if !ValidLinkName(name) {
		return InvalidEnvironment("CNI_IFNAME", name, LinkNameRule)
	}
	return nil
}

// ValidLinkName reports whether name can be given to a link of ours, as LinkNameRule says.
// "all" and "default" are directories of /proc/sys/net/*/conf, not interfaces.
func ValidLinkName(name string) bool {
	if name == "" || len(name) > 15 || strings.ContainsAny(name[:1], "_.-") {
		return false
	}
	if name == "lo" || name == "all" || name == "default" {
		return false
	}
	return strings.IndexFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_.-", c))
	}) < 0
}

// parseArgs splits CNI_ARGS, "KEY=VALUE;KEY=VALUE" (CNI spec, "Parameters").
func parseArgs(s string) (map[string]string, error) {
	pairs := map[string]string{}
	for pair := range strings.SplitSeq(s, ";") {
		if pair == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, InvalidEnvironment("CNI_ARGS", s, "expected KEY=VALUE pairs separated by semicolons")
		}
		pairs[key] = value
	}
	return pairs, nil
}
