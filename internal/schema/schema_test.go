package schema

import (
	"fmt"
	"strings"
	"testing"
)

func limits(least, most int) *Schema { return &Schema{Type: Integer, Minimum: &least, Maximum: &most} }

var open = true

var set = Set{
	"sub": {Type: Object, Properties: map[string]*Schema{"x": {Type: String}}},
	"top": {Type: Object, Required: []string{"name"}, Properties: map[string]*Schema{
		"name": {Type: String}, "mtu": limits(0, 9000), "mode": {Type: String, Enum: []string{"nat", "routed"}}, "on": {Type: Boolean},
		"list": {Type: Array, Items: &Schema{Type: Array, Items: &Schema{Ref: "sub"}}}, "ratio": {Type: Number},
		"open": {Type: Object, Additional: &open, Properties: map[string]*Schema{"x": {Type: Integer}}},
	}},
}

// TestFindingsHaveTheirPlace writes each text with the places that are meant.
func TestFindingsHaveTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		`{"name": "a", "mtu": 1500, "mode": "nat", "ratio": 1, "on": true}`: "",
		`{"NAME": "a", "Mtu": null, "mode": "", "ratio": 1.5}`:              "",
		`{"name": "a", "open": {"y": 1}}`:                                   "",
		"{\n  \"name\": 7}":                                                 "2:11 name must be a string, not an integer",
		"{\"name\": \"ä\", \"mtu\": 9001}":                                  "1:22 mtu is 9001, and can be 0 to 9000",
		`{"name": "a", "mtu": 1.5}`:                                         "1:22 mtu must be an integer, not a number",
		`{"name": "a", "mtu": 99999999999999999999}`:                        "1:22 mtu is 99999999999999999999, and can be 0 to 9000",
		`{"name": "a", "mode": "ruoted"}`:                                   `1:23 mode is "ruoted", and can be nat, routed; did you mean "routed"?`,
		`{"name": "a", "mdoe": "nat"}`:                                      `1:15 mdoe is an unknown key; did you mean "mode"? (mild)`,
		`{"name": "a", "zebra": 1}`:                                         "1:15 zebra is an unknown key (mild)",
		`{"name": "a", "Name": "b"}`:                                        "1:15 Name is there twice; the last one counts",
		`{}`:                                                                "1:1 name is missing",
		`[]`:                                                                "1:1 the whole must be an object, not an array",
		`{"name": "a", "list": [[{"x": "y"}, {"x": 1}], 7]}`:                "1:43 list[0][1].x must be a string, not an integer\n1:48 list[1] must be an array, not an integer",
		`{"name": "a", "open": {"x": "1"}}`:                                 "1:29 open.x must be an integer, not a string",
	} {
		n, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []string
		for _, f := range set.Check("top", "", n) {
			line, column := Position([]byte(text), f.At)
			words := fmt.Sprintf("%d:%d %s", line, column, f.Message)
			if f.Mild {
				words += " (mild)"
			}
			got = append(got, words)
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("%s:\n%s\nwant\n%s", text, strings.Join(got, "\n"), want)
		}
	}
}

func TestWhatIsNoJSONIsFoundWhereItStops(t *testing.T) {
	for text, want := range map[string]int{`{"a": 1,}`: 8, `{"a" 1}`: 5, `{"a": tru}`: 9, `{"a": 1} x`: 9, `{"a": 1`: 6, ``: 0, `{"a": "b}`: 8, "{\"a\": [1, 2}": 11} {
		_, err := Parse([]byte(text))
		syntax, is := err.(*SyntaxError)
		if !is || syntax.At != want {
			t.Errorf("%s: %T %+v at %+v, want offset %d", text, err, err, syntax, want)
		}
	}
}

func TestAPathLeadsAsFarAsThereIsSomething(t *testing.T) {
	text := []byte(`{"ipam": {"ranges": [[{"subnet": "x"}, {"subnet": "y"}]]}}`)
	n, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"ipam.ranges[0][1].subnet": `"y"`, "ipam.ranges[0][1].gateway": `{"subnet": "y"}`, "IPAM.ranges[0]": `[{"subnet": "x"}, {"subnet": "y"}]`,
		"ipam.ranges[7]": `[[{"subnet": "x"}, {"subnet": "y"}]]`, "vlan": string(text),
	} {
		if got := string(n.Find(path).Raw(text)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestTheNearestWordIsOneThatIsLikeIt(t *testing.T) {
	words := []string{"hairpinMode", "promiscMode", "ipMasq", "mtu", "vlan", "vlanTrunk"}
	for word, want := range map[string]string{"hairpinmod": "hairpinMode", "ipmask": "ipMasq", "mut": "mtu", "mtuu": "mtu", "vlan_trunk": "vlanTrunk", "subnet": ""} {
		if got := Nearest(word, words); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}

// FuzzCheckTakesAnyText: whatever stands in a file, a finding stands inside of it.
func FuzzCheckTakesAnyText(f *testing.F) {
	f.Add([]byte(`{"name": "a", "list": [[{"x": 1}]], "mtu": 1e9}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := Parse(text)
		if syntax, is := err.(*SyntaxError); is {
			if syntax.At < 0 || syntax.At > len(text) {
				t.Errorf("%q: offset %d", text, syntax.At)
			}
			return
		}
		for _, finding := range set.Check("top", "", n) {
			if finding.At < 0 || finding.At >= len(text) {
				t.Errorf("%q: %+v", text, finding)
			}
		}
	})
}
