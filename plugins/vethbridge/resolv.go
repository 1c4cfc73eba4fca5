package main

import (
	"errors"
	"os"
	"strings"

	"vethbridge/internal/cni"
)

// readResolvConf reads a resolv.conf(5) file into the DNS part of a result. No path, or
// /dev/null, is no DNS.
func readResolvConf(path string) (cni.DNS, error) {
	if path == "" || path == os.DevNull {
		return cni.DNS{}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return cni.DNS{}, err
	}
	if !info.Mode().IsRegular() { // reading it could block
		return cni.DNS{}, errors.New("is no file")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return cni.DNS{}, err
	}
	return parseResolvConf(string(text)), nil
}

// parseResolvConf follows resolv.conf(5): the last domain or search line counts, the
// others add up.
func parseResolvConf(text string) cni.DNS {
	var dns cni.DNS
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			dns.Nameservers = append(dns.Nameservers, fields[1])
		case "domain":
			dns.Domain = fields[1]
		case "search":
			dns.Search = fields[1:]
		case "options":
			dns.Options = append(dns.Options, fields[1:]...)
		}
	}
	return dns
}
