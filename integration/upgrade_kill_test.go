package integration

import (
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// cutOff makes this release end by itself between the transactions by which it replaces another one's table of translations,
// as a kill would have it: each is one message to the kernel, whose number among the calls of a thread is another every time.
var cutOff = []change{
	{"pkg/nat/nft/backend.go", `"iter"`, `"iter"; "os"`},
	{
		"pkg/nat/nft/backend.go", "if err := b.make(have.With(fresh), r); err != nil {",
		`if os.Getenv("CUT_OFF") == "behind the first" { os.Exit(9) }; err := b.make(have.With(fresh), r)
		if os.Getenv("CUT_OFF") == "behind the second" { os.Exit(9) }; if err != nil {`,
	},
}

// TestAReplacementOfTablesThatIsCutOffIsMended has what was published stay so, and what a DEL takes away gone, whichever sets
// the rules look into by then.
func TestAReplacementOfTablesThatIsCutOffIsMended(t *testing.T) {
	former := builtOtherwise().orFail(t)
	cut := buildOther(cutOff).orFail(t)
	for when, mark := range map[string]string{"behind the first": "set layout_1001 ", "behind the second": "map any_ports4 "} {
		t.Run(when, func(t *testing.T) {
			u := newUpgrading(t, former)
			attach(t, u.h, u.n, "gone", u.gone().Ports...)
			u.n.Plugins = mixed(t, former, cut, "natport")
			next := testbed.Container{ID: "cut", Netns: u.h.NewContainer(), Ports: []testbed.Port{{HostPort: 8084, ContainerPort: 80}}}
			answer, _ := u.n.TryAddWrapped(t, next, 1, []string{"env", "CUT_OFF=" + when})
			if text := u.h.Run("nft", "list", "table", "inet", "vethbridge"); answer.Exit != 9 || !strings.Contains(text, mark) || !strings.Contains(text, "map ports_of_any4 ") {
				t.Fatalf("exit %d: %s", answer.Exit, text)
			}
			u.unbroken("DEL", func() { u.n.TryDel(t, u.gone(), 1) })
			if name, _, err := u.h.Ask(u.h.LAN, "tcp", testbed.HostAddr4, 8083); err == nil {
				t.Errorf("after DEL of its ports %s answers", name)
			}
			u.n.Del(t, u.gone(), nil)
			u.n.Plugins = built
			u.unbroken("ADD", u.newcomer)
			u.n.Del(t, next, nil)
			u.tool(0, "all is as the state file says", "check")
			u.checks("at the end")
			u.end()
		})
	}
}
