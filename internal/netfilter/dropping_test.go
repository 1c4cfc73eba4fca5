package netfilter

import (
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// TestADropperAcceptsALinkByItsNameOrTheBeginningOfIt in both directions, as nft compiles names: with zero bytes behind a whole
// one, and without behind one that ends in a star.
func TestADropperAcceptsALinkByItsNameOrTheBeginningOfIt(t *testing.T) {
	for _, c := range []struct {
		d    Dropper
		want bool
	}{
		{Dropper{}, false},
		{Dropper{in: []string{"cni0\x00\x00"}}, false},
		{Dropper{in: []string{"cni0\x00\x00"}, out: []string{"cni0\x00\x00"}}, true},
		{Dropper{in: []string{"eth0\x00", "cni"}, out: []string{"cni"}}, true},
		{Dropper{in: []string{"cni\x00"}, out: []string{"cni\x00"}}, false},
		{Dropper{in: []string{"cni00\x00"}, out: []string{"cni00\x00"}}, false},
	} {
		if c.d.Accepts("cni0") != c.want {
			t.Errorf("%q, %q: want %t", c.d.in, c.d.out, c.want)
		}
	}
}

// TestOnlyARuleThatAcceptsAllOfALinkIsTakenForOne and no rule that wants more of a packet.
func TestOnlyARuleThatAcceptsAllOfALinkIsTakenForOne(t *testing.T) {
	link := []expr.Any{&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte("cni0\x00")}}
	accept := &expr.Verdict{Kind: expr.VerdictAccept}
	for _, c := range []struct {
		rule []expr.Any
		want expr.MetaKey
	}{
		{append(link[:2:2], accept), expr.MetaKeyIIFNAME},
		{append(link[:2:2], &expr.Counter{}, accept), expr.MetaKeyIIFNAME},
		{append(link[:2:2], &expr.Payload{}, accept), 0},
		{append(link[:2:2], link[0], link[1], accept), 0},
		{append(link[:2:2], &expr.Verdict{Kind: expr.VerdictDrop}), 0},
		{[]expr.Any{link[0], &expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: []byte("cni0\x00")}, accept}, 0},
		{link, 0},
		{nil, 0},
	} {
		if got, _ := acceptsLink(c.rule); got != c.want {
			t.Errorf("%v: %v, want %v", c.rule, got, c.want)
		}
	}
}

// TestAChainOfFramesMayNameTheBridgeOrItsPorts: which of both, the kernel tells by other keys.
func TestAChainOfFramesMayNameTheBridgeOrItsPorts(t *testing.T) {
	chain := &nftables.Chain{Name: "forward", Table: &nftables.Table{Name: "theirs", Family: nftables.TableFamilyBridge}, Hooknum: nftables.ChainHookForward}
	accepting := func(key expr.MetaKey, name string) *nftables.Rule {
		return &nftables.Rule{Exprs: []expr.Any{&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte(name)}, &expr.Verdict{Kind: expr.VerdictAccept}}}
	}
	of := dropper(chain, []*nftables.Rule{accepting(expr.MetaKeyBRIIIFNAME, "cni0\x00")})
	if !of.Frames || of.Name != "bridge theirs forward" || !of.Accepts("cni0") || of.Accepts("cni1") {
		t.Errorf("%+v", of)
	}
	in, out := accepting(expr.MetaKeyIIFNAME, "veth"), accepting(expr.MetaKeyOIFNAME, "veth")
	for _, c := range []struct {
		hook *nftables.ChainHook
		rule *nftables.Rule
		want bool
	}{{nftables.ChainHookForward, in, false}, {nftables.ChainHookPrerouting, in, true}, {nftables.ChainHookInput, out, false}, {nftables.ChainHookOutput, out, true}} {
		chain.Hooknum = c.hook
		if got := dropper(chain, []*nftables.Rule{c.rule}).Accepts("veth1"); got != c.want {
			t.Errorf("hook %d: %v, want %v", *c.hook, got, c.want)
		}
	}
}
