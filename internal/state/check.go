package state

import (
	"errors"
	"fmt"
)

// CheckBook reports everything that is wrong with the book below the tables of the
// libraries; the errors are joined. It reads the whole file.
func CheckBook(tx *Tx) error {
	if tx.book == nil {
		return nil
	}
	var faults []error
	for err := range tx.book.Check() {
		faults = append(faults, fmt.Errorf("state file: %w", err))
	}
	return errors.Join(faults...)
}
