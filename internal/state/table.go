package state

import (
	"bytes"
	"errors"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"

	"vethbridge/internal/failure"
	"vethbridge/internal/plainjson"
)

// Table names a set of keys with JSON values of one type. Each library declares its own.
type Table string

// Tx is one transaction over the book. It is valid only inside the function that it was
// given to, and not safe for concurrent use.
type Tx struct {
	book    *bbolt.Tx // nil where the state file does not exist yet
	bootID  string
	rebuild func(*Tx) error // of a new book; may be nil
}

// ErrStop ends a walk of Each early and without an error, when the function given to it
// returns it.
var ErrStop = errors.New("stop")

// BootID returns the identity of the running boot.
func (tx *Tx) BootID() string { return tx.bootID }

func (tx *Tx) bucket(t Table) *bbolt.Bucket {
	if tx.book == nil {
		return nil
	}
	return tx.book.Bucket([]byte(t))
}

// errReadOnly is a programming error: a change inside View.
var errReadOnly = errors.New("change in a read-only transaction")

func (tx *Tx) writable(t Table) (*bbolt.Bucket, error) {
	if tx.book == nil || !tx.book.Writable() {
		return nil, errReadOnly
	}
	if b := tx.bucket(t); b != nil {
		return b, nil
	}
	b, err := tx.book.CreateBucket([]byte(t))
	if err != nil {
		return nil, failure.To("make table "+string(t), err)
	}
	return b, nil
}

// Get reads the value at key; it reports false if there is none, which the zero value stands for then.
func Get[V any](tx *Tx, t Table, key []byte) (*V, bool, error) {
	v := new(V)
	ok, err := tx.get(t, key, v)
	return v, ok, err
}

// get, as the others that take any, is compiled once, not for each type of values.
func (tx *Tx) get(t Table, key []byte, into any) (bool, error) {
	b := tx.bucket(t)
	if b == nil {
		return false, nil
	}
	data := b.Get(key)
	if data == nil {
		return false, nil
	}
	err := decode(t, key, data, into)
	return err == nil, err
}

// decode reads a copy of data: a fault in the mapping of the file must happen here, where
// it is known for what it is.
func decode(t Table, key, data []byte, into any) error {
	if err := plainjson.Unmarshal(append([]byte(nil), data...), into); err != nil {
		return &recordError{table: t, key: key, cause: err}
	}
	return nil
}

// Encoded is a value as it is written.
type Encoded []byte

// Encode makes the text of a value that is to be written at many keys.
func Encode(v any) (Encoded, error) { return plainjson.Marshal(v) }

// Put writes the value at key.
func Put(tx *Tx, t Table, key []byte, v any) error {
	text, err := Encode(v)
	if err != nil {
		return err
	}
	return PutEncoded(tx, t, key, text)
}

// PutEncoded writes an encoded value at key. It must stay as it is until the transaction is over.
func PutEncoded(tx *Tx, t Table, key []byte, text Encoded) error {
	b, err := tx.writable(t)
	if err != nil {
		return err
	}
	if err := b.Put(key, text); err != nil {
		return fmt.Errorf("write %s %q: %w", t, key, err)
	}
	return nil
}

// Has reports whether there is a value at key, without reading it.
func Has(tx *Tx, t Table, key []byte) bool {
	b := tx.bucket(t)
	return b != nil && b.Get(key) != nil
}

// Next returns a number greater than all it gave before for this table.
func Next(tx *Tx, t Table) (uint64, error) {
	b, err := tx.writable(t)
	if err != nil {
		return 0, err
	}
	n, err := b.NextSequence()
	if err != nil {
		return 0, failure.To("number entry of "+string(t), err)
	}
	return n, nil
}

// Keys walks the keys of a table in byte order, beginning with from, without reading the
// values. The walk must not change the table.
func Keys(tx *Tx, t Table, from []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		b := tx.bucket(t)
		if b == nil {
			return
		}
		c := b.Cursor()
		for key, _ := c.Seek(from); key != nil; key, _ = c.Next() {
			if !yield(append([]byte(nil), key...)) {
				return
			}
		}
	}
}

// KeysWith is Keys of those that begin with prefix.
func KeysWith(tx *Tx, t Table, prefix []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for key := range Keys(tx, t, prefix) {
			if !bytes.HasPrefix(key, prefix) || !yield(key) {
				return
			}
		}
	}
}

// Delete removes key; a missing one is no error.
func Delete(tx *Tx, t Table, key []byte) error {
	b := tx.bucket(t)
	if b == nil {
		return nil
	}
	if err := b.Delete(key); err != nil {
		return fmt.Errorf("delete %s %q: %w", t, key, err)
	}
	return nil
}

// Each calls fn for every key that begins with prefix, in byte order, until fn returns an
// error; ErrStop ends the walk early with success. fn must not change the table; the value is its own.
func Each[V any](tx *Tx, t Table, prefix []byte, fn func(key []byte, v *V) error) error {
	for w := tx.walk(t, prefix); w.more(); {
		v := new(V)
		key, err := w.next(v)
		if err == nil {
			err = fn(key, v)
		}
		if errors.Is(err, ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// walk is on its way through the keys of a table that begin with prefix.
type walk struct {
	table     Table
	prefix    []byte
	cursor    *bbolt.Cursor
	key, data []byte // what comes next
}

func (tx *Tx) walk(t Table, prefix []byte) *walk {
	w := &walk{table: t, prefix: prefix}
	if b := tx.bucket(t); b != nil {
		w.cursor = b.Cursor()
		w.key, w.data = w.cursor.Seek(prefix)
	}
	return w
}

func (w *walk) more() bool { return w.key != nil && bytes.HasPrefix(w.key, w.prefix) }

// next reads a value.
func (w *walk) next(into any) (key []byte, err error) {
	key = append([]byte{}, w.key...)
	if err := decode(w.table, key, w.data, into); err != nil {
		return nil, err
	}
	w.key, w.data = w.cursor.Next()
	return key, nil
}
