package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const bridgesPart = "Beside docker (connect and disconnect of a running container, by its API) and podman (setup and teardown of netavark)"

// The names of those that are no CNI plugins.
const (
	dockerName   = "docker"
	netavarkName = "podman's netavark"
)

// bridges measures one port of one container beside the bridges that docker and podman have
// themselves. Starting and stopping the container is not in it.
func (b *bench) bridges() error {
	s := scenario{Name: "1 port", Ports: 1, Others: 1}
	runners, err := b.runners(s, []contender{{oursNft, b.cni(b.ours, ourChain("nftables")), 0, 0}})
	if err != nil {
		return err
	}
	defer func() { closeAll(runners) }()
	missing := map[string]error{}
	for _, c := range []contender{{dockerName, b.newDocker, 0, 0}, {netavarkName, b.newNetavark, 0, 0}} {
		more, err := b.foreign(c, s)
		if err != nil {
			b.say("  %s", err)
			missing[c.Name] = err
		}
		runners = append(runners, more...)
	}
	err = b.rounds(bridgesPart, s.Name, b.rounds0(), runners, b.elapsed)
	for name, why := range missing {
		b.leaveOut(subject{bridgesPart, s.Name, "ADD", "ms", name}, "left out: "+firstWords(why))
	}
	return err
}

func (b *bench) foreign(c contender, s scenario) ([]*runner, error) {
	if _, err := os.Stat(filepath.Join(b.debian, "usr/sbin/dockerd")); err != nil {
		return nil, fmt.Errorf("make test-runtimes installs it: %w", err)
	}
	return b.runners(s, []contender{c})
}
