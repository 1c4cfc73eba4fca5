package sysctl_test

import (
	"errors"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/internal/netns/netnstest"
	"vethbridge/internal/sysctl"
)

const key = "net/ipv4/conf/lo/arp_notify"

func TestEnsureWritesOnDifferenceAndReturnsWhatWas(t *testing.T) {
	netnstest.Inside(t)
	previous, changed, err := sysctl.Ensure(key, "1")
	if previous != "0" || !changed || err != nil {
		t.Errorf("the first time: %q, %t, %v", previous, changed, err)
	}
	previous, changed, err = sysctl.Ensure(key, "1")
	if previous != "1" || changed || err != nil {
		t.Errorf("the second time: %q, %t, %v", previous, changed, err)
	}
	if now, err := sysctl.Get(key); now != "1" || err != nil {
		t.Errorf("it is %q, %v", now, err)
	}
}

func TestAnInterfaceNameMayHaveDots(t *testing.T) {
	netnstest.Inside(t)
	if out, err := exec.Command("ip", "link", "add", "eth0.5", "type", "veth").CombinedOutput(); err != nil {
		t.Fatalf("make link: %v: %s", err, out)
	}
	if _, changed, err := sysctl.Ensure("net/ipv4/conf/eth0.5/arp_notify", "1"); !changed || err != nil {
		t.Errorf("changed %t, %v", changed, err)
	}
}

func TestASysctlThatIsMissingIsTold(t *testing.T) {
	netnstest.Inside(t)
	if _, _, err := sysctl.Ensure("net/ipv4/conf/absent0/arp_notify", "1"); !sysctl.IsMissing(err) {
		t.Errorf("the error is %v", err)
	}
}

// Nested and rootless set-ups have such a /proc/sys.
func TestAReadOnlySysctlIsNoProblemIfItIsRight(t *testing.T) {
	readOnly(t)
	if previous, changed, err := sysctl.Ensure(key, "0"); previous != "0" || changed || err != nil {
		t.Errorf("%q, %t, %v", previous, changed, err)
	}
}

func TestAReadOnlySysctlThatIsWrongIsAnErrorThatNamesIt(t *testing.T) {
	readOnly(t)
	_, changed, err := sysctl.Ensure(key, "1")
	var wrong *sysctl.Error
	if changed || !errors.As(err, &wrong) || wrong.Key != key || wrong.Wanted != "1" || wrong.Found != "0" {
		t.Errorf("changed %t, %v", changed, err)
	}
	if !errors.Is(err, unix.EROFS) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestAValueThatTheKernelRefusesIsAnErrorThatNamesIt(t *testing.T) {
	netnstest.Inside(t)
	_, _, err := sysctl.Ensure(key, "nonsense")
	var wrong *sysctl.Error
	if !errors.As(err, &wrong) || wrong.Wanted != "nonsense" || !errors.Is(err, unix.EINVAL) {
		t.Errorf("the error is %v", err)
	}
}

// readOnly gives the test's thread a /proc/sys that can't be written.
func readOnly(t *testing.T) {
	t.Helper()
	netnstest.Inside(t)
	for _, err := range []error{
		unix.Unshare(unix.CLONE_NEWNS),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("/proc/sys", "/proc/sys", "", unix.MS_BIND, ""),
		unix.Mount("", "/proc/sys", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""),
	} {
		if err != nil {
			t.Fatalf("make /proc/sys read-only: %v", err)
		}
	}
}
