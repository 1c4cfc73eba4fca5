package netns_test

import (
	"runtime"
	"testing"

	"vethbridge/internal/netns"
	"vethbridge/internal/netns/netnstest"
)

func TestOwnIsTheNamespaceOfTheThread(t *testing.T) {
	n := open(t, netnstest.Make(t))
	outside, err := netns.Own()
	if err != nil {
		t.Fatal(err)
	}
	if now, err := here(); err != nil || outside.Inode != now {
		t.Errorf("outside: %+v, want inode %d, %v", outside, now, err)
	}
	err = n.Do(func() error {
		inside, err := netns.Own()
		if inside.Inode != n.Identity().Inode || inside.Dev != n.Identity().Dev {
			t.Errorf("inside: %+v, want %+v", inside, n.Identity())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestProcNetIsAboutTheNamespaceOfTheThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if dir := netns.ProcNet(); dir != "/proc/self/net" {
		t.Errorf("in the namespace of the process: %s", dir)
	}
	err := open(t, netnstest.Make(t)).Do(func() error {
		if dir := netns.ProcNet(); dir != "/proc/thread-self/net" {
			t.Errorf("in another one: %s", dir)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
