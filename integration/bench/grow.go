package main

import (
	"fmt"
	"net"
	"path/filepath"
	"time"
)

// What grows: containers, each with as many published ports as a scenario says.
var growth = []int{0, 50, 250, 1000}

const (
	growPorts  = 20
	growRounds = 15
	dialTurns  = 10
	dialTurn   = 100 * time.Millisecond
	// patience is how long a contender may take to get to the next size before it is left out.
	patience = 2 * time.Minute
)

// growing is a contender whose host fills up.
type growing struct {
	*runner
	name  string
	first timing // beside nobody
	left  string // why it is measured no more
}

// measureGrowth says what ADD and DEL of one container, and a new connection to its port, cost
// beside ever more others, and how that compares to none.
func measureGrowth(list []contender, dir string) error {
	s := scenario{Ports: growPorts, Rounds: growRounds}
	var all []*growing
	for i, c := range list {
		r, err := newRunner(c, s, filepath.Join(dir, fmt.Sprint("grow", i)))
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		defer r.host.close()
		all = append(all, &growing{runner: r, name: c.Name})
	}
	fmt.Printf("%-22s %8s %8s %16s %16s %22s\n", "contender", "others", "ports", "ADD ms", "DEL ms", "connections a second")
	for i, others := range growth {
		for _, g := range all {
			if err := g.measure(growth[max(i-1, 0)], others); err != nil {
				return fmt.Errorf("%s beside %d: %w", g.name, others, err)
			}
		}
	}
	return nil
}

func (g *growing) measure(from, others int) error {
	if g.left != "" {
		fmt.Printf("%-22s %8d %s\n", g.name, others, g.left)
		return nil
	}
	begin := time.Now()
	for n := from + 1; n <= others; n++ {
		if err := g.populateOne(n); err != nil {
			return err
		}
		if time.Since(begin) > patience {
			g.left = fmt.Sprintf("left out: %d containers more took %s", n-from, time.Since(begin).Round(time.Second))
			return g.measure(from, others)
		}
	}
	g.timing = timing{}
	for n := range warmUp + growRounds {
		if err := g.round(n); err != nil {
			return err
		}
	}
	if others == 0 {
		g.first = g.timing
	}
	published, direct, err := g.connections()
	if err != nil {
		return err
	}
	add, del := newFigure(g.timing.Add), newFigure(g.timing.Del)
	fmt.Printf("%-22s %8d %8d %8.1f %6.2fx %8.1f %6.2fx %8.0f, %4.2f of direct\n", g.name, others, others*growPorts,
		add.Median, add.Median/newFigure(g.first.Add).Median, del.Median, del.Median/newFigure(g.first.Del).Median, published, published/direct)
	return nil
}

// connections are those a second that the host makes to a container's published port and to the
// container itself, in turns.
func (g *growing) connections() (published, direct float64, err error) {
	c, err := g.newContainer(0)
	if err != nil {
		return 0, 0, err
	}
	defer forget(c.netns)
	if err := g.host.do(func() error { return g.attach.add(c) }); err != nil {
		return 0, 0, err
	}
	address := ""
	if err := within(c.netns, func() (err error) {
		address, err = firstAddress()
		return err
	}); err != nil {
		return 0, 0, err
	}
	if err := serve(c.netns, 80, func(c net.Conn) { c.Close() }); err != nil {
		return 0, 0, err
	}
	var rates [2][]float64
	for range dialTurns {
		for i, to := range []string{fmt.Sprint("198.51.100.1:", firstHostPort), address + ":80"} {
			dials := 0
			if err := g.host.do(func() (err error) {
				dials, err = dialing(to)
				return err
			}); err != nil {
				return 0, 0, err
			}
			rates[i] = append(rates[i], float64(dials)/dialTurn.Seconds())
		}
	}
	return median(rates[0]), median(rates[1]), g.host.do(func() error { return g.attach.del(c) })
}

func firstAddress() (string, error) {
	link, err := net.InterfaceByName("eth0")
	if err != nil {
		return "", err
	}
	addresses, err := link.Addrs()
	if err != nil || len(addresses) == 0 {
		return "", fmt.Errorf("eth0 has no address: %w", err)
	}
	ip, _, err := net.ParseCIDR(addresses[0].String())
	return ip.String(), err
}

// dialing makes connections one after the other, and ends each by a reset, so that none waits.
func dialing(to string) (n int, err error) {
	for end := time.Now().Add(dialTurn); time.Now().Before(end); n++ {
		c, err := net.Dial("tcp", to)
		if err != nil {
			return n, err
		}
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	return n, nil
}
