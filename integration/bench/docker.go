package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// docker attaches running containers, by its API. All that it does in between is its own.
type docker struct {
	debian
	client   http.Client
	scenario scenario
	made     map[int]bool // the containers by number
}

// newDocker starts dockerd on a host, with a network and an image.
func (b *bench) newDocker(s scenario, h *host) (attacher, error) {
	in, err := b.newDebian(h)
	if err != nil {
		return nil, err
	}
	if b.Versions["docker"], err = in.version("dockerd"); err != nil {
		return nil, err
	}
	group := fmt.Sprintf("/vethbridge-bench-%d", os.Getpid())
	h.end = append(h.end, func() { removeGroups(group) })
	if _, err := h.background(in.command("dockerd", "--data-root", "/var/lib/docker", "--exec-root", "/run/docker", "--storage-driver", "vfs",
		"--cgroup-parent", group, "--host", "unix:///run/docker.sock", "--pidfile", "/run/docker.pid")); err != nil {
		return nil, err
	}
	d := &docker{debian: in, scenario: s, made: map[int]bool{}}
	d.client.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", in.root+"/run/docker.sock")
	}}
	if err := await("dockerd", func() bool { return d.call(http.MethodGet, "/_ping", nil) == nil }); err != nil {
		return nil, err
	}
	return d, d.prepare(b.floor())
}

// prepare makes the network, and an image of one program.
func (d *docker) prepare(program string) error {
	image, err := exec.Command("tar", "-c", "-C", filepath.Dir(program), filepath.Base(program)).Output()
	if err != nil {
		return err
	}
	if err := d.call(http.MethodPost, "/images/create?fromSrc=-&repo=bench", image); err != nil {
		return err
	}
	return d.post("/networks/create", config{"Name": "bench", "Driver": "bridge", "IPAM": config{"Config": []any{config{"Subnet": "10.99.0.0/16"}}}})
}

func (d *docker) add(c container) error {
	if !d.made[c.number] {
		return d.run(c)
	}
	return d.post("/networks/bench/connect", config{"Container": c.id()})
}

func (d *docker) del(c container) error {
	return d.post("/networks/bench/disconnect", config{"Container": c.id()})
}

// run makes and starts a container that is attached.
func (d *docker) run(c container) error {
	d.made[c.number] = true
	exposed, bound := config{}, config{}
	for _, p := range d.scenario.portMappings(c) {
		port := fmt.Sprintf("%v/tcp", p["containerPort"])
		exposed[port], bound[port] = config{}, []any{config{"HostPort": fmt.Sprint(p["hostPort"])}}
	}
	err := d.post("/containers/create?name="+c.id(), config{
		"Image": "bench", "Cmd": []string{"/floor", "wait"}, "ExposedPorts": exposed,
		"HostConfig": config{"NetworkMode": "bench", "PortBindings": bound},
	})
	if err != nil {
		return err
	}
	d.host.end = append(d.host.end, func() { _ = d.call(http.MethodDelete, "/containers/"+c.id()+"?force=true", nil) })
	return d.post("/containers/"+c.id()+"/start", config{})
}

func (d *docker) post(path string, body config) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return d.call(http.MethodPost, path, text)
}

func (d *docker) call(method, path string, body []byte) error {
	request, err := http.NewRequest(method, "http://docker"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := d.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s: %s: %s", path, answer.Status, said)
	}
	return err
}

// removeGroups removes the control groups of containers that are gone.
func removeGroups(group string) {
	for _, below := range []string{"/*", ""} {
		one, _ := filepath.Glob("/sys/fs/cgroup" + group + below)
		each, _ := filepath.Glob("/sys/fs/cgroup/*" + group + below) // by controller
		for _, dir := range append(one, each...) {
			_ = os.Remove(dir)
		}
	}
}
