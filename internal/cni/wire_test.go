package cni

import (
	"encoding/json"
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
	if r, err := call(verbAdd, `{"cniVersion":"1.1.0","name":"n","prevResult":{"routes":[null,{"dst":"10.0.0.0/8"}]}}`); err != nil || len(r.Previous.Routes) != 1 {
		t.Errorf("routes %v (%v)", r.Previous, err)
	}
	for _, list := range []string{`"interfaces":[null],"ips":[{"address":"10.1.0.2/24","interface":1}]`, `"ips":[null]`} {
		_, err := call(verbAdd, `{"cniVersion":"1.1.0","name":"n","prevResult":{`+list+`}}`)
		if codeOf(err) != CodeDecode {
			t.Errorf("%s: %v", list, err)
		}
	}
}
