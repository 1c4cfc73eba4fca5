package netns

import (
	"strings"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/state"
)

// What was looked up below /proc/thread-self the kernel takes down again when the thread ends, and whoever waits
// for the process, as a runtime does, takes it down too: with many at once, each spins until the other is done
// (proc_invalidate_siblings_dcache in fs/proc/inode.c). So nothing is looked up there that can be had otherwise.

// own opens the namespace of the calling thread, by a socket of it.
func own() (fd int, err error) {
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		fd, err = unix.IoctlRetInt(socket, unix.SIOCGSKNS)
		unix.Close(socket)
	}
	if err != nil {
		return 0, failure.To("open own network namespace", err)
	}
	return fd, nil
}

// Own returns the identity of the calling thread's namespace, without a path.
func Own() (state.Netns, error) {
	fd, err := own()
	if err != nil {
		return state.Netns{}, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return state.Netns{}, failure.To("stat own network namespace", err)
	}
	return state.Netns{Dev: st.Dev, Inode: st.Ino}, nil
}

// ProcNet returns the directory of proc(5) about the calling thread's namespace.
func ProcNet() string {
	own, err := Own()
	var first unix.Stat_t // where the first thread of the process is
	if err == nil && unix.Stat("/proc/self/ns/net", &first) == nil && first.Ino == own.Inode && first.Dev == own.Dev {
		return "/proc/self/net"
	}
	return "/proc/thread-self/net"
}

// ReadNet reads a file of that directory. It is os.ReadFile without the runtime's poller, which nothing else in a call needs.
func ReadNet(file string) (string, error) {
	path := ProcNet() + "/" + file
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", failure.To("open "+path, err)
	}
	defer unix.Close(fd)
	var text strings.Builder
	for piece := make([]byte, 16<<10); ; {
		n, err := unix.Read(fd, piece)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return "", failure.To("read "+path, err)
		case n == 0:
			return text.String(), nil
		}
		text.Write(piece[:max(n, 0)])
	}
}
