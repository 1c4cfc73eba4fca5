package forward_test

import (
	"os/exec"
	"strings"
	"testing"

	"vethbridge/internal/forward"
	"vethbridge/internal/netns/netnstest"
)

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

func drops(t *testing.T, f forward.Firewall) bool {
	t.Helper()
	d, err := f.Drops()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAPolicyOrALastRuleIsSeenInEveryVariant(t *testing.T) {
	for _, f := range forward.All() {
		t.Run(f.String(), func(t *testing.T) {
			netnstest.Inside(t)
			if drops(t, f) {
				t.Error("a fresh host drops")
			}
			run(t, f.String(), "-P", "FORWARD", "DROP")
			for _, other := range forward.All() {
				if drops(t, other) != (other == f) {
					t.Errorf("%s drops: %t", other, drops(t, other))
				}
			}
			run(t, f.String(), "-P", "FORWARD", "ACCEPT")
			run(t, f.String(), "-A", "FORWARD", "-i", "uplink", "-j", "DROP")
			if drops(t, f) {
				t.Error("it drops still")
			}
			for _, last := range []string{"DROP", "REJECT"} {
				run(t, f.String(), "-A", "FORWARD", "-j", last)
				if !drops(t, f) {
					t.Errorf("a last rule that says %s is not seen", last)
				}
				run(t, f.String(), "-D", "FORWARD", "-j", last)
			}
		})
	}
}

func TestAcceptStandsBehindTheAdministratorsRulesAndGoesWithTheLastBridge(t *testing.T) {
	for _, f := range forward.All() {
		for _, last := range [][]string{{"-s", "192.0.2.0/24", "-j", "DROP"}, {"-j", "REJECT"}} {
			if f.V6 && last[0] == "-s" {
				last = []string{"-s", "2001:db8::/32", "-j", "DROP"}
			}
			t.Run(f.String()+strings.Join(last, " "), func(t *testing.T) {
				netnstest.Inside(t)
				run(t, f.String(), "-P", "FORWARD", "DROP")
				run(t, f.String(), append([]string{"-A", "FORWARD"}, last...)...)
				before := run(t, f.String(), "-S")
				for _, bridge := range []string{"br0", "br1", "br0"} {
					if err := f.Accept(bridge); err != nil {
						t.Fatal(err)
					}
				}
				rules := run(t, f.String(), "-S", "FORWARD")
				ours, theirs := strings.Index(rules, "VETHBRIDGE-FORWARD"), strings.Index(rules, "-j "+last[len(last)-1])
				if ours < 0 || (ours < theirs) != (last[0] == "-j") {
					t.Errorf("rules:\n%s", rules)
				}
				for _, bridge := range []string{"br0", "br1", "br1"} {
					if err := f.Withdraw(bridge); err != nil {
						t.Fatal(err)
					}
				}
				if after := run(t, f.String(), "-S"); after != before {
					t.Errorf("left:\n%s", after)
				}
			})
		}
	}
}
