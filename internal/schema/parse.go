package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Parse reads one JSON value. An error is a *SyntaxError.
func Parse(text []byte) (*Node, error) {
	// The decoder's own errors don't say where in the text they are.
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, &json.RawMessage{}); errors.As(err, &syntax) {
		return nil, &SyntaxError{At: max(0, int(syntax.Offset)-1), Reason: err.Error()}
	}
	p := parser{text: text, decoder: json.NewDecoder(bytes.NewReader(text))}
	p.decoder.UseNumber()
	n, err := p.value()
	if err != nil {
		return n, &SyntaxError{Reason: err.Error()}
	}
	return n, nil
}

// SyntaxError says where a text stops being JSON.
type SyntaxError struct {
	At     int
	Reason string
}

func (e *SyntaxError) Error() string { return e.Reason }

type parser struct {
	text    []byte
	decoder *json.Decoder
}

// start is the offset of the token that comes next.
func (p parser) start() int {
	at := int(p.decoder.InputOffset())
	for at < len(p.text) && strings.IndexByte(" \t\r\n,:", p.text[at]) >= 0 {
		at++
	}
	return at
}

func (p parser) value() (*Node, error) {
	n := &Node{At: p.start()}
	token, err := p.decoder.Token()
	if err != nil {
		return n, err
	}
	switch t := token.(type) {
	case json.Delim:
		err = p.inside(n, t)
	case string:
		n.Kind, n.Text = String, t
	case json.Number:
		n.Kind, n.Text = Integer, t.String()
		if strings.ContainsAny(n.Text, ".eE") {
			n.Kind = Number
		}
	case bool:
		n.Kind, n.Text = Boolean, fmt.Sprint(t)
	default:
		n.Kind = Null
	}
	n.end = int(p.decoder.InputOffset())
	return n, err
}

// inside reads what an object or an array has, and its end.
func (p parser) inside(n *Node, open json.Delim) error {
	n.Kind = Object
	if open == '[' {
		n.Kind = Array
	}
	for p.decoder.More() {
		m := Member{At: p.start()}
		if n.Kind == Object {
			key, err := p.decoder.Token()
			if err != nil {
				return err
			}
			m.Name, _ = key.(string)
		}
		var err error
		if m.Value, err = p.value(); err != nil {
			return err
		}
		if n.Kind == Object {
			n.Members = append(n.Members, m)
		} else {
			n.Items = append(n.Items, m.Value)
		}
	}
	_, err := p.decoder.Token()
	return err
}
