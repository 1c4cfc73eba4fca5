package cni

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/containernetworking/cni/pkg/types"

	"vethbridge/internal/plainjson"
)

// common are the keys that both plugins have, read in one pass. Those whose type a verb may get
// along without are left as they are.
type common struct {
	types.PluginConf
	PrevResult json.RawMessage `json:"prevResult"`
	StateDir   json.RawMessage `json:"stateDir"`
	LogFile    json.RawMessage `json:"logFile"`
	LogLevel   json.RawMessage `json:"logLevel"`
}

// received is a config as it came, with its common keys.
type received struct {
	text []byte
	keys common
	err  error // of reading the keys
}

func receive(text []byte) *received {
	c := &received{text: text}
	c.err = plainjson.Unmarshal(text, &c.keys)
	return c
}

// text returns the text that a key holds; one that is missing or no text is an empty one.
func text(raw json.RawMessage) (s string) {
	if raw != nil {
		_ = plainjson.Unmarshal(raw, &s)
	}
	return s
}

// previous reads the prevResult; nil if there is none.
func (c common) previous() (*Result, error) {
	raw := bytes.TrimSpace(c.PrevResult)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] != '{' {
		return nil, &Error{Code: CodeDecode, Message: "decode config: key \"prevResult\" holds no object"}
	}
	parsed, err := readWire(withVersion(raw, c.CNIVersion), c.CNIVersion)
	if err != nil {
		return nil, &Error{Code: CodeDecode, Message: "decode prevResult: could not parse prevResult: " + err.Error(), Cause: err}
	}
	result, err := resultFrom(parsed)
	if err != nil {
		return nil, &Error{Code: CodeDecode, Message: "decode prevResult: " + err.Error(), Cause: err}
	}
	// Only one that names its version can be handed on as it is.
	if bytes.Contains(raw, []byte(`"cniVersion":`+strconv.Quote(c.CNIVersion))) {
		result.received = raw
	}
	return &result, nil
}

// withVersion lets the version of the config stand for one that is missing: results before
// 1.0.0 need none. A later key of an object is the one that counts.
func withVersion(object []byte, version string) []byte {
	inner := bytes.TrimSpace(object[1:])
	head := `{"CNIVersion":` + strconv.Quote(version)
	if inner[0] != '}' {
		head += ","
	}
	return append([]byte(head), inner...)
}
