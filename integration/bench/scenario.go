package main

// scenario is what an attachment is made of, and how often it is measured.
type scenario struct {
	Name   string
	Ports  int
	Dual   bool
	Rounds int
}

// scenarios are the runs, with rounds of the usual one; expensive ones get fewer.
func scenarios(rounds int) []scenario {
	return []scenario{
		{Name: "no port, IPv4", Rounds: rounds},
		{Name: "1 port, IPv4", Ports: 1, Rounds: rounds},
		{Name: "1 port, dual stack", Ports: 1, Dual: true, Rounds: max(rounds/2, 1)},
		{Name: "100 ports, IPv4", Ports: 100, Rounds: max(rounds/10, 1)},
	}
}

// portMappings are the ports as a runtime hands them over.
func (s scenario) portMappings() []map[string]any {
	var list []map[string]any
	for i := range s.Ports {
		list = append(list, map[string]any{"hostPort": 20000 + i, "containerPort": 80 + i, "protocol": "tcp"})
	}
	return list
}

// ranges are the range sets of the network.
func (s scenario) ranges() []any {
	list := []any{[]any{map[string]any{"subnet": "10.99.0.0/16"}}}
	if s.Dual {
		list = append(list, []any{map[string]any{"subnet": "fd99::/64"}})
	}
	return list
}
