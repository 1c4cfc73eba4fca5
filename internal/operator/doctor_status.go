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
func refusals(ctx context.Context, s *session) (list []finding, err error) {
	own, err := os.Executable()
	if err != nil {
		return nil, err
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
				list = append(list, refusal(ctx, filepath.Join(filepath.Dir(own), kind.Text), name.Text, p.Raw(text))...)
			}
		}
	}
	return list, nil
}

// refusal calls STATUS, in the version of CNI that has it.
func refusal(ctx context.Context, plugin, network string, raw []byte) []finding {
	config := map[string]any{}
	if json.Unmarshal(raw, &config) != nil {
		return nil
	}
	config["name"], config["cniVersion"] = network, "1.1.0"
	text, err := json.Marshal(config)
	if err != nil {
		return nil
	}
	cmd := exec.CommandContext(ctx, plugin)
	cmd.Env = append(os.Environ(), "CNI_COMMAND=STATUS", "CNI_PATH="+filepath.Dir(plugin))
	cmd.Stdin = strings.NewReader(string(text))
	out, err := cmd.Output()
	var said struct{ Msg, Details string }
	if err == nil || json.Unmarshal(out, &said) != nil || strings.HasPrefix(said.Msg, "validate config") {
		return nil // a plugin that is not there is the runtime's trouble; a wrong value has been named
	}
	return []finding{{problem, fmt.Sprintf("network %s takes no container: %s", network, said.Msg), nil,
		strings.TrimPrefix(said.Details+"; the runtime says the same of the node", "; "), "a-network-takes-no-container"}}
}
