package integration

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"vethbridge/integration/testbed"
)

// TestADriverKilledInTheMiddleLeavesNothingAfterTeardown kills the driver of netavark, and with it
// whatever it has started, later and later in its work.
func TestADriverKilledInTheMiddleLeavesNothingAfterTeardown(t *testing.T) {
	h := testbed.NewHost(t)
	created, status := podman(t, podmanNetwork(h, "front", "3"), "create")
	if status != 0 {
		t.Fatalf("create: %v", created)
	}
	web := h.NewContainer()
	container := podmanContainer(created, "a", "eth0", "20", testbed.Config{"container_port": 80, "host_ip": "", "host_port": 8080, "protocol": "tcp", "range": 1})
	text, err := json.Marshal(container)
	if err != nil {
		t.Fatal(err)
	}
	leave := func() {
		t.Helper()
		if answer, status := podman(t, container, "teardown", web); status != 0 {
			t.Errorf("teardown: %v", answer)
		}
	}
	leave() // the state file is there from now on
	before := h.Snapshot()
	for after := time.Duration(0); ; after += 3 * time.Millisecond {
		cmd := exec.Command(filepath.Join(string(built), "vethbridge"), "setup", web)
		cmd.Stdin = bytes.NewReader(text)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		killed := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		killed.Stop()
		leave()
		h.Same(t, before)
		if err == nil {
			return // it was done before it was to be killed
		}
	}
}
