package state

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"vethbridge/internal/failure"
)

// Check reports everything that is wrong with the state file below the tables of the
// libraries, and with these what the given checks find; the errors are joined.
func (s *Store) Check(ctx context.Context, checks ...func(*Tx) error) error {
	return s.View(ctx, func(tx *Tx) error {
		faults := []error{CheckBook(tx)}
		for _, check := range checks {
			faults = append(faults, check(tx))
		}
		return errors.Join(faults...)
	})
}

// CheckBook reports everything that is wrong with the book below the tables of the
// libraries; the errors are joined. It reads the whole file.
func CheckBook(tx *Tx) error {
	if tx.book == nil {
		return nil
	}
	if err := errors.Join(tx.readAll(), tx.checkAttachments()); err != nil {
		return err
	}
	var faults []error
	for err := range tx.book.Check() {
		faults = append(faults, failure.To("check state file", err))
	}
	return errors.Join(faults...)
}

// readAll reads every byte of every table: a fault in the mapping arises here, where it is
// recovered, and not in the goroutine in which bbolt checks its pages.
func (tx *Tx) readAll() error {
	return tx.book.ForEach(func(_ []byte, b *bbolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			_ = append(append([]byte(nil), k...), v...)
			return nil
		})
	})
}

// checkAttachments wants each record under its owner's key.
func (tx *Tx) checkAttachments() error {
	return Each(tx, attachments, nil, func(key []byte, a *Attachment) error {
		if string(a.Owner.Key()) != string(key) {
			return fmt.Errorf("check attachments: the record of %s stands under the key %q", a.Owner, key)
		}
		return nil
	})
}
