package links

import (
	"errors"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// otherName is what the host's end of a port is called beside its name (ip-link(8), "property"). It stays when somebody
// gives the link another name, and the kernel finds a link by it as by its name; a search for the mark would
// list all links, which takes half a second beside 4,000. It is too long to be the name of any link.
func otherName(hostName string) string { return "vethbridge-" + hostName }

// addOtherName names a link for good. Linux before 5.5 knows one name only.
func (r *requests) addOtherName(hostName string) error {
	list := nl.NewRtAttr(unix.IFLA_PROP_LIST|unix.NLA_F_NESTED, nil)
	list.AddRtAttr(unix.IFLA_ALT_IFNAME, nl.ZeroTerminated(otherName(hostName)))
	_, err := r.do(unix.RTM_NEWLINKPROP, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, nl.NewIfInfomsg(unix.AF_UNSPEC), name(hostName), list)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	return err
}

// HasPort reports whether the host's end of an attachment's port is there, whatever it is called now.
func (h *Host) HasPort(hostName, mark string) (bool, error) {
	_, found, err := h.hostEnd(hostName, mark)
	return found, err
}

// hostEnd finds the host's end of a port by either name. One that carries no mark at all counts too:
// a plugin was killed between making and marking it, or somebody has given it another alias.
func (h *Host) hostEnd(hostName, mark string) (link portLink, found bool, err error) {
	link, err = h.raw.link(hostName)
	if err == nil && !belongs(link, mark) || isMissing(err) {
		link, err = h.raw.getLink(hostName, nl.NewIfInfomsg(unix.AF_UNSPEC), nl.NewRtAttr(unix.IFLA_ALT_IFNAME, nl.ZeroTerminated(otherName(hostName))))
	}
	if isMissing(err) || err == nil && !belongs(link, mark) {
		return portLink{}, false, nil
	}
	if err != nil {
		return portLink{}, false, failure.To("find link "+hostName, err)
	}
	return link, true, nil
}

func belongs(link netlink.Link, mark string) bool {
	return markOf(link) == mark || link.Type() == "veth" && !sameMaker(markOf(link), mark)
}
