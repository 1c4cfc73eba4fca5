package links

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// MaxPorts is how many ports a bridge can have (BR_MAX_PORTS in net/bridge/br_private.h, less
// the number 0).
const MaxPorts = 1023

// CountPorts returns how many ports the bridge has; none if it is missing. A link of that name that
// is no bridge is a *NotABridgeError.
func (h *Host) CountPorts(name string) (int, error) {
	link, err := h.find(name)
	if isMissing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, failure.To("find bridge "+name, err)
	}
	if link.Type() != "bridge" {
		return 0, &NotABridgeError{name, link.Type()}
	}
	return h.raw.countPorts(name)
}

// portsOf is a request to a bridge: struct ifreq (netdevice(7)) with a pointer to the arguments.
type portsOf struct {
	name      [unix.IFNAMSIZ]byte
	arguments *portList
	_         [16]byte // what else the kernel's union has room for
}

// portList is the request BRCTL_GET_PORT_LIST of uapi/linux/if_bridge.h. The kernel writes the index
// of each port's link at the port's number.
type portList struct {
	command uint
	indices *[MaxPorts + 1]int32
	size    uint
	_       uint
}

// countPorts asks by ioctl(2): netlink knows no question about the ports of a bridge that is answered with
// less than a kilobyte for each.
func (r *requests) countPorts(bridge string) (count int, err error) {
	const getPortList = 7
	list := portList{command: getPortList, indices: new([MaxPorts + 1]int32), size: MaxPorts + 1}
	request := portsOf{arguments: &list}
	copy(request.name[:unix.IFNAMSIZ-1], bridge)
	const devicePrivate = 0x89f0 // SIOCDEVPRIVATE
	if _, _, failed := unix.Syscall(unix.SYS_IOCTL, uintptr(r.socket.FD()), devicePrivate, uintptr(unsafe.Pointer(&request))); failed != 0 {
		return 0, failure.To("list ports of "+bridge, failed)
	}
	for _, index := range list.indices {
		if index != 0 {
			count++
		}
	}
	return count, nil
}
