package nat_test

import (
	"fmt"
	"strings"
	"testing"

	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

// FuzzKernelEqualsBook runs any sequence of changes of several owners, some of them killed
// half-way, some of them after others have meddled with the kernel. Whenever nothing is
// half-done the kernel holds what the book says, and after the last owner is gone, nothing.
func FuzzKernelEqualsBook(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0, 1, 2})
	f.Add([]byte("every owner asks for something"))
	f.Add([]byte{0x08, 0x88, 0x51, 0x08, 0xc0, 0x11, 0x00})
	f.Fuzz(func(t *testing.T, steps []byte) {
		m := newModel(t)
		for _, b := range steps[:min(len(steps), 40)] {
			m.step(t, b)
		}
		m.removeAll(t)
	})
}

// step does what one byte says: an owner, a part, what it wants, and the circumstances.
func (m *model) step(t *testing.T, b byte) {
	k := key{nattest.Owner(int(b & 3)), nat.PartNatport}
	if b>>2&1 == 1 {
		k.part = nat.PartVethbridge
	}
	want := wants()[b>>3&7]
	switch {
	case b < 0x80:
		m.replace(t, k, want)
	case b < 0xc0:
		m.claim(t, k, want)
	case b&1 == 0:
		m.flush(t)
	default:
		m.repair(t)
	}
	if len(m.halfDone) == 0 {
		m.compare(t, fmt.Sprintf("step %#x", b))
	}
}

// FuzzProtocol shows that what is accepted is one of the three, whatever it looks like.
func FuzzProtocol(f *testing.F) {
	for _, seed := range []string{"", "tcp", "UDP", "Sctp", "icmp", "tcp; drop", "6", "TCP ", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := nat.ParseProtocol(text)
		if err != nil {
			if p != 0 {
				t.Errorf("%q is refused but gives %s", text, p)
			}
			return
		}
		if text != "" && !strings.EqualFold(p.String(), text) {
			t.Errorf("%q is taken for %s", text, p)
		}
	})
}
