package sysctl_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/internal/netns/netnstest"
	"vethbridge/internal/sysctl"
)

// apart begins to look sysctls up apart for the rest of the test, which fails if that is refused.
func apart(t *testing.T) {
	t.Helper()
	sysctl.Apart(func(err error) { t.Errorf("refused: %v", err) })
	t.Cleanup(sysctl.Together)
}

func TestWhatIsSetApartIsSetForAll(t *testing.T) {
	netnstest.Inside(t)
	apart(t)
	if previous, changed, err := sysctl.Ensure(key, "1"); previous != "0" || !changed || err != nil {
		t.Errorf("%q, %t, %v", previous, changed, err)
	}
	if now, err := os.ReadFile("/proc/sys/" + key); string(now) != "1\n" || err != nil {
		t.Errorf("in /proc it is %q, %v", now, err)
	}
	if err := os.WriteFile("/proc/sys/"+key, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	if now, err := sysctl.Get(key); now != "0" || err != nil {
		t.Errorf("apart it is %q, %v", now, err)
	}
}

func TestEachThreadSeesTheSysctlsOfItsOwnNamespaceApart(t *testing.T) {
	netnstest.Inside(t)
	apart(t)
	if _, _, err := sysctl.Ensure(key, "1"); err != nil {
		t.Fatal(err)
	}
	t.Run("another", func(t *testing.T) {
		netnstest.Inside(t)
		if now, err := sysctl.Get(key); now != "0" || err != nil {
			t.Errorf("it is %q, %v", now, err)
		}
	})
	if now, err := sysctl.Get(key); now != "1" || err != nil {
		t.Errorf("it is %q, %v", now, err)
	}
}

func TestAnInstanceApartIsMountedNowhereAndNotInherited(t *testing.T) {
	netnstest.Inside(t)
	before := mounts(t)
	apart(t)
	if _, err := sysctl.Get(key); err != nil {
		t.Fatal(err)
	}
	if after := mounts(t); after != before {
		t.Errorf("mounted were\n%s\nand are\n%s", before, after)
	}
	root := sysctl.Root()
	if _, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", root)); err != nil {
		t.Errorf("the instance is %d: %v", root, err)
	}
	if out, err := exec.Command("readlink", fmt.Sprintf("/proc/self/fd/%d", root)).Output(); err == nil {
		t.Errorf("a program has inherited %s", out)
	}
}

func mounts(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Names that are looked up in the host's namespace only have no crowd around them.
func TestNoInstanceIsMadeBeforeItIsOfUse(t *testing.T) {
	netnstest.Inside(t)
	apart(t)
	if _, err := sysctl.Get("net/core/somaxconn"); err != nil {
		t.Error(err)
	}
	if root := sysctl.Root(); root != -1 {
		t.Errorf("there is one, %d", root)
	}
}

func TestWhereAnInstanceIsRefusedSysctlsAreLookedUpInProc(t *testing.T) {
	netnstest.Inside(t)
	withoutSysAdmin(t)
	told := refusal(t)
	if _, changed, err := sysctl.Ensure(key, "1"); !changed || err != nil {
		t.Errorf("changed %t, %v", changed, err)
	}
	if now, err := sysctl.Get(key); now != "1" || err != nil {
		t.Errorf("it is %q, %v", now, err)
	}
	if len(*told) != 1 || !errors.Is((*told)[0], unix.EPERM) {
		t.Errorf("told was %v", *told)
	}
}

// Whoever makes it read-only shall not find it written by another way.
func TestAReadOnlyProcSysIsNotWrittenApart(t *testing.T) {
	readOnly(t)
	told := refusal(t)
	if _, changed, err := sysctl.Ensure(key, "1"); changed || !errors.Is(err, unix.EROFS) {
		t.Errorf("changed %t, %v", changed, err)
	}
	if len(*told) != 1 {
		t.Errorf("told was %v", *told)
	}
}

// refusal is apart that keeps what it is told.
func refusal(t *testing.T) *[]error {
	t.Helper()
	told := &[]error{}
	sysctl.Apart(func(err error) { *told = append(*told, err) })
	t.Cleanup(sysctl.Together)
	return told
}

// withoutSysAdmin takes CAP_SYS_ADMIN away from the test's thread (capset(2)), which ends with the test.
func withoutSysAdmin(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	data[0].Effective &^= 1 << unix.CAP_SYS_ADMIN
	if err := unix.Capset(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
}
