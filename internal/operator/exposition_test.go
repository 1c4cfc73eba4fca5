package operator

import (
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func TestAnyTextCanBeALabelInTheExposition(t *testing.T) {
	for _, text := range []string{"", "demo", `a"b`, `a\b`, "a\nb", `\"` + "\n", `{network="x"} 1`, "größe", `\\n`} {
		g := newGauge("attachments", "Help.")
		g.add(1<<64-1, "network", text, "state", "alive")
		g.add(0, "network", "other", "state", "alive")
		var b strings.Builder
		g.writeTo(&b)
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(b.String()))
		if err != nil {
			t.Errorf("%q: %v:\n%s", text, err, b.String())
			continue
		}
		m := families["vethbridge_attachments"].GetMetric()
		if len(m) != 2 || m[0].GetLabel()[0].GetValue() != text || m[0].GetGauge().GetValue() != 1<<64 {
			t.Errorf("%q is read as %v", text, m)
		}
	}
}

func TestAMetricWithoutSamplesIsLeftOut(t *testing.T) {
	var b strings.Builder
	newGauge("attachments", "Help.").writeTo(&b)
	if b.Len() > 0 {
		t.Errorf("written: %s", b.String())
	}
}
