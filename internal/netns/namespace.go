package netns

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/state"
)

// nsGetNsType is NS_GET_NSTYPE, _IO(0xb7, 0x3) (uapi/linux/nsfs.h).
const nsGetNsType = 0xb703

// Namespace is an open network namespace. It stays alive until Close, whatever happens to
// its path.
type Namespace struct {
	fd       int
	identity state.Netns
}

// Open opens the namespace at path: an nsfs file of type net, other than the process's own.
// Anything else is one of the errors of this package. It never blocks, whatever kind of
// file there is.
func Open(path string) (*Namespace, error) {
	if err := probe(path); err != nil {
		return nil, err
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, failure.To("open network namespace "+strconv.Quote(path), err)
	}
	n, err := newNamespace(fd, path)
	if err != nil {
		unix.Close(fd)
	}
	return n, err
}

func newNamespace(fd int, path string) (*Namespace, error) {
	if kind, err := unix.IoctlRetInt(fd, nsGetNsType); err != nil || kind != unix.CLONE_NEWNET {
		return nil, &NotNetnsError{path}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, failure.To("stat network namespace "+strconv.Quote(path), err)
	}
	own, err := Own()
	if err != nil {
		return nil, err
	}
	if st.Dev == own.Dev && st.Ino == own.Inode {
		return nil, &HostNetnsError{path}
	}
	return &Namespace{fd: fd, identity: state.Netns{Path: path, Dev: st.Dev, Inode: st.Ino}}, nil
}

// probe looks at the file without opening it for real: to open a FIFO or a device has
// effects.
func probe(path string) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return &NotExistError{path}
	}
	if err != nil {
		return failure.To("open network namespace "+strconv.Quote(path), err)
	}
	defer unix.Close(fd)
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return failure.To("stat file system of "+strconv.Quote(path), err)
	}
	if fs.Type != unix.NSFS_MAGIC {
		return &NotNetnsError{path}
	}
	return nil
}

// Identify returns the identity of the namespace at path, which may be the process's own.
func Identify(path string) (state.Netns, error) {
	if err := probe(path); err != nil {
		return state.Netns{}, err
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return state.Netns{}, failure.To("stat network namespace "+strconv.Quote(path), err)
	}
	return state.Netns{Path: path, Dev: st.Dev, Inode: st.Ino}, nil
}

// FD returns the open file descriptor, valid until Close.
func (n *Namespace) FD() int { return n.fd }

// Identity returns what tells the namespace from any other, now and later.
func (n *Namespace) Identity() state.Netns { return n.identity }

// Close lets the namespace go. Nothing else may be done with it afterwards.
func (n *Namespace) Close() error {
	fd := n.fd
	n.fd = -1 // the number may soon be another file's
	return unix.Close(fd)
}
