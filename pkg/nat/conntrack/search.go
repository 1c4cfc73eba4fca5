package conntrack

import (
	"errors"
	"slices"
)

// search says which entries are to be dropped.
type search struct {
	each    []filter // what is meant, one after the other
	all     filter   // what comprises all of that; everything if it is zero
	matches func(*entry) bool
}

// The kernel takes a lock for each of its 262,144 buckets when it lists entries. A flush looks only into
// those that hold something. In the time that these locks take, it sends so many entries to be looked
// at, and passes so many in a flush; and in the time of a flush where there are none, so many.
const (
	sentPerList   = 4_000
	passedPerList = 20_000
	passedAtLeast = 500
)

// run has the kernel drop what it can by itself, and looks at what it lists of the rest. Tracked is
// about how many connections the kernel tracks, by which the shortest way is chosen.
func (s search) run(t table, tracked int) (err error) {
	left := s.each
	// A list that has to be finds all there is in a small table.
	oneList := tracked < passedAtLeast && slices.ContainsFunc(left, filter.mustBeListed)
	if !oneList && len(left) <= 2+passedPerList/max(tracked, passedAtLeast) {
		left, err = t.flushAll(left)
	}
	if tracked < sentPerList*(len(left)-1) {
		left = []filter{s.all}
	}
	for _, f := range left {
		err = errors.Join(err, t.dropListed(f, s.matches))
	}
	return err
}

// flushAll returns the filters by which the kernel hasn't dropped anything.
func (t table) flushAll(list []filter) (left []filter, err error) {
	for _, f := range list {
		done := false
		if err == nil && !f.mustBeListed() {
			done, err = t.flush(f)
		}
		if !done {
			left = append(left, f)
		}
	}
	return left, err
}

// dropListed removes what the kernel lists, each by itself.
func (t table) dropListed(f filter, matches func(*entry) bool) error {
	list, err := t.list(f, matches)
	for _, e := range list {
		err = errors.Join(err, t.remove(e))
	}
	return err
}
