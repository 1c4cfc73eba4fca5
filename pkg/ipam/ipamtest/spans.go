package ipamtest

import (
	"fmt"
	"math"
	"net/netip"
	"sort"
)

// span is a time in which an owner holds an address.
type span struct {
	owner       int
	address     netip.Addr
	from, until int64
}

// owner collects what follows from its calls, in their order.
type owner struct {
	certain  []span // between the answer of an Add and whatever may end it
	possible []span // between the beginning of an Add and the answer of whatever ends it
	holds    bool   // the last span of certain is open
	mayHave  bool   // the last span of possible is open
}

// take adds a call, and returns what can't be.
func (o *owner) take(c Call) (fault string) {
	switch {
	case c.Verb == Add && c.Outcome == Done:
		fault = o.given(c)
	case c.Verb == Add && c.Outcome == Cut:
		if c.Wanted.IsValid() { // and perhaps got, in place of the former one
			o.endCertain(c.Begin)
		}
		o.mayBegin(c)
	case c.Verb == Add:
		if o.holds && c.Outcome == Exhausted {
			fault = fmt.Sprintf("owner %d was refused at %d, and has an address already", c.Owner, c.Begin)
		}
	case c.Outcome == Cut: // a Del
		o.endCertain(c.Begin)
	default: // the dead may hold nothing that others need
		o.endCertain(c.Begin)
		o.endPossible(c.End)
	}
	return fault
}

func (o *owner) given(c Call) (fault string) {
	switch held := o.last(); {
	case c.Wanted.IsValid() && c.Address != c.Wanted:
		fault = fmt.Sprintf("owner %d wanted %s at %d and got %s", c.Owner, c.Wanted, c.Begin, c.Address)
	case o.holds && held == c.Address:
		return ""
	case o.holds && !c.Wanted.IsValid():
		fault = fmt.Sprintf("owner %d had %s at %d and got %s", c.Owner, held, c.Begin, c.Address)
	}
	o.endCertain(c.Begin)
	o.certain = append(o.certain, span{c.Owner, c.Address, c.End, math.MaxInt64})
	o.holds = true
	o.mayBegin(c)
	return fault
}

// last is the address of the last span of certain.
func (o *owner) last() netip.Addr {
	if len(o.certain) == 0 {
		return netip.Addr{}
	}
	return o.certain[len(o.certain)-1].address
}

func (o *owner) mayBegin(c Call) {
	if !o.mayHave {
		o.possible = append(o.possible, span{owner: c.Owner, from: c.Begin, until: math.MaxInt64})
		o.mayHave = true
	}
}

func (o *owner) endCertain(at int64) {
	if o.holds {
		o.certain[len(o.certain)-1].until = at
		o.holds = false
	}
}

func (o *owner) endPossible(at int64) {
	if o.mayHave {
		o.possible[len(o.possible)-1].until = at
		o.mayHave = false
	}
}

// close ends the history: what is open stays so.
func (o *owner) close() { o.holds, o.mayHave = false, false }

// mayHold reports whether the owner may hold an address at some time between two.
func (o *owner) mayHold(from, until int64) bool {
	i := sort.Search(len(o.possible), func(i int) bool { return o.possible[i].until > from })
	return i < len(o.possible) && o.possible[i].from < until
}
