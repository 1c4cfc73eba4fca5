package state_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"vethbridge/internal/state"
)

// FuzzStateFile overwrites a part of a state file with any bytes, and cuts it. Whatever
// comes of it, neither reading nor writing panics or blocks, and a new attachment can be
// entered.
func FuzzStateFile(f *testing.F) {
	s, err := state.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	intact, err := os.ReadFile(fill(f, s))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, uint(0), uint(len(intact)))
	f.Add([]byte("hello"), uint(0), uint(5))
	f.Add([]byte{0xff, 0xff}, uint(3*4096+10), uint(len(intact)))
	f.Add([]byte{}, uint(0), uint(4096))
	f.Fuzz(func(t *testing.T, bytes []byte, offset, length uint) {
		content := append([]byte(nil), intact...)
		copy(content[offset%uint(len(content)):], bytes)
		content = content[:min(length, uint(len(content)))]
		s, err := state.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.Dir(), "state.db"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		useDamaged(t, s)
	})
}

// useDamaged reads and writes a book that may be damaged. A clear refusal is as good as
// success (the version may have come to be a later one), but not twice in a row.
func useDamaged(t *testing.T, s *state.Store) {
	err := s.View(context.Background(), func(tx *state.Tx) error {
		_, err := tx.Attachments("")
		return err
	})
	if err != nil {
		t.Logf("read: %v", err)
	}
	err = s.Update(context.Background(), func(tx *state.Tx) error {
		return tx.PutAttachment(state.Attachment{Owner: web})
	})
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	if !has(t, s, web) {
		t.Error("what was written is not there")
	}
}
