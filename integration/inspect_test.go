package integration

import (
	"encoding/json"
	"testing"

	"vethbridge/integration/testbed"
)

func TestInspectShowsOneAttachmentByWhateverIsKnownOfIt(t *testing.T) {
	h, n := newDemo(t)
	n = n.With(0, "ipMasq", true)
	_, result := attach(t, h, n, "webserver", testbed.Port{HostPort: 8080, ContainerPort: 80})
	attach(t, h, n, "database")
	link := result.Interfaces[1].Name
	words := []string{"webserver", link, "demo0", "10.99.0.2/24", "fd99::2/64", "tcp 0.0.0.0:8080 -> 10.99.0.2:80", "0a:58:0a:63:00:02",
		"10.99.0.0/24", "senders4 " + link, "closed demo0"}
	for _, subject := range []string{"webserver", "web", "10.99.0.2", "fd99::2", "8080", link} {
		says(t, h, 0, words, "inspect", subject)
	}
	out, _ := operate(t, h, "inspect", "web", "--json")
	var whole struct{ Container, MAC string }
	if err := json.Unmarshal([]byte(out), &whole); err != nil || whole.Container != "webserver" || whole.MAC != "0a:58:0a:63:00:02" {
		t.Errorf("%v: %s", err, out)
	}
	says(t, h, 1, []string{"is 0 attachments"}, "inspect", "nobody")
	n.Add(t, testbed.Container{ID: "webcache", Netns: h.NewContainer()})
	says(t, h, 1, []string{"demo/webserver/eth0", "demo/webcache/eth0", "is 2 attachments"}, "inspect", "web")
	says(t, h, 1, []string{"what shall be inspected"}, "inspect", "--json=false")
}

func TestInspectTellsANetworkFromAnother(t *testing.T) {
	h, n := newDemo(t)
	attach(t, h, n, "web")
	attach(t, h, otherNetwork(n), "web")
	says(t, h, 1, []string{"is 2 attachments"}, "inspect", "web")
	says(t, h, 0, []string{"other0"}, "inspect", "web", "--network", "other")
}
