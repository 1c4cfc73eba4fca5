package firewalld

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"vethbridge/internal/failure"
)

// message is a call whose arguments are texts (D-Bus specification, "Message Protocol").
type message struct {
	path, iface, member, destination string
	arguments                        []string
}

// Types and flags of messages, and the codes of fields in their headers.
const (
	methodCall   = 1
	errorMessage = 3
	noAutoStart  = 2

	fieldPath        = 1
	fieldInterface   = 2
	fieldMember      = 3
	fieldErrorName   = 4
	fieldReplySerial = 5
	fieldDestination = 6
	fieldSignature   = 8
)

// maxMessage is far more than any answer that is of use.
const maxMessage = 1 << 20

func pad(b []byte, to int) []byte {
	for len(b)%to != 0 {
		b = append(b, 0)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.LittleEndian.AppendUint32(pad(b, 4), uint32(len(s)))
	return append(append(b, s...), 0)
}

func (m message) encode(serial uint32) []byte {
	var body []byte
	for _, a := range m.arguments {
		body = appendText(body, a)
	}
	var fields []byte
	text := func(code byte, kind byte, value string) {
		fields = appendText(append(pad(fields, 8), code, 1, kind, 0), value)
	}
	text(fieldPath, 'o', m.path)
	text(fieldInterface, 's', m.iface)
	text(fieldMember, 's', m.member)
	text(fieldDestination, 's', m.destination)
	if n := len(m.arguments); n > 0 {
		fields = append(pad(fields, 8), fieldSignature, 1, 'g', 0, byte(n))
		fields = append(append(fields, strings.Repeat("s", n)...), 0)
	}
	b := []byte{'l', methodCall, noAutoStart, 1}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = binary.LittleEndian.AppendUint32(b, serial)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(fields)))
	return append(pad(append(b, fields...), 8), body...)
}

// answer is what a message says that is of use here.
type answer struct {
	to     uint32 // serial of the call
	failed string // name of the error; empty if there is none
	text   string // the first argument, if that is a text
}

var errMalformed = errors.New("the bus sent a message that can't be read")

func readAnswer(r io.Reader) (a answer, err error) {
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return a, failure.To("read from D-Bus", err)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 'B' {
		order = binary.BigEndian
	}
	bodyLength, fieldsLength := order.Uint32(head[4:]), order.Uint32(head[12:])
	if bodyLength > maxMessage || fieldsLength > maxMessage {
		return a, errMalformed
	}
	rest := make([]byte, (fieldsLength+7)/8*8+bodyLength)
	if _, err := io.ReadFull(r, rest); err != nil {
		return a, failure.To("read from D-Bus", err)
	}
	d := decoder{order: order, left: rest[:fieldsLength]}
	signature := ""
	for len(d.left) > 0 && !d.failed {
		d.field(&a, &signature)
	}
	if d.failed {
		return a, errMalformed
	}
	if strings.HasPrefix(signature, "s") {
		body := decoder{order: order, left: rest[len(rest)-int(bodyLength):]}
		a.text = body.text()
	}
	if head[1] == errorMessage && a.failed == "" {
		a.failed = "an error without a name"
	}
	return a, nil
}

// decoder reads values one after the other. What is cut short makes it fail, and be at its end.
type decoder struct {
	order  binary.ByteOrder
	left   []byte
	at     int
	failed bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.left) {
		d.failed, d.left = true, nil
		return make([]byte, min(max(n, 0), 8))
	}
	b := d.left[:n]
	d.left, d.at = d.left[n:], d.at+n
	return b
}

func (d *decoder) align(to int) { d.take((to - d.at%to) % to) }

func (d *decoder) number() uint32 {
	d.align(4)
	return d.order.Uint32(d.take(4))
}

func (d *decoder) text() string {
	n := d.number()
	if n > maxMessage {
		d.failed, d.left = true, nil
		return ""
	}
	s := string(d.take(int(n)))
	d.take(1)
	return s
}

// short is a text whose length is one byte: a signature.
func (d *decoder) short() string {
	s := string(d.take(int(d.take(1)[0])))
	d.take(1)
	return s
}

// field reads one of the header's, each a code and a variant.
func (d *decoder) field(a *answer, signature *string) {
	d.align(8)
	if len(d.left) == 0 {
		return
	}
	code := d.take(1)[0]
	switch d.short() {
	case "s", "o":
		if text := d.text(); code == fieldErrorName {
			a.failed = text
		}
	case "g":
		if text := d.short(); code == fieldSignature {
			*signature = text
		}
	case "u":
		if n := d.number(); code == fieldReplySerial {
			a.to = n
		}
	default:
		d.failed, d.left = true, nil
	}
}
