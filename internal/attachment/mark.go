package attachment

import "strings"

const (
	// MarkPrefix begins every mark, so that marks of other programs are never taken for ours.
	MarkPrefix = "vethbridge "
	// maxMark is what an nftables comment can hold: NFTNL_UDATA_COMMENT_MAXLEN is 128 with
	// the terminating zero. A link alias could hold 255 (IFALIASZ, linux/if.h).
	maxMark = 127
	// linkPrefix and linkDigits make a host-side link name of 15 bytes, the longest that the
	// kernel takes (IFNAMSIZ less the terminating zero).
	linkPrefix = "veth"
	linkDigits = 11
)

// Mark returns the text put on kernel objects of this owner: a link's alias, the comment
// of an nftables element or an iptables rule. It is at most 127 bytes long; an owner whose
// names don't fit gets a hash, which still compares equal but can't be parsed back.
func (o Owner) Mark() string {
	mark := MarkPrefix + o.String()
	if len(mark) <= maxMark {
		return mark
	}
	return MarkPrefix + hashPrefix + digest(string(o.Key()))
}

// ParseMark returns the owner that a mark names. It reports false for marks of other
// programs, of networks (NetworkMark) and for hashed ones.
func ParseMark(mark string) (Owner, bool) {
	rest, ok := strings.CutPrefix(mark, MarkPrefix)
	if !ok {
		return Owner{}, false
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 3 {
		return Owner{}, false
	}
	return Owner{Network: parts[0], ContainerID: parts[1], IfName: parts[2]}, true
}

// HostLink returns the name of the attachment's host-side link, derived from the owner
// alone, so that DEL finds it without any record.
func (o Owner) HostLink() string {
	return linkPrefix + digest(string(o.Key()))[:linkDigits]
}
