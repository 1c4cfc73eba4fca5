package ipamtest

import (
	"net/netip"
	"strings"
	"testing"
)

// add is an Add of an owner from 10*n on that gets an address.
func add(owner, n, address int) Call {
	return Call{Verb: Add, Owner: owner, Begin: int64(10 * n), End: int64(10*n + 5), Outcome: Done, Address: at(address)}
}

func at(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, 0, byte(n)}) }

func with(c Call, o Outcome) Call {
	c.Outcome, c.Address = o, netip.Addr{}
	return c
}

func del(owner, n int) Call {
	return Call{Verb: Del, Owner: owner, Begin: int64(10 * n), End: int64(10*n + 5), Outcome: Done}
}

func die(owner, n int) Call { c := del(owner, n); c.Verb = Die; return c }

func TestEveryFaultOfAHistoryIsFoundAndNoOther(t *testing.T) {
	wanted := add(2, 2, 5)
	wanted.Wanted = at(6)
	taken := with(add(2, 3, 0), Taken)
	taken.Wanted, taken.Holder = at(1), 1
	for name, test := range map[string]struct {
		history []Call
		fault   string // empty: none
	}{
		"two in turn":                       {[]Call{add(1, 1, 7), del(1, 2), add(2, 3, 7)}, ""},
		"two at once":                       {[]Call{add(1, 1, 7), add(2, 2, 7)}, "10.1.0.7 was given to owner 2"},
		"one after the other died":          {[]Call{add(1, 1, 7), die(1, 2), add(2, 3, 7)}, ""},
		"one while a killed del":            {[]Call{add(1, 1, 7), with(del(1, 2), Cut), add(2, 3, 7)}, ""},
		"its own again":                     {[]Call{add(1, 1, 7), add(1, 2, 7), with(add(1, 3, 0), Cut), add(1, 4, 7)}, ""},
		"another than its own":              {[]Call{add(1, 1, 7), add(1, 2, 8)}, "had 10.1.0.7"},
		"another than wanted":               {[]Call{wanted}, "wanted 10.1.0.6"},
		"full":                              {[]Call{add(1, 1, 7), with(add(3, 2, 0), Cut), with(add(2, 3, 0), Exhausted)}, ""},
		"full with one free":                {[]Call{add(1, 1, 7), with(add(2, 3, 0), Exhausted)}, "at most 1 of 2"},
		"full with one dead":                {[]Call{add(1, 1, 7), add(3, 1, 8), die(3, 2), with(add(2, 3, 0), Exhausted)}, "at most 1 of 2"},
		"full for one that has an address":  {[]Call{add(1, 1, 7), add(2, 1, 8), with(add(2, 3, 0), Exhausted)}, "has an address already"},
		"taken by its holder":               {[]Call{add(1, 1, 1), taken}, ""},
		"taken by one that has given it up": {[]Call{add(1, 1, 1), del(1, 2), taken}, "which holds none"},
	} {
		faults := Faults(test.history, 2)
		if test.fault == "" && len(faults) > 0 || test.fault != "" && !strings.Contains(strings.Join(faults, "\n"), test.fault) {
			t.Errorf("%s: %q, want %q", name, faults, test.fault)
		}
	}
}
