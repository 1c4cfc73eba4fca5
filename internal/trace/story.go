package trace

import (
	"strings"

	"github.com/google/nftables"

	"vethbridge/internal/netfilter"
)

// Story is what happened to a packet, in order, and how it ended.
type Story struct {
	Steps []Step `json:"steps"`
	Fate  Fate   `json:"fate"`
	End   string `json:"end"` // the fate in words
	Last  Packet `json:"-"`   // as it was at the end
	Out   string `json:"out,omitempty"`
}

// Step is one thing that happened: the packet came or was changed, or a rule took it.
type Step struct {
	Packet string `json:"packet,omitempty"`
	Chain  string `json:"chain,omitempty"` // "inet filter forward"
	Owner  string `json:"owner,omitempty"` // whose the table or the chain seems to be
	By     string `json:"by,omitempty"`    // which rule, or the policy
	Did    string `json:"did,omitempty"`   // "accept", "jump user_forward"
}

// String is one line.
func (s Step) String() string {
	if s.Packet != "" {
		return s.Packet
	}
	return "  " + s.Did + ": " + s.By + " of " + s.place()
}

func (s Step) place() string {
	if s.Owner == "" || strings.Contains(s.Chain, " "+s.Owner+" ") {
		return s.Chain
	}
	return s.Chain + " (" + s.Owner + ")"
}

// Names turns what events have into words. Link and Rule may ask the kernel.
type Names struct {
	Link     func(index uint32) string
	Rule     func(*Event) string
	IsBridge func(name string) bool
}

// Tell makes the story of the events of one packet.
func Tell(events []*Event, names Names) Story {
	t := teller{names: names, reached: &Event{}}
	for _, e := range events {
		t.hear(e)
	}
	if len(events) > 0 {
		t.show()
	}
	t.Fate, t.End = t.fate()
	return t.Story
}

type teller struct {
	Story
	names   Names
	packet  string // as it is
	shown   string // as it was last shown
	reached *Event // the last of our own chains
	port    string // of a bridge, by which it leaves
	ended   *Event // what ended its way
}

func (t *teller) hear(e *Event) {
	if e.Packet.Known() {
		t.see(e)
	}
	switch {
	case e.Table == TableName:
		t.reach(e)
	case e.Kind == AtRule && e.Handle == 0: // behind the last rule
	case e.Kind == AtRule:
		t.step(e, t.names.Rule(e))
	case e.Kind == AtPolicy && e.Verdict == Drop:
		t.step(e, "the policy")
	}
}

// see notes how the packet is now.
func (t *teller) see(e *Event) {
	t.Last, t.packet = e.Packet, e.Packet.String()
	if e.In != 0 {
		t.packet += ", in by " + t.names.Link(e.In)
	}
	if e.Out != 0 {
		t.Out = t.names.Link(e.Out)
		t.packet += ", out by " + t.Out
	}
}

func (t *teller) reach(e *Event) {
	t.reached = e
	if e.Family == uint8(nftables.TableFamilyBridge) && strings.HasPrefix(e.Chain, "postrouting") {
		t.port = t.Out
	}
}

// show says how the packet is, if that has changed.
func (t *teller) show() {
	if t.packet != t.shown {
		t.shown = t.packet
		t.Steps = append(t.Steps, Step{Packet: t.packet})
	}
}

func (t *teller) step(e *Event, by string) {
	family := netfilter.FamilyName(nftables.TableFamily(e.Family))
	s := Step{
		Chain: family + " " + e.Table + " " + e.Chain, Owner: Owner(family, e.Table, e.Chain),
		By: by, Did: strings.TrimSpace(e.Verdict.String() + " " + e.Target),
	}
	t.show()
	t.Steps = append(t.Steps, s)
	if e.Verdict == Drop || e.Verdict == Stolen || e.Verdict == Queue {
		t.ended = e
	}
}
