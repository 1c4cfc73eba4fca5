package shared

import (
	"fmt"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// Check verifies that every user of an object is an attachment in the book.
func Check(tx *state.Tx) error {
	return state.Each(tx, users, nil, func(key []byte, user *attachment.Owner) error {
		if _, ok, err := tx.Attachment(*user); err != nil || ok {
			return err
		}
		return fmt.Errorf("check shared objects: %q is used by %s, which is not attached", key, user)
	})
}
