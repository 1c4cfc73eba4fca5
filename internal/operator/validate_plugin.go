package operator

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

	"vethbridge/internal/schema"
)

// Judge is what a plugin says about its config, decoded as ADD decodes it.
type Judge func(config json.RawMessage) error

// judgePlugin says nothing about plugins of others.
func (s *session) judgePlugin(ctx context.Context, set schema.Set, text []byte, path string, config *schema.Node) ([]schema.Finding, error) {
	kind, _ := config.Get("type")
	if kind.Text != "vethbridge" && kind.Text != "natport" {
		return nil, nil
	}
	if ipam, _ := config.Get("ipam"); delegated(ipam) {
		set = set.With("ipam.json", &schema.Schema{}) // the other plugin's keys
	}
	found := set.Check(kind.Text+".json", path, config)
	if slices.ContainsFunc(found, func(f schema.Finding) bool { return !f.Mild }) {
		return found, nil
	}
	var wrong, unasked error
	if kind.Text == "natport" {
		wrong, unasked = judgeNatport(ctx, config.Raw(text))
	} else {
		wrong = s.judgeVethbridge(config.Raw(text))
	}
	if unasked != nil {
		found = append(found, schema.Finding{At: kind.At, Key: path, Mild: true, Message: fmt.Sprintf("natport could not be asked (%v): only its schema was", unasked)})
	}
	if wrong != nil {
		key := keyOf(wrong.Error())
		found = append(found, schema.Finding{At: config.Find(key).At, Key: strings.TrimPrefix(path+"."+key, "."), Message: wrong.Error()})
	}
	return found, nil
}

func delegated(ipam *schema.Node) bool {
	kind, _ := ipam.Get("type")
	return kind.Text != ""
}

func (s *session) judgeVethbridge(config json.RawMessage) error {
	if s.judgeOwn == nil {
		return nil
	}
	return s.judgeOwn(config)
}

// judgeNatport asks the executable beside this one what is wrong with its config; unasked is why it
// could not.
func judgeNatport(ctx context.Context, config json.RawMessage) (wrong, unasked error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(path), "natport"), "validate")
	cmd.Stdin = bytes.NewReader(config)
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.ExitCode() == exitFindings && len(out) > 0 {
		return fmt.Errorf("%s", bytes.TrimSpace(out)), nil
	}
	return nil, err
}

// keyOf is the key that an error of a config names, in the words of cni.InvalidConfig.
func keyOf(message string) string {
	rest, _ := strings.CutPrefix(message, "validate config: ")
	key, _, _ := strings.Cut(rest, " ")
	return strings.Trim(key, ":")
}

// notOurs is all that there is to say of a text that has nothing of ours in it.
func notOurs(root, plugins *schema.Node) []schema.Finding {
	for _, p := range append(plugins.Items, root) {
		if kind, _ := p.Get("type"); kind.Text == "vethbridge" || kind.Text == "natport" {
			return nil
		}
	}
	return []schema.Finding{{Mild: true, Message: "no plugin of type vethbridge or natport is in it"}}
}

// isNetworkName reports whether runtimes take a name; that there is none is the schema's to say.
func isNetworkName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return strings.Trim(name, letters+"_.-") == "" && strings.TrimLeft(name, "_.-") == name
}

// judgeChain is about what the plugins are to each other.
func judgeChain(plugins []*schema.Node) (found []schema.Finding) {
	var before []string
	for i, p := range plugins {
		kind, _ := p.Get("type")
		add := func(mild bool, message string) {
			found = append(found, schema.Finding{At: kind.At, Key: fmt.Sprintf("plugins[%d]", i), Mild: mild, Message: message})
		}
		capabilities, _ := p.Get("capabilities")
		ports, _ := capabilities.Get("portMappings")
		switch {
		case kind.Text == "natport" && i == 0:
			add(false, "natport needs a plugin before it that makes the interface")
		case kind.Text == "natport" && slices.Contains(before, "portmap"), kind.Text == "portmap" && slices.Contains(before, "natport"):
			add(false, "natport and portmap both publish the ports; keep one of them")
		}
		if kind.Text == "natport" && ports.Text != "true" {
			add(true, "without \"capabilities\": {\"portMappings\": true} no runtime tells natport which ports to publish")
		}
		if kind.Text == "tuning" && slices.ContainsFunc(plugins[:i], func(made *schema.Node) bool { return cutsOff(p, made) }) {
			add(true, `tuning gives another MAC address, and the spoof guard drops all that comes from it: let vethbridge give it, by "capabilities": {"mac": true} or "args": {"cni": {"mac": "…"}}`)
		}
		before = append(before, kind.Text)
	}
	return found
}

// cutsOff reports whether a tuning plugin gives the interface that vethbridge made a MAC address that vethbridge is
// not told of, and so guards against.
func cutsOff(tuning, made *schema.Node) bool {
	kind, _ := made.Get("type")
	guard, _ := made.Get("spoofGuard")
	_, fixed := tuning.Get("mac")
	return kind.Text == "vethbridge" && guard.Text != "false" && (fixed || asksMAC(tuning) && !asksMAC(made))
}

// asksMAC reports whether a plugin has the capability "mac".
func asksMAC(plugin *schema.Node) bool {
	capabilities, _ := plugin.Get("capabilities")
	mac, _ := capabilities.Get("mac")
	return mac.Text == "true"
}
