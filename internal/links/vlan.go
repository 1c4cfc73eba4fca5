package links

import (
	"encoding/binary"
	"fmt"
	"maps"
	"sort"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
)

// VLANs are those of a port.
type VLANs = attachment.VLANs

func said(v *VLANs) bool { return v.Native != 0 || len(v.Trunk) > 0 }

// vlanSet maps a VLAN to its flags on a port, pvid and untagged.
type vlanSet map[uint16]uint16

const vlanFlags = nl.BRIDGE_VLAN_INFO_PVID | nl.BRIDGE_VLAN_INFO_UNTAGGED

// wanted is what the port has in the end, on a bridge with the default VLAN (0: none).
func wanted(v *VLANs, byDefault uint16) vlanSet {
	set := vlanSet{}
	if v.KeepDefault && byDefault != 0 {
		set[byDefault] = nl.BRIDGE_VLAN_INFO_UNTAGGED
	}
	for _, vlan := range v.Trunk {
		set[uint16(vlan)] = 0
	}
	if v.Native != 0 {
		set[uint16(v.Native)] = vlanFlags
	}
	return set
}

// ranges are runs of VLANs with the same flags, as the kernel takes and tells them; the
// native one stands alone.
func (s vlanSet) ranges() [][2]uint16 {
	var list [][2]uint16
	vlans := make([]uint16, 0, len(s))
	for vlan := range s {
		vlans = append(vlans, vlan)
	}
	sort.Slice(vlans, func(i, j int) bool { return vlans[i] < vlans[j] })
	for _, vlan := range vlans {
		last := len(list) - 1
		if last >= 0 && list[last][1]+1 == vlan && s[vlan] == s[list[last][1]] && s[vlan]&nl.BRIDGE_VLAN_INFO_PVID == 0 {
			list[last][1] = vlan
		} else {
			list = append(list, [2]uint16{vlan, vlan})
		}
	}
	return list
}

// String returns "1 untagged, 100 native, 200-299".
func (s vlanSet) String() string {
	var texts []string
	for _, r := range s.ranges() {
		text := fmt.Sprint(r[0])
		if r[1] != r[0] {
			text += fmt.Sprint("-", r[1])
		}
		switch {
		case s[r[0]]&nl.BRIDGE_VLAN_INFO_PVID != 0:
			text += " native"
		case s[r[0]]&nl.BRIDGE_VLAN_INFO_UNTAGGED != 0:
			text += " untagged"
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return "no VLAN"
	}
	return strings.Join(texts, ", ")
}

// setPortVLANs comes before the container's end goes up, so that no frame ever passes in
// the default VLAN.
func (h *Host) setPortVLANs(p *Port) error {
	if !said(&p.VLANs) {
		return nil
	}
	byDefault, err := h.defaultVLAN(p.Bridge)
	if err != nil {
		return err
	}
	port, err := rare.LinkByName(p.HostName)
	if err != nil {
		return failure.To("find link "+p.HostName, err)
	}
	have := vlanSet{}
	if byDefault != 0 {
		have[byDefault] = vlanFlags
	}
	return h.changeVLANs(p, port.Attrs().Index, have, wanted(&p.VLANs, byDefault))
}

// mendVLANs is setPortVLANs for a port that others have put into VLANs.
func (h *Host) mendVLANs(p *Port, index int) error {
	if !said(&p.VLANs) {
		return nil
	}
	byDefault, err := h.defaultVLAN(p.Bridge)
	if err != nil {
		return err
	}
	have, err := h.raw.vlans(index)
	if err != nil {
		return failure.To("list VLANs of "+p.HostName, err)
	}
	return h.changeVLANs(p, index, have, wanted(&p.VLANs, byDefault))
}

func (h *Host) changeVLANs(p *Port, index int, have, want vlanSet) error {
	for vlan := range have {
		if _, stays := want[vlan]; stays {
			continue
		}
		if err := rare.BridgeVlanDel(device(Link{Index: index}), vlan, false, false, false, true); err != nil {
			return failure.To("take "+p.HostName+" out of VLAN "+strconv.Itoa(int(vlan)), err)
		}
	}
	if err := h.raw.addVLANs(index, want); err != nil {
		return failure.To("put "+p.HostName+" into VLANs "+want.String(), err)
	}
	return nil
}

// defaultVLAN is the one that every new port of a bridge gets; 0: none.
func (h *Host) defaultVLAN(name string) (uint16, error) {
	link, err := rare.LinkByName(name)
	if err != nil {
		return 0, failure.To("find bridge "+name, err)
	}
	if bridge, ok := link.(*netlink.Bridge); ok && bridge.VlanDefaultPVID != nil {
		return *bridge.VlanDefaultPVID, nil
	}
	return 0, nil
}

// addVLANs says all by one message.
func (r *requests) addVLANs(port int, set vlanSet) error {
	of := nl.NewIfInfomsg(unix.AF_BRIDGE)
	of.Index = int32(port)
	spec := nl.NewRtAttr(unix.IFLA_AF_SPEC, nil)
	spec.AddRtAttr(nl.IFLA_BRIDGE_FLAGS, nl.Uint16Attr(nl.BRIDGE_FLAGS_MASTER))
	for _, run := range set.ranges() {
		flags := set[run[0]]
		if run[0] == run[1] {
			spec.AddRtAttr(nl.IFLA_BRIDGE_VLAN_INFO, vlanInfo(flags, run[0]))
			continue
		}
		spec.AddRtAttr(nl.IFLA_BRIDGE_VLAN_INFO, vlanInfo(flags|nl.BRIDGE_VLAN_INFO_RANGE_BEGIN, run[0]))
		spec.AddRtAttr(nl.IFLA_BRIDGE_VLAN_INFO, vlanInfo(flags|nl.BRIDGE_VLAN_INFO_RANGE_END, run[1]))
	}
	_, err := r.do(unix.RTM_SETLINK, unix.NLM_F_ACK, of, spec)
	return err
}

// vlanInfo is struct bridge_vlan_info (uapi/linux/if_bridge.h).
func vlanInfo(flags, vlan uint16) []byte {
	return binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, flags), vlan)
}

// From uapi/linux/if_bridge.h: struct br_vlan_msg, and the attributes of RTM_GETVLAN.
const (
	sizeofVLANMsg  = 8
	vlanEntry      = 1
	vlanEntryInfo  = 1
	vlanEntryRange = 2
)

// vlans lists the VLANs of one port (Linux 5.6 and later).
func (r *requests) vlans(port int) (vlanSet, error) {
	of := message(binary.NativeEndian.AppendUint32([]byte{unix.AF_BRIDGE, 0, 0, 0}, uint32(port)))
	msgs, err := r.do(unix.RTM_GETVLAN, unix.NLM_F_DUMP, of)
	set := vlanSet{}
	for i := 0; i < len(msgs) && err == nil; i++ {
		err = set.parse(msgs[i][sizeofVLANMsg:])
	}
	return set, err
}

func (s vlanSet) parse(attributes []byte) error {
	entries, err := nl.ParseRouteAttr(attributes)
	for i := 0; i < len(entries) && err == nil; i++ {
		if entries[i].Attr.Type&^unix.NLA_F_NESTED == vlanEntry {
			err = s.parseEntry(entries[i].Value)
		}
	}
	return err
}

func (s vlanSet) parseEntry(attributes []byte) error {
	attrs, err := nl.ParseRouteAttrAsMap(attributes)
	info := attrs[vlanEntryInfo].Value
	if err != nil || len(info) < 4 {
		return err
	}
	first := binary.NativeEndian.Uint16(info[2:])
	last := first
	if end := attrs[vlanEntryRange].Value; len(end) >= 2 {
		last = binary.NativeEndian.Uint16(end)
	}
	for vlan := first; vlan <= last; vlan++ {
		s[vlan] = binary.NativeEndian.Uint16(info) & vlanFlags
	}
	return nil
}

func (h *Host) checkVLANs(p *Port, index int, d *differences) {
	if !said(&p.VLANs) {
		return
	}
	byDefault, err := h.defaultVLAN(p.Bridge)
	d.fail(err)
	have, err := h.raw.vlans(index)
	d.fail(err)
	want := wanted(&p.VLANs, byDefault)
	d.when(err == nil && !maps.Equal(have, want), "port %s is in %s, not in %s", p.HostName, have, want)
}
