package trace

import (
	"strings"

	"github.com/google/nftables"
)

// Fate is how a packet's way through the host ended.
type Fate string

// The fates.
const (
	Unseen  Fate = "unseen"  // no such packet came
	Dropped Fate = "dropped" // by a rule or a policy that is known
	Arrived Fate = "arrived" // at the host itself
	Left    Fate = "left"    // by a link
	Lost    Fate = "lost"    // between two hooks
)

// fate goes by what ended the way, or else by the last of our chains that saw the packet.
func (t *teller) fate() (Fate, string) {
	bridged := t.reached.Family == uint8(nftables.TableFamilyBridge)
	switch last := t.Steps; {
	case len(last) == 0:
		return Unseen, "no such packet was seen"
	case t.ended != nil && t.ended.Verdict == Drop:
		step := last[len(last)-1]
		return Dropped, "dropped by " + step.By + " of " + step.place()
	case t.ended != nil:
		return Lost, "handed to a program by " + last[len(last)-1].By
	case !bridged && t.reached.Chain == "input"+end:
		return Arrived, "arrived at the host itself"
	case t.port != "" && t.reached.Chain == "postrouting"+end:
		return Left, "left by " + t.port
	case t.reached.Chain == "postrouting"+end && t.names.IsBridge(t.Out):
		return Lost, "left for bridge " + t.Out + ", and no port of it took it: nobody answers for " + t.Last.To.Addr().String() + " there"
	case t.reached.Chain == "postrouting"+end:
		return Left, "left by " + t.Out
	}
	return Lost, "lost after hook " + strings.TrimSuffix(strings.TrimSuffix(t.reached.Chain, end), begin) + ": " + t.lost(bridged)
}

// lost says what takes packets between two hooks without a word.
func (t *teller) lost(bridged bool) string {
	hook, atEnd := strings.CutSuffix(t.reached.Chain, end)
	switch {
	case !atEnd:
		return "no rule of nftables dropped it; those of iptables-legacy can't be followed"
	case bridged && hook == "prerouting":
		return "the bridge did not pass it on; is its port blocked, or in another VLAN?"
	case hook == "prerouting", hook == "input":
		return "there is no route to " + t.Last.To.Addr().String() + ", or forwarding is off, or the reverse-path filter (rp_filter) refused its source"
	}
	return "the kernel dropped it: see the counters of \"nstat\" and \"ip -s link\""
}
