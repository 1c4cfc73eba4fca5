package cni

import (
	"os"
	"strings"
)

// trace returns the attributes by which a log line is found from the runtime's trace: libcni
// passes the span that this call belongs to in TRACEPARENT (W3C Trace Context, section 3.2).
// A malformed one is ignored, as the standard says.
func trace() []any {
	traceID, spanID, ok := parseTraceparent(os.Getenv("TRACEPARENT"))
	if !ok {
		return nil
	}
	return []any{"trace_id", traceID, "span_id", spanID}
}

// parseTraceparent reads "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01". Versions to
// come may have more fields.
func parseTraceparent(text string) (traceID, spanID string, ok bool) {
	const length = len("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if len(text) < length || len(text) > length && (text[:2] == "00" || text[length] != '-') {
		return "", "", false
	}
	fields := strings.SplitN(text[:length], "-", 4)
	if len(fields) != 4 || !hex(fields[0], 2) || !hex(fields[1], 32) || !hex(fields[2], 16) || !hex(fields[3], 2) {
		return "", "", false
	}
	zero := strings.Trim(fields[1], "0") == "" || strings.Trim(fields[2], "0") == ""
	return fields[1], fields[2], fields[0] != "ff" && !zero
}

// hex reports whether the text is a number of lower-case hexadecimal digits.
func hex(text string, digits int) bool {
	return len(text) == digits && strings.Trim(text, "0123456789abcdef") == ""
}
