package integration

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// TestBothExecutablesSayWhichReleaseTheyAre is about a build as make does it from a tag, and one of which nobody said
// what it is.
func TestBothExecutablesSayWhichReleaseTheyAre(t *testing.T) {
	tagged, err := testbed.Build(t.TempDir(), "-ldflags=-X vethbridge/internal/release.described=v1.2.3", "vethbridge/plugins/...")
	if err != nil {
		t.Fatal(err)
	}
	for release, plugins := range map[string]testbed.Plugins{"1.2.3": tagged, "development build": built} {
		for _, name := range []string{"vethbridge", "natport"} {
			say := func(words ...string) string {
				out, err := exec.Command(filepath.Join(string(plugins), name), append([]string{"version"}, words...)...).Output()
				if err != nil {
					t.Fatalf("%s version %v: %v", name, words, err)
				}
				return string(out)
			}
			if text := say(); !strings.HasPrefix(text, name+" "+release+"\n") {
				t.Errorf("%s version: %s", name, text)
			}
			var said struct {
				Release                  string
				CNI                      []string
				StateSchema, TableLayout int
			}
			var spoken struct{ SupportedVersions []string }
			answer := plugins.Do(t, testbed.Call{Plugin: name, Command: "VERSION", Config: "{}"})
			for text, into := range map[string]any{say("--json"): &said, answer.Stdout: &spoken} {
				if err := json.Unmarshal([]byte(text), into); err != nil {
					t.Fatalf("%v: %s", err, text)
				}
			}
			if said.Release != release || said.StateSchema == 0 || said.TableLayout == 0 || !slices.Equal(said.CNI, spoken.SupportedVersions) {
				t.Errorf("%s says %+v, and VERSION %v", name, said, spoken)
			}
		}
	}
	h := newHost(t)
	for replaced, says := range map[string]string{
		"natport": "vethbridge is development build, and natport 1.2.3 stands beside it", "vethbridge": "vethbridge is 1.2.3, and natport development build stands beside it",
	} {
		if out, status := operateBy(t, mixed(t, built, tagged, replaced), h, "doctor", "--config", "/nonexistent"); status != 1 || !strings.Contains(out, says) {
			t.Errorf("%s alone is replaced: the doctor says %s", replaced, out)
		}
	}
}
