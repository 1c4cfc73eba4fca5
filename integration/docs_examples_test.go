package integration

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestExamplesOfTheReferenceAreRight judges each of them as "vethbridge validate" does, and wants one for every key.
func TestExamplesOfTheReferenceAreRight(t *testing.T) {
	text, err := os.ReadFile("../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	var all strings.Builder
	for _, block := range regexp.MustCompile("(?s)\n```json\n(.*?)\n```").FindAllStringSubmatch(page, -1) {
		validateExample(t, block[1])
		all.WriteString(block[1])
	}
	keys := keysOf(page)
	if len(keys) < 60 {
		t.Errorf("only %d keys were found", len(keys))
	}
	for _, key := range keys {
		if !strings.Contains(all.String(), `"`+key+`":`) {
			t.Errorf("no example has the key %s", key)
		}
	}
}

// keysOf lists the keys of configs in the tables of the page, without those that do nothing.
func keysOf(page string) (keys []string) {
	for row := range strings.Lines(page) {
		cells := strings.Split(row, " | ")
		isKey := len(cells) == 5 && strings.HasPrefix(row, "| `") && !strings.Contains(row, "without effect")
		if !isKey {
			continue
		}
		for _, key := range quoted.FindAllStringSubmatch(cells[0], -1) {
			keys = append(keys, key[1][strings.LastIndex(key[1], ".")+1:])
		}
	}
	return keys
}

// validateExample puts a plugin's config into a list, natport behind a plugin that makes an interface.
func validateExample(t *testing.T, example string) {
	t.Helper()
	var config map[string]any
	if err := json.Unmarshal([]byte(example), &config); err != nil {
		t.Fatalf("%v: %s", err, example)
	}
	if config["plugins"] == nil {
		plugins := []any{config}
		if config["type"] == "natport" {
			first := map[string]any{"type": "vethbridge", "ipam": map[string]any{"ranges": []any{[]any{map[string]any{"subnet": "10.88.0.0/16"}}}}}
			plugins = slices.Insert(plugins, 0, any(first))
		}
		config = map[string]any{"cniVersion": "1.0.0", "name": "example", "plugins": plugins}
	}
	list, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "example.conflist")
	if err := os.WriteFile(file, list, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(filepath.Join(string(built), "vethbridge"), "validate", file).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
