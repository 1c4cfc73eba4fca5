package cni

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/types/create"

	"vethbridge/internal/plainjson/plainjsontest"
)

// The JSON of a result is made here, for speed. It is what the cni module would make of it.
func TestResultsAreReadAndWrittenAsByTheCNIModule(t *testing.T) {
	read := 0
	for good, bad := range plainjsontest.Record(wireResult{}).Texts() {
		for _, version := range []string{"1.0.0", "1.1.0", "0.4.0", "0.2.0", "3.0.0"} {
			for _, text := range [][]byte{withVersion(good, version), withVersion(good, "1.1.0"), bad} {
				if sameResult(t, text, version) {
					read++
				}
			}
		}
	}
	if read < 90 {
		t.Errorf("only %d results could be read", read)
	}
}

func sameResult(t *testing.T, text []byte, version string) (read bool) {
	if strings.Contains(string(text), "null") {
		return false // for null in a list the cni module has no value
	}
	ours, ourError := readWire(text, version)
	theirs, theirError := create.Create(version, text)
	if !reflect.DeepEqual(ourError, theirError) {
		t.Fatalf("%s as %s: %v; the cni module says %v", text, version, ourError, theirError)
	}
	if ourError != nil {
		return false
	}
	value, err := resultFrom(ours)
	theirValue, theirError := resultFrom(theirs)
	if !reflect.DeepEqual(value, theirValue) || !reflect.DeepEqual(err, theirError) {
		t.Fatalf("%s as %s is %+v (%v); of the cni module %+v (%v)", text, version, value, err, theirValue, theirError)
	}
	if err == nil && ofItsOwn(version) {
		sameText(t, value.wire(), version)
	}
	return err == nil
}

func sameText(t *testing.T, w *types100.Result, version string) {
	ours, err := wireText(w, version)
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.GetAsVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := json.MarshalIndent(other, "", "    ")
	if err != nil || string(ours) != string(theirs) {
		t.Fatalf("%s; the cni module writes %s (%v)", ours, theirs, err)
	}
}

// A null in a list of a result is no reason to fall over. There may be a route less.
func TestNullInAResultIsRefused(t *testing.T) {
	for _, version := range []string{"0.3.1", "0.4.0", "1.0.0", "1.1.0"} {
		config := func(lists string) string {
			return `{"cniVersion":"` + version + `","name":"n","prevResult":{` + lists + `}}`
		}
		if r, err := call(verbAdd, config(`"routes":[null,{"dst":"10.0.0.0/8"}]`)); err != nil || len(r.Previous.Routes) != 1 {
			t.Errorf("%s: routes %v (%v)", version, r.Previous, err)
		}
		for _, lists := range []string{`"interfaces":[null],"ips":[{"version":"4","address":"10.1.0.2/24","interface":1}]`, `"ips":[null]`} {
			if _, err := call(verbAdd, config(lists)); codeOf(err) != CodeDecode {
				t.Errorf("%s, %s: %v", version, lists, err)
			}
		}
	}
}

func TestANullInTheResultOfAnIPAMPluginIsRefusedNamingIt(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CNI_PATH", dir)
	for _, version := range []string{"0.4.0", "1.1.0"} {
		for _, list := range []string{"ips", "interfaces"} {
			script := "#!/bin/sh\necho '{\"cniVersion\":\"" + version + "\",\"" + list + "\":[null]}'\n"
			if err := os.WriteFile(filepath.Join(dir, "answers"), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			_, err := IPAM{Type: "answers"}.Add(t.Context(), Request{Log: slog.New(slog.DiscardHandler)})
			if err == nil || err.Error() != "decode result of IPAM plugin answers: an entry of interfaces or ips is null" {
				t.Errorf("%s of %s: %v", list, version, err)
			}
		}
	}
}
