package firewalld

import (
	"bytes"
	"testing"
)

// FuzzAnswer shows that whatever the bus sends is an answer or an error.
func FuzzAnswer(f *testing.F) {
	f.Add(message{path: path, iface: zones, member: "getZoneOfInterface", destination: service, arguments: []string{"cni0"}}.encode(1))
	f.Add(append([]byte{'B', 3, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0, 15}, "\x04\x01s\x00\x00\x00\x00\x03a.b\x00\x00\x00\x00\x00"...))
	f.Add([]byte("l\x02\x01\x01\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := readAnswer(bytes.NewReader(text))
		if err != nil && a.text != "" {
			t.Errorf("%v, and %q", err, a.text)
		}
	})
}

// TestACallIsReadBackAsItWasWritten keeps both sides of the wire in step, padding and all.
func TestACallIsReadBackAsItWasWritten(t *testing.T) {
	for _, arguments := range [][]string{{"a"}, {"trusted", "cni0"}, {"12345678", ""}} {
		m := message{path: path, iface: zones, member: "changeZoneOfInterface", destination: service, arguments: arguments}
		a, err := readAnswer(bytes.NewReader(m.encode(7)))
		if err != nil || a.text != arguments[0] || a.failed != "" {
			t.Errorf("%q: %+v, %v", arguments, a, err)
		}
	}
}
