package nft

import (
	"encoding/binary"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Registers: 4-byte ones, side by side, so that a concatenation is loaded field by field.
const reg0 = unix.NFT_REG32_00

// Offsets of addresses in their headers (RFC 791, RFC 8200).
func (f family) sourceOffset() uint32 {
	if f.addrLen == 4 {
		return 12
	}
	return 8
}

func (f family) destinationOffset() uint32 { return f.sourceOffset() + uint32(f.addrLen) }

func (f family) words() uint32 { return uint32(f.addrLen / 4) }

func (f family) nfproto() byte {
	if f.addrLen == 4 {
		return unix.NFPROTO_IPV4
	}
	return unix.NFPROTO_IPV6
}

func (f family) is() []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{f.nfproto()}},
	}
}

func (f family) load(offset, register uint32) expr.Any {
	return &expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: uint32(f.addrLen)}
}

func (f family) source() expr.Any      { return f.load(f.sourceOffset(), reg0) }
func (f family) destination() expr.Any { return f.load(f.destinationOffset(), reg0) }

func equals(data []byte) expr.Any { return &expr.Cmp{Op: expr.CmpOpEq, Register: reg0, Data: data} }

func in(set string) expr.Any { return &expr.Lookup{SourceRegister: reg0, SetName: set} }

// masked keeps the bits of a register that are set in mask.
func masked(mask []byte) expr.Any {
	return &expr.Bitwise{SourceRegister: reg0, DestRegister: reg0, Len: uint32(len(mask)), Mask: mask, Xor: make([]byte, len(mask))}
}

func native(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

// notLoopback matches what came in by another interface than lo, whose index is always 1.
func notLoopback() []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyIIF, Register: reg0},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: reg0, Data: native(1)},
	}
}

// toHost matches packets to an address of the host. It stands in front of every DNAT:
// transit traffic is not ours to catch (CVE-2025-67499).
func toHost() []expr.Any {
	return []expr.Any{
		&expr.Fib{Register: reg0, ResultADDRTYPE: true, FlagDADDR: true},
		equals(native(unix.RTN_LOCAL)),
	}
}

// translated matches connections whose destination was rewritten (IPS_DST_NAT,
// uapi/linux/netfilter/nf_conntrack_common.h).
func translated() []expr.Any {
	const dstNAT = 1 << 5
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeySTATUS, Register: reg0},
		masked(native(dstNAT)),
		&expr.Cmp{Op: expr.CmpOpNeq, Register: reg0, Data: native(0)},
	}
}

func drop() expr.Any          { return &expr.Verdict{Kind: expr.VerdictDrop} }
func goBack() expr.Any        { return &expr.Verdict{Kind: expr.VerdictReturn} }
func leave() expr.Any         { return &expr.Masq{} }
func jump(to string) expr.Any { return &expr.Verdict{Kind: expr.VerdictJump, Chain: to} }

// join makes one list of expressions.
func join(parts ...any) []expr.Any {
	var list []expr.Any
	for _, p := range parts {
		switch p := p.(type) {
		case expr.Any:
			list = append(list, p)
		case []expr.Any:
			list = append(list, p...)
		}
	}
	return list
}
