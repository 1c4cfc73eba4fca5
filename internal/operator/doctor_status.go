package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"vethbridge/internal/schema"
)

// refusals asks the plugins of the configs at hand what a runtime asks them: could an ADD succeed
// now? So what a config needs of this kernel, and what stands in its way, is named in their words.
func refusals(ctx context.Context, s *session) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	for _, file := range s.configs() {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		root, err := schema.Parse(text)
		if err != nil {
			continue // configFiles has said so
		}
		plugins, _ := root.Get("plugins")
		name, _ := root.Get("name")
		for _, p := range plugins.Items {
			if kind, _ := p.Get("type"); kind.Text == "vethbridge" || kind.Text == "natport" {
				s.refusal(ctx, filepath.Join(filepath.Dir(own), kind.Text), name.Text, p.Raw(text))
			}
		}
	}
	return nil
}

// refusal calls STATUS, in the version of CNI that has it.
func (s *session) refusal(ctx context.Context, plugin, network string, raw []byte) {
	config := map[string]any{}
	if json.Unmarshal(raw, &config) != nil {
		return
	}
	config["name"], config["cniVersion"] = network, "1.1.0"
	text, err := json.Marshal(config)
	if err != nil {
		return
	}
	cmd := exec.CommandContext(ctx, plugin)
	cmd.Env = append(os.Environ(), "CNI_COMMAND=STATUS", "CNI_PATH="+filepath.Dir(plugin))
	cmd.Stdin = strings.NewReader(string(text))
	out, err := cmd.Output()
	var said struct{ Msg, Details string }
	if err == nil || json.Unmarshal(out, &said) != nil || strings.HasPrefix(said.Msg, "validate config") {
		return // a plugin that is not there is the runtime's trouble; a wrong value has been named
	}
	s.problem("a-network-takes-no-container", fmt.Sprintf("network %s takes no container: %s", network, said.Msg),
		strings.TrimPrefix(said.Details+"; the runtime says the same of the node", "; "))
}
