package shared

import (
	"vethbridge/internal/failure"
	"vethbridge/internal/state"
)

// Check verifies that as many users are counted for each object as have it in their records.
func Check(tx *state.Tx) error {
	all, err := tx.Attachments("")
	if err != nil {
		return err
	}
	used := map[string]int{}
	for _, a := range all {
		for _, name := range a.Shares {
			used[name]++
		}
	}
	if err := state.CheckNumbers(tx, users, used); err != nil {
		return failure.To("check shared objects", err)
	}
	return nil
}
