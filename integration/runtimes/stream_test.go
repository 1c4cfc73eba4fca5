package runtimes

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// stream is a connection of a client on the LAN with a published port, which says again what it hears.
type stream struct {
	to    io.Writer
	heard chan string
	said  int
}

func newStream(t *testing.T, name, port string) *stream {
	t.Helper()
	words := []string{"ip", "netns", "exec", "lan", probe(), "talk", hostAddress + ":" + port}
	cmd := exec.Command(words[0], words[1:]...)
	to, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &stream{to: to, heard: make(chan string)}
	go func() {
		defer close(s.heard)
		for lines := bufio.NewScanner(from); lines.Scan(); {
			s.heard <- lines.Text()
		}
	}()
	if line := s.next(t); !strings.HasPrefix(line, name+" saw ") {
		t.Fatalf("the stream begins with %q", line)
	}
	return s
}

// next waits for a line.
func (s *stream) next(t *testing.T) string {
	t.Helper()
	select {
	case line, open := <-s.heard:
		if !open {
			t.Fatal("the stream is over")
		}
		return line
	case <-time.After(10 * time.Second):
		t.Fatal("the stream says nothing any more")
	}
	return ""
}

// goesOn wants the stream to answer once more.
func (s *stream) goesOn(t *testing.T) {
	t.Helper()
	s.said++
	line := fmt.Sprint("line ", s.said)
	if _, err := fmt.Fprintln(s.to, line); err != nil {
		t.Fatal(err)
	}
	if heard := s.next(t); heard != line {
		t.Fatalf("the stream says %q, want %q", heard, line)
	}
}
