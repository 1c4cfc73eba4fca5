package ipam_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

const powerCuts = 100

// disk is an ext4 file system whose power can be cut.
type disk struct {
	t           *testing.T
	image, path string
}

func newDisk(t *testing.T) *disk {
	dir := t.TempDir()
	d := &disk{t, filepath.Join(dir, "image"), filepath.Join(dir, "disk")}
	d.run("truncate", "-s", "64M", d.image)
	d.run("mkfs.ext4", "-q", d.image)
	if err := os.Mkdir(d.path, 0o755); err != nil {
		t.Fatal(err)
	}
	d.mount()
	t.Cleanup(func() { _ = unix.Unmount(d.path, unix.MNT_DETACH) })
	return d
}

func (d *disk) run(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s (the test needs root and e2fsprogs): %v: %s", name, err, out)
	}
}

func (d *disk) mount() { d.run("mount", "-o", "loop", d.image, d.path) }

// cut stops the file system at once, without writing what it has in memory: EXT4_IOC_SHUTDOWN
// with EXT4_GOING_FLAGS_NOLOGFLUSH (fs/ext4/ext4.h).
func (d *disk) cut() {
	const shutdown, noLogFlush = 0x8004587d, 2
	f, err := os.Open(d.path)
	if err != nil {
		d.t.Error(err)
		return
	}
	defer f.Close()
	if err := unix.IoctlSetPointerInt(int(f.Fd()), shutdown, noLogFlush); err != nil {
		d.t.Errorf("cut power: %v", err)
	}
}

// reboot goes on with a copy of the disk: whoever made a mount namespace in the meantime holds the stopped file system
// in it, so that the kernel would take that for the same disk.
func (d *disk) reboot() {
	d.run("umount", d.path)
	copied := d.image + ".copied"
	d.run("cp", "--sparse=always", d.image, copied)
	d.run("mv", copied, d.image)
	d.mount()
}

// TestAcknowledgedLeasesSurviveAPowerCut keeps the state on a disk, cuts its power while
// leases come and go, and compares what the book says after the reboot with what was
// acknowledged before: only the operation under way may have happened or not.
func TestAcknowledgedLeasesSurviveAPowerCut(t *testing.T) {
	quiet := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(quiet) })
	d := newDisk(t)
	sets := decode(t, `{"ranges": [[{"subnet": "10.1.0.0/26"}]]}`).Sets
	acknowledged := map[attachment.Owner]netip.Addr{}
	for round := range powerCuts {
		doubtful := churnUntilCut(d, sets, acknowledged)
		d.reboot()
		s, err := state.Open(filepath.Join(d.path, "state"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(context.Background(), ipam.Check); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		compareLeases(t, s, acknowledged, doubtful)
		if aside, _ := filepath.Glob(filepath.Join(d.path, "state", "*corrupt*")); len(aside) > 0 {
			t.Fatalf("round %d: a power cut has damaged the state file: %v", round, aside)
		}
		if t.Failed() {
			t.Fatalf("after power cut %d", round)
		}
	}
}

// churnUntilCut allocates and releases until the disk fails, keeps the book of what was
// acknowledged, and returns the owner of the operation that was not.
func churnUntilCut(d *disk, sets []ipam.RangeSet, acknowledged map[attachment.Owner]netip.Addr) attachment.Owner {
	done := make(chan struct{})
	time.AfterFunc(rand.N(30*time.Millisecond), func() { d.cut(); close(done) })
	defer func() { <-done }()
	for {
		o := owner(rand.IntN(40))
		if _, held := acknowledged[o]; held {
			if tryRelease(d, o) != nil {
				return o
			}
			delete(acknowledged, o)
			continue
		}
		a, err := tryAllocate(d, ipam.Request{Owner: o, Sets: sets})
		if err != nil {
			return o
		}
		acknowledged[o] = a
	}
}

func tryAllocate(d *disk, r ipam.Request) (a netip.Addr, err error) {
	s, err := state.Open(filepath.Join(d.path, "state"))
	if err != nil {
		return a, err
	}
	err = s.Update(context.Background(), func(tx *state.Tx) error {
		leases, err := ipam.Allocate(tx, r)
		if err != nil {
			return err
		}
		a = leases[0].Address.Addr()
		return tx.PutAttachment(state.Attachment{Owner: r.Owner, BootID: tx.BootID()})
	})
	return a, err
}

func tryRelease(d *disk, o attachment.Owner) error {
	s, err := state.Open(filepath.Join(d.path, "state"))
	if err != nil {
		return err
	}
	return s.Update(context.Background(), func(tx *state.Tx) error {
		if err := ipam.Release(tx, o); err != nil {
			return err
		}
		return tx.DeleteAttachment(o)
	})
}

// compareLeases wants every acknowledged lease in the book and no other, but for those of
// the doubtful owner, whose operation it takes as it finds it.
func compareLeases(t *testing.T, s *state.Store, acknowledged map[attachment.Owner]netip.Addr, doubtful attachment.Owner) {
	t.Helper()
	err := s.View(context.Background(), func(tx *state.Tx) error {
		for n := range 40 {
			o := owner(n)
			leases, err := ipam.Leases(tx, o)
			if err != nil {
				return err
			}
			var found netip.Addr
			if len(leases) > 0 {
				found = leases[0].Address.Addr()
			}
			if want := acknowledged[o]; found != want && o != doubtful {
				return fmt.Errorf("%s holds %v, acknowledged was %v", o, found, want)
			}
			if delete(acknowledged, o); found.IsValid() {
				acknowledged[o] = found
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
