package main

import "fmt"

// scenario is what an attachment is made of, what is there already, and how often it is
// measured.
type scenario struct {
	Name   string
	Ports  int
	Dual   bool
	Alone  bool // no second plugin
	Others int  // attachments of the same kind that are there all the time
	Spread int  // others beyond the first are on other bridges, so many on each; 0: all on one
	Rounds int
}

// attachScenarios are the runs, with rounds of the usual one; expensive ones get fewer.
func attachScenarios(rounds int) []scenario {
	few := func(share int) int { return max(rounds/share, 3) }
	return []scenario{
		{Name: "first, 1 port", Ports: 1, Rounds: rounds},
		{Name: "bridge alone", Alone: true, Others: 1, Rounds: rounds},
		{Name: "no port", Others: 1, Rounds: rounds},
		{Name: "1 port", Ports: 1, Others: 1, Rounds: rounds},
		{Name: "1 port, dual stack", Ports: 1, Dual: true, Others: 1, Rounds: rounds},
		{Name: "4 ports", Ports: 4, Others: 1, Rounds: few(2)},
		{Name: "100 ports", Ports: 100, Others: 1, Rounds: few(6)},
		{Name: "1,000 ports", Ports: 1000, Others: 1, Rounds: few(10)},
	}
}

// container is one container of a scenario. Number 0 is the one that is measured.
type container struct {
	number int
	netns  string
}

func (c container) id() string { return fmt.Sprintf("container-%d", c.number) }

// bridge is the number of the bridge that a container is on.
func (s scenario) bridge(c container) int {
	if s.Spread == 0 || c.number <= 1 {
		return 0
	}
	return 1 + (c.number-2)/s.Spread
}

// firstHostPort is the lowest host port of any container.
const firstHostPort = 10000

// portMappings are the container's ports as a runtime hands them over.
func (s scenario) portMappings(c container) []map[string]any {
	var list []map[string]any
	for i := range s.Ports {
		list = append(list, map[string]any{"hostPort": firstHostPort + c.number*s.Ports + i, "containerPort": 80 + i, "protocol": "tcp"})
	}
	return list
}

// ranges are the range sets of the network on a bridge.
func (s scenario) ranges(bridge int) []any {
	list := []any{[]any{map[string]any{"subnet": fmt.Sprintf("10.%d.0.0/16", 99+bridge)}}}
	if s.Dual {
		list = append(list, []any{map[string]any{"subnet": fmt.Sprintf("fd%02x::/64", 0x99+bridge)}})
	}
	return list
}
