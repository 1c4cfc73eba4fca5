package plainjson

import (
	"encoding/json"
	"unicode/utf8"
)

// maxDepth is how deep values may be nested. Configs and records come to a handful.
const maxDepth = 100

// scanner passes over a text. Its methods report false at what is no JSON, or unusual.
type scanner struct {
	text  []byte
	at    int
	depth int
}

// peek passes over white space and returns the byte behind it; 0 at the end.
func (s *scanner) peek() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) atEnd() bool {
	return s.peek() == 0 && s.at == len(s.text)
}

func (s *scanner) word(w string) bool {
	rest := s.text[s.at:]
	if len(rest) < len(w) || string(rest[:len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

// elements calls each at the beginning of every element of a list, or member of an object.
func (s *scanner) elements(end byte, each func() bool) bool {
	s.at++ // the bracket
	s.depth++
	if s.depth > maxDepth {
		return false
	}
	for first := true; !first || !s.take(end); first = false {
		if !each() {
			return false
		}
		if s.take(end) {
			break
		}
		if !s.take(',') {
			return false
		}
	}
	s.depth--
	return true
}

// members calls each at the beginning of every value of an object.
func (s *scanner) members(each func(key []byte) bool) bool {
	return s.elements('}', func() bool {
		key, ok := s.bytes()
		return ok && s.take(':') && each(key)
	})
}

// skip passes over one value.
func (s *scanner) skip() bool {
	switch s.peek() {
	case '{':
		return s.members(func([]byte) bool { return s.skip() })
	case '[':
		return s.elements(']', s.skip)
	case '"':
		raw, plain := s.quoted()
		return plain || json.Valid(raw)
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	_, ok := s.number()
	return ok
}

// raw passes over one value and returns its text.
func (s *scanner) raw() ([]byte, bool) {
	s.peek()
	from := s.at
	ok := s.skip()
	return s.text[from:s.at], ok
}

// bytes passes over a text in quotes and returns what it means.
func (s *scanner) bytes() ([]byte, bool) {
	raw, plain := s.quoted()
	if plain {
		return raw[1 : len(raw)-1], true
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return []byte(text), err == nil
}

// quoted passes over a text in quotes. A plain one means what it says; another one may have escapes, or be none.
func (s *scanner) quoted() (raw []byte, plain bool) {
	if s.peek() != '"' {
		return nil, false
	}
	rest := s.text[s.at:]
	plain = true
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '"':
			s.at += i + 1
			return rest[:i+1], plain
		case c == '\\':
			i++
			plain = false
		case c < ' ' || c >= utf8.RuneSelf:
			plain = false
		}
	}
	return nil, false
}

func (s *scanner) number() (text []byte, ok bool) {
	s.peek()
	from := s.at
	whole := true
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c >= '0' && c <= '9':
			continue
		case c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E':
			whole = false
			continue
		}
		break
	}
	text = s.text[from:s.at]
	if whole && len(text) > 0 && (text[0] != '0' || len(text) == 1) {
		return text, true
	}
	return text, json.Valid(text)
}
