package release

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"

	"vethbridge/internal/cni"
	"vethbridge/internal/netfilter"
	"vethbridge/internal/state"
)

// described is what git describe says of the tree that was built, "v1.2.3" or "v1.2.3-4-g1a2b3c4-dirty". The Makefile sets
// it (-X, go tool link); it is empty in any other build.
var described string

// Name returns "1.2.3" for a tree with just that tag, "development build 1a2b3c4" for others.
func Name() string {
	if number, tagged := strings.CutPrefix(described, "v"); tagged && !strings.Contains(number, "-") {
		return number
	}
	return strings.TrimSuffix("development build "+described, " ")
}

// about is what decides whether two builds go on with what each other made.
type about struct {
	Release string   `json:"release"`
	Go      string   `json:"go"`
	CNI     []string `json:"cni"`
	Schema  int      `json:"stateSchema"`
	Layout  int      `json:"tableLayout"`
}

// Print writes all there is to say about the executable of a name, for people or as JSON.
func Print(out io.Writer, name string, asJSON bool) error {
	a := about{Name(), runtime.Version() + " " + runtime.GOARCH, cni.Versions(), state.SchemaVersion, netfilter.LayoutNumber}
	if asJSON {
		text, err := json.MarshalIndent(a, "", "  ")
		if err == nil {
			_, err = fmt.Fprintf(out, "%s\n", text)
		}
		return err
	}
	_, err := fmt.Fprintf(out, "%s %s\nbuilt with    %s\nCNI           %s\nstate schema  %d\ntable layout  %d\n",
		name, a.Release, a.Go, strings.Join(a.CNI, ", "), a.Schema, a.Layout)
	return err
}
