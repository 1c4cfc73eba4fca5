package netns_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/internal/netns"
	"vethbridge/internal/netns/netnstest"
)

func TestOpenIdentifiesANamespace(t *testing.T) {
	path := netnstest.Make(t)
	n := open(t, path)
	identity, err := netns.Identify(path)
	if err != nil || identity != n.Identity() || identity.Path != path || identity.Inode == 0 {
		t.Errorf("opened %+v, identified %+v, %v", n.Identity(), identity, err)
	}
	other, err := netns.Identify(netnstest.Make(t))
	if err != nil || other.Inode == identity.Inode && other.Dev == identity.Dev {
		t.Errorf("two namespaces are one: %+v, %+v, %v", identity, other, err)
	}
}

// A FIFO that nobody writes to would hold up whoever opens it.
func TestWhatIsNoNamespaceIsRefused(t *testing.T) {
	dir := t.TempDir()
	file, fifo := filepath.Join(dir, "file"), filepath.Join(dir, "fifo")
	if err := errors.Join(os.WriteFile(file, []byte("x"), 0o600), unix.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(fifo, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, fifo, link, dir, "/dev/null", "/proc/self/ns/uts", "/proc/self/stat"} {
		_, err := netns.Open(path)
		var not *netns.NotNetnsError
		if !errors.As(err, &not) || not.Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAPathThatLeadsNowhereIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "/run/netns/absent", "/proc/999999999/ns/net", file + "/below"} {
		_, openErr := netns.Open(path)
		_, identifyErr := netns.Identify(path)
		for _, err := range []error{openErr, identifyErr} {
			var missing *netns.NotExistError
			if !errors.As(err, &missing) || missing.Path != path {
				t.Errorf("%q: %v", path, err)
			}
		}
	}
}

func TestTheHostsOwnNamespaceIsRefused(t *testing.T) {
	for _, path := range []string{"/proc/self/ns/net", "/proc/thread-self/ns/net"} {
		_, err := netns.Open(path)
		var own *netns.HostNetnsError
		if !errors.As(err, &own) || own.Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAPathWhoseNamespaceIsUnboundIsNoNamespace(t *testing.T) {
	path := netnstest.Make(t)
	netnstest.Remove(path)
	_, err := netns.Identify(path)
	var not *netns.NotNetnsError
	if !errors.As(err, &not) {
		t.Errorf("the error is %v", err)
	}
}

func TestAnOpenNamespaceOutlivesItsPath(t *testing.T) {
	path := netnstest.Make(t)
	n := open(t, path)
	netnstest.Remove(path)
	if err := n.Do(func() error { return nil }); err != nil {
		t.Error(err)
	}
}

func open(t *testing.T, path string) *netns.Namespace {
	t.Helper()
	n, err := netns.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}
