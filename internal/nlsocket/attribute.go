package nlsocket

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Attribute returns what the first attribute of a kind holds, and whether there is one.
func Attribute(list []byte, kind uint16) (value []byte, ok bool) {
	for len(list) > 0 {
		var k uint16
		if k, value, list = NextAttribute(list); k == kind {
			return value, true
		}
	}
	return nil, false
}

// NextAttribute returns the first attribute (struct nlattr, netlink(7)), without marks on its kind, and those
// behind it: none, and the kind 0, if it is cut short.
func NextAttribute(list []byte) (kind uint16, value, rest []byte) {
	if len(list) < unix.SizeofNlAttr {
		return 0, nil, nil
	}
	length := int(binary.NativeEndian.Uint16(list))
	if length < unix.SizeofNlAttr || length > len(list) {
		return 0, nil, nil
	}
	kind = binary.NativeEndian.Uint16(list[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
	return kind, list[unix.SizeofNlAttr:length], list[min(aligned(length), len(list)):]
}
