package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

const patience = 2 * time.Second

// ask prints a server's answer.
func ask(network, address string) error {
	c, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if network == "udp" {
		if _, err := io.WriteString(c, "?"); err != nil {
			return err
		}
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	fmt.Print(line)
	return err
}

// talk sends what comes on its input, and prints what the server says, until that ends.
func talk(address string) error {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	go func() { _, _ = io.Copy(c, os.Stdin) }()
	_, err = io.Copy(os.Stdout, c)
	return err
}
