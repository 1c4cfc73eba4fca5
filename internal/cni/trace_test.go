package cni

import (
	"strings"
	"testing"
)

func TestOnlyAWellFormedTraceparentIsTaken(t *testing.T) {
	const (
		traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
		spanID  = "00f067aa0ba902b7"
		valid   = "00-" + traceID + "-" + spanID + "-01"
	)
	for _, text := range []string{valid, "00-" + traceID + "-" + spanID + "-00", "cc-" + traceID + "-" + spanID + "-01", "cc-" + traceID + "-" + spanID + "-01-what-comes"} {
		if gotTrace, gotSpan, ok := parseTraceparent(text); !ok || gotTrace != traceID || gotSpan != spanID {
			t.Errorf("%s: %s, %s, %t", text, gotTrace, gotSpan, ok)
		}
	}
	for _, text := range []string{
		"", "-", "---", "00", strings.ToUpper(valid), valid + "-more", valid + "0", valid[:len(valid)-1], " " + valid, valid + "\n",
		"ff-" + traceID + "-" + spanID + "-01", "0g-" + traceID + "-" + spanID + "-01", "cc-" + traceID + "-" + spanID + "-01.what-comes",
		"00-" + strings.Repeat("0", 32) + "-" + spanID + "-01", "00-" + traceID + "-" + strings.Repeat("0", 16) + "-01",
		"00-" + traceID[1:] + "-0" + spanID + "-01", "00-" + traceID[1:] + "g-" + spanID + "-01", "00-" + traceID + "-" + spanID + "-0x",
		strings.ReplaceAll(valid, "-", "_"), strings.Repeat("-", len(valid)), strings.Repeat("a", len(valid)),
	} {
		if _, _, ok := parseTraceparent(text); ok {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzTraceparent(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f.Fuzz(func(t *testing.T, text string) {
		traceID, spanID, ok := parseTraceparent(text)
		if ok && (len(traceID) != 32 || len(spanID) != 16 || !strings.Contains(text, "-"+traceID+"-"+spanID+"-")) {
			t.Errorf("%q: %q, %q", text, traceID, spanID)
		}
	})
}
