package ipamtest

import (
	"fmt"
	"net/netip"
	"slices"
)

// Verb is what a call asks for.
type Verb string

// Die is the end of a container for which nobody calls Del.
const (
	Add Verb = "add"
	Del Verb = "del"
	Die Verb = "die"
)

// Outcome is what became of a call.
type Outcome string

// Cut is the outcome of a call that was killed: it has happened or not.
const (
	Done      Outcome = "done"
	Exhausted Outcome = "exhausted"
	Taken     Outcome = "taken"
	Cut       Outcome = "cut"
)

// Call is one call as its caller saw it. Those of one owner don't overlap.
type Call struct {
	Verb    Verb
	Owner   int
	Begin   int64 // nanoseconds of a clock that all callers share
	End     int64 // of the answer, or of the killed caller
	Outcome Outcome
	Address netip.Addr // that an Add which is Done has got
	Wanted  netip.Addr // that an Add has asked for; may be invalid
	Holder  int        // that an Add was told of which found its address Taken
}

// Faults returns what must never be in a history: an address that two hold at once, an owner
// that lives and loses its own, one that gets another than it wanted, a refusal while an
// address is free or its holder has none. The range set has size addresses.
func Faults(history []Call, size int) (faults []string) {
	slices.SortStableFunc(history, func(a, b Call) int { return int(a.Begin - b.Begin) })
	owners := map[int]*owner{}
	for _, c := range history {
		if owners[c.Owner] == nil {
			owners[c.Owner] = &owner{}
		}
		if fault := owners[c.Owner].take(c); fault != "" {
			faults = append(faults, fault)
		}
	}
	for _, o := range owners {
		o.close()
	}
	faults = append(faults, doubles(owners)...)
	for _, c := range history {
		if fault := refusal(c, owners, size); fault != "" {
			faults = append(faults, fault)
		}
	}
	return faults
}

// doubles finds addresses that two owners hold for certain at the same time.
func doubles(owners map[int]*owner) (faults []string) {
	holders := map[netip.Addr][]span{}
	for _, o := range owners {
		for _, s := range o.certain {
			holders[s.address] = append(holders[s.address], s)
		}
	}
	for a, spans := range holders {
		slices.SortFunc(spans, func(a, b span) int { return int(a.from - b.from) })
		for i := 1; i < len(spans); i++ {
			if before := spans[i-1]; spans[i].from < before.until {
				faults = append(faults, fmt.Sprintf("%s was given to owner %d at %d, and was that of %d until %d", a, spans[i].owner, spans[i].from, before.owner, before.until))
			}
		}
	}
	return faults
}

// refusal judges an Add that got no address.
func refusal(c Call, owners map[int]*owner, size int) string {
	switch c.Outcome {
	case Exhausted:
		holding := 0
		for n, o := range owners {
			if n != c.Owner && o.mayHold(c.Begin, c.End) {
				holding++
			}
		}
		if holding < size {
			return fmt.Sprintf("owner %d was refused at %d, while at most %d of %d addresses were held", c.Owner, c.Begin, holding, size)
		}
	case Taken:
		if o := owners[c.Holder]; o == nil || c.Holder == c.Owner || !o.mayHold(c.Begin, c.End) {
			return fmt.Sprintf("owner %d was told at %d that %s is held by %d, which holds none", c.Owner, c.Begin, c.Wanted, c.Holder)
		}
	}
	return ""
}
