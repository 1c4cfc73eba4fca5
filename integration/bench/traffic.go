package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
)

const (
	trafficPart  = "Traffic through published ports and masquerade"
	trafficTurns = 15
	// connectionTurns are many: how many connections are made in a tenth of a second depends on what else the machine does.
	connectionTurns = 40
	// trafficIperfTurns are few, since each takes a second.
	trafficIperfTurns = 3
	outWay            = ", out by masquerade"
	hostAddress       = "198.51.100.1"
	lanAddress        = "198.51.100.2"
)

// trafficked is a contender's host with a number of mappings, and a container that serves.
type trafficked struct {
	*runner
	scenario
	web     container
	servers []net.Listener
}

// traffic measures new connections, requests and bulk data between the LAN and a container,
// beside ever more mappings, all in turns.
func (b *bench) traffic() error {
	var all []*trafficked
	defer func() {
		for _, t := range all {
			t.host.close()
		}
	}()
	for _, mappings := range []int{1, 100, 10_000, 20_000} {
		// A container has a thousand at most: its config must not be too long.
		s := scenario{Name: fmt.Sprintf("%d mappings", mappings), Ports: min(mappings, 1000), Others: max(mappings/1000-1, 0)}
		for _, c := range b.plugins() {
			if mappings > c.most && !b.full {
				b.leaveOut(subject{trafficPart, s.Name, "new connections", "1/s", c.Name}, "left out, minutes")
				continue
			}
			b.say("  %s, %s", s.Name, c.Name)
			t, err := b.newTrafficked(c, s)
			if err != nil {
				b.leaveOut(subject{trafficPart, s.Name, "new connections", "1/s", c.Name}, "fails: "+firstWords(err))
				continue
			}
			all = append(all, t)
		}
	}
	b.say("  %d turns of new connections", connectionTurns)
	left := b.trafficTurns(connectionTurns, all, b.connectionTurn)
	b.say("  %d turns of requests and bulk", trafficTurns)
	left = b.trafficTurns(trafficTurns, left, b.trafficTurn)
	b.say("  %d turns of iperf3", trafficIperfTurns)
	left = b.trafficTurns(1, left, (*trafficked).serveIperf)
	b.trafficTurns(trafficIperfTurns, left, b.iperfTurn)
	return nil
}

// trafficTurns lets all take turns, but for those that fail; it returns the others.
func (b *bench) trafficTurns(n int, all []*trafficked, turn func(*trafficked) error) []*trafficked {
	left := slices.Clone(all)
	for range n {
		left = slices.DeleteFunc(left, func(t *trafficked) bool {
			err := turn(t)
			if err != nil {
				b.say("  %s, %s: %s", t.runner.Name, t.scenario.Name, err)
				b.leaveOut(subject{trafficPart, t.scenario.Name, "new connections", "1/s", t.runner.Name}, "fails: "+firstWords(err))
			}
			return err != nil
		})
	}
	return left
}

func (b *bench) newTrafficked(c contender, s scenario) (*trafficked, error) {
	r, err := b.newRunner(c, s)
	if err != nil {
		return nil, err
	}
	t := &trafficked{runner: r, scenario: s}
	if err = r.populate(s.Others, callLimit); err == nil {
		t.web, err = r.newContainer(0)
	}
	if err == nil {
		err = r.host.do(func() error { return r.attach.add(t.web) })
	}
	if err == nil {
		err = errors.Join(t.serve(t.web.netns, t.lastPort()), t.serve(t.lan(), 7))
	}
	if err != nil {
		r.host.close()
		return nil, err
	}
	return t, nil
}

func (t *trafficked) serve(netns string, port int) error {
	l, err := serve(netns, port)
	t.servers = append(t.servers, l)
	return err
}

// serveIperf puts iperf3 in the place of our own servers.
func (t *trafficked) serveIperf() error {
	for _, l := range t.servers {
		l.Close()
	}
	return errors.Join(t.host.serveIperf(t.web.netns, t.lastPort()), t.host.serveIperf(t.lan(), 7))
}

func (t *trafficked) lan() string { return t.host.namespace("lan") }

// lastPort is the container's port that the last of its mappings leads to.
func (t *trafficked) lastPort() int { return 80 + t.Ports - 1 }

// published is the host port of the last mapping.
func (t *trafficked) published() int { return firstHostPort + t.Ports - 1 }

// iperfTurn goes the same ways as trafficTurn.
func (b *bench) iperfTurn(t *trafficked) error {
	of := subject{Part: trafficPart, Scenario: t.scenario.Name, Contender: t.runner.Name}
	in := b.iperf(of, t.lan(), hostAddress, t.published(), "--time", "1")
	of.Scenario += outWay
	return errors.Join(in, b.iperf(of, t.web.netns, lanAddress, 7, "--time", "1"))
}

func (b *bench) trafficTurn(t *trafficked) error { return t.bothWays(b.requestsAndBulk) }

func (b *bench) connectionTurn(t *trafficked) error { return t.bothWays(b.connections) }

// bothWays measures in by the last port, and out by masquerade.
func (t *trafficked) bothWays(measure func(to string, of subject) error) error {
	published := net.JoinHostPort(hostAddress, fmt.Sprint(t.published()))
	of := subject{Part: trafficPart, Scenario: t.scenario.Name, Contender: t.runner.Name}
	in := func() error { return measure(published, of) }
	outward := of
	outward.Scenario += outWay
	out := func() error { return measure(lanAddress+":7", outward) }
	return errors.Join(within(t.lan(), in), within(t.web.netns, out))
}

func (b *bench) connections(to string, of subject) error {
	dials, err := dialing(to)
	if err != nil {
		return err
	}
	of.Quantity, of.Unit = "new connections", "1/s"
	b.add(of, float64(dials)/pathTurn.Seconds())
	return nil
}

func (b *bench) requestsAndBulk(to string, of subject) error {
	answers, err := asking(to)
	if err != nil {
		return err
	}
	bytes, err := pouring(to)
	of.Quantity, of.Unit = "requests", "1/s"
	b.add(of, float64(answers)/pathTurn.Seconds())
	of.Quantity, of.Unit = "bulk", "Gbit/s"
	b.add(of, float64(bytes)*8e-9/pathTurn.Seconds())
	return err
}

// dialing makes connections one after the other, and ends each by a reset, so that none waits.
func dialing(to string) (n int, err error) {
	for end := time.Now().Add(pathTurn); time.Now().Before(end); n++ {
		c, err := net.Dial("tcp", to)
		if err != nil {
			return n, err
		}
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	return n, nil
}
