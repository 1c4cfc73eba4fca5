package sysctl

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// instance is one of procfs.
type instance struct {
	made    sync.Once
	root    int // -1 where it was refused
	refused func(error)
}

// apart is the process's own instance; nil if it goes by /proc.
var apart atomic.Pointer[instance]

// errReadOnly says that whoever set this host up wants no sysctl of the network written from here.
var errReadOnly = errors.New("/proc/sys/net is read-only")

// Apart makes the process look up sysctls of IPv4 and IPv6 in an instance of procfs of its own, until it ends. That
// instance is made at the first look-up, mounted nowhere, and not inherited by programs; each thread sees in it the
// sysctls of its own namespaces, as in /proc. Where it is refused, as in some nested or rootless set-ups and before
// Linux 5.2, refused is told why, and all stays as it was. Until Linux 5.8, all instances of a pid namespace
// are one, with the same memory: nothing is won then.
//
// It is for hosts with many namespaces: what /proc remembers of each has the same name, such as net/ipv4, and
// a look-up of that name goes through all of it (proc_sys_compare in fs/proc/proc_sysctl.c). A new instance remembers
// nothing.
func Apart(refused func(error)) { apart.CompareAndSwap(nil, &instance{refused: refused}) }

// open opens a sysctl, apart if its name is one that is looked up in each namespace.
func open(key string, flags int) (fd int, err error) {
	dir, path := unix.AT_FDCWD, "/proc/sys/"
	if own := apart.Load(); own != nil && strings.HasPrefix(key, "net/ipv") {
		own.made.Do(own.make)
		if own.root >= 0 {
			dir, path = own.root, "sys/"
		}
	}
	return unix.Openat(dir, path+key, flags|unix.O_CLOEXEC, 0)
}

func (i *instance) make() {
	var err error
	if i.root, err = makeOwn(); err != nil {
		i.refused(failure.To("make an instance of procfs", err))
	}
}

// makeOwn makes an instance of procfs and returns its root (fsopen(2), fsmount(2)). It leaves a /proc/sys/net that was
// made read-only alone: another one would not be.
func makeOwn() (root int, err error) {
	var shared unix.Statfs_t
	if err := unix.Statfs("/proc/sys/net", &shared); err != nil {
		return -1, err
	}
	if shared.Flags&unix.ST_RDONLY != 0 {
		return -1, errReadOnly
	}
	context, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(context)
	if err := unix.FsconfigCreate(context); err != nil {
		return -1, err
	}
	return unix.Fsmount(context, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
}
