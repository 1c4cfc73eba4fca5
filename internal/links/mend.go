package links

import (
	"cmp"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// MendHostEnd makes the host's end of a port what it shall be. One that was taken off the bridge, or renamed, is down
// until all of it is right: its guard goes by its name and its device group. One that is missing is an error.
func (h *Host) MendHostEnd(p Port) error {
	link, found, err := h.hostEnd(p.HostName, p.Mark)
	if err != nil || !found {
		return failure.To("mend link "+p.HostName, cmp.Or(err, error(unix.ENODEV)))
	}
	bridge, err := h.raw.link(p.Bridge)
	if err != nil {
		return failure.To("find bridge "+p.Bridge, err)
	}
	p.Hairpin = p.Hairpin || link.hairpin
	if err := h.raw.mendHostEnd(&p, &link, bridge.Attrs().Index); err != nil {
		return failure.To("mend link "+p.HostName, err)
	}
	if err := h.mendVLANs(&p, link.Attrs().Index); err != nil {
		return err
	}
	return h.raw.setUp(nl.NewIfInfomsg(unix.AF_UNSPEC), name(p.HostName))
}

func (r *requests) mendHostEnd(p *Port, link *portLink, bridge int) error {
	a := link.Attrs()
	if a.Name != p.HostName || a.MasterIndex != bridge || link.state != Forwarding {
		if err := r.setFlags(ofLink(a.Index), unix.IFF_UP, 0); err != nil {
			return err
		}
	}
	data := []nl.NetlinkRequestData{ofLink(a.Index), number(unix.IFLA_GROUP, p.Group), number(unix.IFLA_MASTER, bridge)}
	if a.Name != p.HostName { // before Linux 6.2, a link that is up refuses the name that it has, too
		data = append(data, name(p.HostName))
	}
	if p.MTU != 0 {
		data = append(data, number(unix.IFLA_MTU, p.MTU))
	}
	if _, err := r.do(unix.RTM_NEWLINK, unix.NLM_F_ACK, data...); err != nil {
		return err
	}
	return r.finishHostEnd(p)
}

// AnswerNeighbours lets a link ask and answer for neighbours, as links do by default.
func (h *Host) AnswerNeighbours(linkName string) error {
	if err := h.raw.setFlags(nl.NewIfInfomsg(unix.AF_UNSPEC), unix.IFF_NOARP, 0, name(linkName)); err != nil {
		return failure.To("let "+linkName+" answer for neighbours", err)
	}
	return nil
}
