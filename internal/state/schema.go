package state

import (
	"errors"
	"fmt"

	"vethbridge/internal/failure"
)

const (
	metaTable Table = "meta"
	// SchemaVersion changes when an older release would misread a table of any library.
	SchemaVersion = 1
)

var schemaKey = []byte("schema")

// SchemaError says that the state file is of a later release. It is left untouched.
type SchemaError struct {
	Found int
	Known int // the latest that this release can use
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("state file has schema version %d, this release knows versions up to %d", e.Found, e.Known)
}

// checkSchema makes sure that this release can use the book, and marks a new one.
func (tx *Tx) checkSchema() error {
	found, ok, err := Get[int](tx, metaTable, schemaKey)
	switch {
	case err != nil:
		return err
	case !ok && !tx.empty():
		return &corruptError{errors.New("it is a bbolt file of another program")}
	case !ok && tx.book.Writable():
		return tx.begin()
	case !ok: // whoever began it was killed, or failed, before it was filled
		return &corruptError{errors.New("it was not begun")}
	case *found > SchemaVersion:
		return &SchemaError{Found: *found, Known: SchemaVersion}
	case ok && *found != SchemaVersion:
		return &corruptError{fmt.Errorf("schema version %d never was", *found)}
	}
	return nil
}

// begin marks a new book with the schema version and has it filled with what is known
// from elsewhere.
func (tx *Tx) begin() error {
	if err := Put(tx, metaTable, schemaKey, SchemaVersion); err != nil || tx.rebuild == nil {
		return err
	}
	if err := tx.rebuild(tx); err != nil {
		return failure.To("rebuild state", err)
	}
	return nil
}

// empty reports whether the book has no tables, as a new one.
func (tx *Tx) empty() bool {
	name, _ := tx.book.Cursor().First()
	return name == nil
}
