package state_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

// fill makes a state file with enough records for several pages and returns its path.
func fill(t testing.TB, s *state.Store) string {
	t.Helper()
	err := s.Update(context.Background(), func(tx *state.Tx) error {
		for i := range 200 {
			o := attachment.Owner{Network: "demo", ContainerID: fmt.Sprint("c", i), IfName: "eth0"}
			if err := tx.PutAttachment(state.Attachment{Owner: o, BootID: tx.BootID()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(s.Dir(), "state.db")
}

// damages change a state file so that it can't be used as it is.
var damages = map[string]func(content []byte) []byte{
	"cut to its header":       func(c []byte) []byte { return c[:2*4096] },
	"cut inside its header":   func(c []byte) []byte { return c[:100] },
	"cut by its last pages":   func(c []byte) []byte { return c[:5*4096] },
	"all zero":                func(c []byte) []byte { return make([]byte, len(c)) },
	"zero after its header":   func(c []byte) []byte { clear(c[2*4096:]); return c },
	"text":                    func([]byte) []byte { return []byte("hello\n") },
	"random":                  func(c []byte) []byte { return bytes.Repeat([]byte{0x5a, 0xa5, 0xff}, 9000) },
	"pages full of ones":      func(c []byte) []byte { copy(c[2*4096:], bytes.Repeat([]byte{0xff}, len(c)-2*4096)); return c },
	"a value that is no JSON": func(c []byte) []byte { return bytes.ReplaceAll(c, []byte(`{"owner"`), []byte(`}"owner"`)) },
}

// c7 is one of the attachments that fill enters.
var c7 = attachment.Owner{Network: "demo", ContainerID: "c7", IfName: "eth0"}

func TestDamagedFileIsSetAsideAndWorkGoesOn(t *testing.T) {
	for name, damage := range damages {
		for _, first := range []string{"View", "Update", "Update of a file that was in use"} {
			t.Run(name+", found by "+first, func(t *testing.T) {
				s := statetest.Open(t)
				path := fill(t, s)
				if first == "Update of a file that was in use" {
					has(t, s, c7)
				}
				content := damageFile(t, path, damage)
				warning := captureLog(t)
				if first == "View" {
					has(t, s, c7)
				}
				replace(t, s, state.Attachment{Owner: c7})
				put(t, s, state.Attachment{Owner: web})
				if !has(t, s, web) {
					t.Error("the new file does not keep what is written")
				}
				expectSetAside(t, path, content)
				for _, want := range []string{path, path + ".corrupt-1"} {
					if !strings.Contains(warning.String(), want) {
						t.Errorf("warning %q does not name %s", warning, want)
					}
				}
			})
		}
	}
}

// replace reads the former record before it writes the new one, as ADD does.
func replace(t *testing.T, s *state.Store, a state.Attachment) {
	t.Helper()
	err := s.Update(context.Background(), func(tx *state.Tx) error {
		if _, _, err := tx.Attachment(a.Owner); err != nil {
			return err
		}
		return tx.PutAttachment(a)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWildCountIsFoundBeforeUse: bbolt would take the overflow of a page for true, count up
// to it, and run out of memory.
func TestWildCountIsFoundBeforeUse(t *testing.T) {
	s := statetest.Open(t)
	path := fill(t, s)
	content := damageFile(t, path, func(c []byte) []byte {
		for page := 2 * 4096; page < len(c); page += 4096 {
			copy(c[page+12:], []byte{0xff, 0xff, 0xff, 0xff})
		}
		return c
	})
	put(t, s, state.Attachment{Owner: c7})
	expectSetAside(t, path, content)
}

func damageFile(t *testing.T, path string, damage func([]byte) []byte) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content = damage(content)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return content
}

func expectSetAside(t *testing.T, path string, content []byte) {
	t.Helper()
	kept, err := os.ReadFile(path + ".corrupt-1")
	if err != nil || !bytes.Equal(kept, content) {
		t.Errorf("file set aside: %v, %d bytes; want the %d found", err, len(kept), len(content))
	}
}

func captureLog(t *testing.T) *bytes.Buffer {
	var log bytes.Buffer
	former := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(former) })
	return &log
}

func TestEmptyFileIsBegun(t *testing.T) {
	s := statetest.Open(t)
	path := filepath.Join(s.Dir(), "state.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if has(t, s, web) {
		t.Error("an attachment is there")
	}
	put(t, s, state.Attachment{Owner: web})
	if !has(t, s, web) {
		t.Error("nothing was written")
	}
}

// writeForeign makes a bbolt file with one key in one table.
func writeForeign(t *testing.T, path, table, key, value string) []byte {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte(table))
		if err != nil {
			return err
		}
		return b.Put([]byte(key), []byte(value))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestFileOfAnotherProgramIsSetAside(t *testing.T) {
	s := statetest.Open(t)
	path := filepath.Join(s.Dir(), "state.db")
	content := writeForeign(t, path, "music", "title", "song")
	put(t, s, state.Attachment{Owner: web})
	expectSetAside(t, path, content)
}

func TestFileOfALaterReleaseIsRefusedAndUntouched(t *testing.T) {
	dir := t.TempDir()
	s, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "state.db")
	content := writeForeign(t, path, "meta", "schema", "1000")
	nothing := func(*state.Tx) error { return nil }
	for _, err := range []error{s.View(context.Background(), nothing), s.Update(context.Background(), nothing)} {
		var schema *state.SchemaError
		if !errors.As(err, &schema) || schema.Found != 1000 {
			t.Errorf("error %v, want a SchemaError", err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
		t.Errorf("the file was changed (%v)", err)
	}
	if entries, _ := filepath.Glob(path + "*"); len(entries) != 1 {
		t.Errorf("files %v", entries)
	}
}

// TestPanicOfTheCallerIsNotBlamedOnTheFile: a fault in the program must be seen, and cost no state.
func TestPanicOfTheCallerIsNotBlamedOnTheFile(t *testing.T) {
	s := statetest.Open(t)
	put(t, s, state.Attachment{Owner: web})
	var nothing *state.Attachment
	for _, run := range []func(context.Context, func(*state.Tx) error) error{s.View, s.Update} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = run(context.Background(), func(*state.Tx) error { nothing.HostLink = "x"; return nil })
		}()
		if !has(t, s, web) {
			t.Error("the state is gone")
		}
	}
}
