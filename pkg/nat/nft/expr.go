package nft

import (
	"slices"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"vethbridge/internal/netfilter"
)

// Short names, so that rules read as nft writes them.
const reg0 = netfilter.Reg

var (
	equals = netfilter.Equals
	in     = netfilter.In
	masked = netfilter.Masked
	native = netfilter.Native
	drop   = netfilter.Drop
	goBack = netfilter.Return
	jump   = netfilter.Jump
)

func rule(comment string, parts ...[]expr.Any) netfilter.Rule {
	return netfilter.NewRule(comment, parts...)
}

func join(parts ...[]expr.Any) []expr.Any { return slices.Concat(parts...) }

// Offsets of addresses in their headers (RFC 791, RFC 8200).
func (f *family) sourceOffset() uint32 {
	if f.addrLen == 4 {
		return 12
	}
	return 8
}

func (f *family) destinationOffset() uint32 { return f.sourceOffset() + uint32(f.addrLen) }

func (f *family) words() uint32 { return uint32(f.addrLen / 4) }

func (f *family) nfproto() byte {
	if f.addrLen == 4 {
		return unix.NFPROTO_IPV4
	}
	return unix.NFPROTO_IPV6
}

func (f *family) is() []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{f.nfproto()}},
	}
}

func (f *family) load(offset, register uint32) []expr.Any {
	return []expr.Any{&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: uint32(f.addrLen)}}
}

func (f *family) source() []expr.Any      { return f.load(f.sourceOffset(), reg0) }
func (f *family) destination() []expr.Any { return f.load(f.destinationOffset(), reg0) }

// notLoopback matches what came in by another interface than lo, whose index is always 1.
func notLoopback() []expr.Any {
	return join(netfilter.Meta(expr.MetaKeyIIF), netfilter.Differs(native(1)))
}

// toHost matches packets to an address of the host. It stands in front of every DNAT:
// transit traffic is not ours to catch (CVE-2025-67499).
func toHost() []expr.Any {
	addressType := &expr.Fib{Register: reg0, ResultADDRTYPE: true, FlagDADDR: true}
	return join([]expr.Any{addressType}, equals(native(unix.RTN_LOCAL)))
}

// translated matches connections whose destination was rewritten.
func translated() []expr.Any {
	return netfilter.TrackedAs(expr.CtKeySTATUS, netfilter.DestinationTranslated)
}

func leave() []expr.Any { return []expr.Any{&expr.Masq{}} }

func leaveAtRandom() []expr.Any { return []expr.Any{&expr.Masq{FullyRandom: true}} }
