package netnstest

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// The main goroutine keeps the main thread, so that no test gets it: the main thread can't
// end with a goroutine, and its namespace is what others take for that of the process.
func init() { runtime.LockOSThread() }

// Inside moves the calling goroutine, for the rest of its life, into a fresh network
// namespace in which lo is up. Other goroutines stay where they are. It needs root.
func Inside(t testing.TB) {
	t.Helper()
	// Never unlocked: the thread ends with the goroutine, and the namespace with it.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make network namespace (the tests need root): %v", err)
	}
	if err := loopbackUp(); err != nil {
		t.Fatalf("set lo up: %v", err)
	}
}

// loopbackUp sets the flags of lo by ioctl (netdevice(7)).
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}
