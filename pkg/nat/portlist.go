package nat

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"vethbridge/internal/failure"
)

// ports are those of a mapping: the host's from first to last, and the container's that first leads to.
type ports struct{ first, last, to uint16 }

// portList is written "8000:80 9000-9099:1000".
type portList []ports

// MarshalText writes the list.
func (l portList) MarshalText() ([]byte, error) {
	text := make([]byte, 0, len("65535:65535 ")*len(l))
	for i, p := range l {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendUint(text, uint64(p.first), 10)
		if p.last != p.first {
			text = strconv.AppendUint(append(text, '-'), uint64(p.last), 10)
		}
		text = strconv.AppendUint(append(text, ':'), uint64(p.to), 10)
	}
	return text, nil
}

// UnmarshalText reads a list.
func (l *portList) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	*l = make(portList, len(words))
	for i, word := range words {
		if err := (*l)[i].read(word); err != nil {
			return err
		}
	}
	return nil
}

func (p *ports) read(word string) error {
	host, to, _ := strings.Cut(word, ":")
	first, last, ranged := strings.Cut(host, "-")
	if !ranged {
		last = first
	}
	var n [3]uint64
	for i, text := range [...]string{first, last, to} {
		var err error
		if n[i], err = strconv.ParseUint(text, 10, 16); err != nil {
			return failure.To("ports "+strconv.Quote(word), err)
		}
	}
	if n[1] < n[0] || n[2]+n[1]-n[0] > math.MaxUint16 {
		return fmt.Errorf("ports %q are no range", word)
	}
	*p = ports{uint16(n[0]), uint16(n[1]), uint16(n[2])}
	return nil
}
