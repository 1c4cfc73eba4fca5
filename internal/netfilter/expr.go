package netfilter

import (
	"encoding/binary"
	"slices"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Reg is the first of the 4-byte registers; a concatenation is loaded field by field, each at
// Reg plus the words before it.
const Reg = unix.NFT_REG32_00

// What follows makes parts of rules, to be joined by NewRule.

// Equals compares what was loaded.
func Equals(data []byte) []expr.Any {
	return []expr.Any{&expr.Cmp{Op: expr.CmpOpEq, Register: Reg, Data: data}}
}

// Differs compares what was loaded.
func Differs(data []byte) []expr.Any {
	return []expr.Any{&expr.Cmp{Op: expr.CmpOpNeq, Register: Reg, Data: data}}
}

// Any matches whatever was loaded: what could not be, ends the rule.
func Any(length int) []expr.Any {
	return []expr.Any{&expr.Cmp{Op: expr.CmpOpGte, Register: Reg, Data: make([]byte, length)}}
}

// In looks up what was loaded in a set.
func In(set string) []expr.Any { return []expr.Any{&expr.Lookup{SourceRegister: Reg, SetName: set}} }

// NotIn is the opposite of In.
func NotIn(set string) []expr.Any {
	return []expr.Any{&expr.Lookup{SourceRegister: Reg, SetName: set, Invert: true}}
}

// Masked keeps the bits of what was loaded that are set in mask.
func Masked(mask []byte) []expr.Any {
	return []expr.Any{&expr.Bitwise{SourceRegister: Reg, DestRegister: Reg, Len: uint32(len(mask)), Mask: mask, Xor: make([]byte, len(mask))}}
}

// Meta loads a packet's meta information.
func Meta(key expr.MetaKey) []expr.Any { return []expr.Any{&expr.Meta{Key: key, Register: Reg}} }

// At is Reg plus a number of words.
func At(words uint32) uint32 { return Reg + words }

// Payload loads length bytes of a header at offset into the register at a number of words.
func Payload(base expr.PayloadBase, offset, length, words uint32) []expr.Any {
	return []expr.Any{&expr.Payload{DestRegister: At(words), Base: base, Offset: offset, Len: length}}
}

// Native is a number as the kernel keeps its own.
func Native(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

// TrackedAs matches connections that have one of the bits in what key tells of them.
func TrackedAs(key expr.CtKey, bits uint32) []expr.Any {
	return slices.Concat([]expr.Any{&expr.Ct{Key: key, Register: Reg}}, Masked(Native(bits)), Differs(Native(0)))
}

// DestinationTranslated is the bit of a connection's status that says that its destination
// was rewritten (IPS_DST_NAT, uapi/linux/netfilter/nf_conntrack_common.h).
const DestinationTranslated = 1 << 5

// Drop ends a packet's way.
func Drop() []expr.Any { return []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}} }

// Accept ends a packet's way through this hook of the table.
func Accept() []expr.Any { return []expr.Any{&expr.Verdict{Kind: expr.VerdictAccept}} }

// Return goes back to the chain that jumped here.
func Return() []expr.Any { return []expr.Any{&expr.Verdict{Kind: expr.VerdictReturn}} }

// Jump goes to a chain and comes back.
func Jump(to string) []expr.Any { return []expr.Any{&expr.Verdict{Kind: expr.VerdictJump, Chain: to}} }

// Goto goes to a chain for good: behind its end the packet's way through this hook of the table is over.
func Goto(to string) []expr.Any { return []expr.Any{&expr.Verdict{Kind: expr.VerdictGoto, Chain: to}} }
