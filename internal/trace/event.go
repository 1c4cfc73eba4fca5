package trace

import (
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// Kind is what an event is about.
type Kind uint32

// The kinds of events (enum nft_trace_types, uapi/linux/netfilter/nf_tables.h).
const (
	AtPolicy Kind = unix.NFT_TRACETYPE_POLICY // no rule of a base chain ended the packet's way
	AtReturn Kind = unix.NFT_TRACETYPE_RETURN
	AtRule   Kind = unix.NFT_TRACETYPE_RULE
)

// Verdict is what a rule or a policy did (NF_* and enum nft_verdicts).
type Verdict int32

// The verdicts.
const (
	Drop     Verdict = 0
	Accept   Verdict = 1
	Stolen   Verdict = 2
	Queue    Verdict = 3
	Continue Verdict = unix.NFT_CONTINUE
	Jump     Verdict = unix.NFT_JUMP
	Goto     Verdict = unix.NFT_GOTO
	Return   Verdict = unix.NFT_RETURN
)

// String returns the verdict as nft prints it.
func (v Verdict) String() string {
	switch v {
	case Drop, Accept, Stolen, Queue:
		return [...]string{"drop", "accept", "stolen", "queue"}[v]
	case Continue:
		return "continue"
	case Jump:
		return "jump"
	case Goto:
		return "goto"
	case Return:
		return "return"
	}
	return ""
}

// Event is what the kernel says about one packet at one rule or chain.
type Event struct {
	ID      uint32
	Family  uint8 // of the table (NFPROTO_*)
	Table   string
	Chain   string
	Kind    Kind
	Handle  uint64 // of the rule, at one
	Verdict Verdict
	Target  string // the chain of a jump
	In, Out uint32 // indices of links; 0 where there is none
	Packet  Packet // as it is now; only the first event of a walk through chains has it
}

// decode reads the message that nft_trace_notify makes (net/netfilter/nf_tables_trace.c).
func decode(m netlink.Message) (*Event, error) {
	e := &Event{}
	const head = 4 // struct nfgenmsg
	if len(m.Data) < head {
		return e, fmt.Errorf("decode trace: message of %d bytes", len(m.Data))
	}
	d, err := netlink.NewAttributeDecoder(m.Data[head:])
	if err != nil {
		return e, failure.To("decode trace", err)
	}
	d.ByteOrder = bigEndian
	e.Family = m.Data[0]
	var network, transport []byte
	for d.Next() {
		switch d.Type() {
		case unix.NFTA_TRACE_ID:
			e.ID = d.Uint32()
		case unix.NFTA_TRACE_TABLE:
			e.Table = d.String()
		case unix.NFTA_TRACE_CHAIN:
			e.Chain = d.String()
		case unix.NFTA_TRACE_TYPE:
			e.Kind = Kind(d.Uint32())
		case unix.NFTA_TRACE_RULE_HANDLE:
			e.Handle = d.Uint64()
		case unix.NFTA_TRACE_POLICY:
			e.Verdict = verdict(d.Uint32())
		case unix.NFTA_TRACE_VERDICT:
			d.Nested(e.decodeVerdict)
		case unix.NFTA_TRACE_IIF:
			e.In = d.Uint32()
		case unix.NFTA_TRACE_OIF:
			e.Out = d.Uint32()
		case unix.NFTA_TRACE_NETWORK_HEADER:
			network = d.Bytes()
		case unix.NFTA_TRACE_TRANSPORT_HEADER:
			transport = d.Bytes()
		}
	}
	e.Packet = parsePacket(network, transport)
	return e, d.Err()
}

func (e *Event) decodeVerdict(d *netlink.AttributeDecoder) error {
	d.ByteOrder = bigEndian
	for d.Next() {
		switch d.Type() {
		case unix.NFTA_VERDICT_CODE:
			e.Verdict = verdict(d.Uint32())
		case unix.NFTA_VERDICT_CHAIN:
			e.Target = d.String()
		}
	}
	return d.Err()
}

// verdict leaves out what the upper bits say beside: a queue's number, an error.
func verdict(code uint32) Verdict {
	if v := Verdict(code); v < 0 {
		return v
	}
	return Verdict(code & 0xff) // NF_VERDICT_MASK
}
