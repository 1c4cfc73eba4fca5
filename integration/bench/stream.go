package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// asking counts answers to requests of one byte, one after another.
func asking(to string) (answers int, err error) {
	c, err := net.Dial("tcp", to)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var b [1]byte
	for end := time.Now().Add(pathTurn); time.Now().Before(end); answers++ {
		if _, err := c.Write(b[:]); err != nil {
			return 0, err
		}
		if _, err := c.Read(b[:]); err != nil {
			return 0, err
		}
	}
	return answers, nil
}

// pouring counts the bytes that a connection takes.
func pouring(to string) (bytes int, err error) {
	c, err := net.Dial("tcp", to)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	buffer := make([]byte, 128<<10)
	buffer[0] = toDiscard
	for end := time.Now().Add(pathTurn); time.Now().Before(end); {
		n, err := c.Write(buffer)
		if err != nil {
			return 0, err
		}
		bytes += n
	}
	return bytes, nil
}

// toDiscard as the first byte of a connection says that nothing of it is to be answered.
const toDiscard = 'd'

// answer sends back what comes, unless that is to be discarded.
func answer(c net.Conn) {
	var first [1]byte
	if _, err := c.Read(first[:]); err != nil {
		return
	}
	if first[0] == toDiscard {
		_, _ = io.Copy(io.Discard, c)
		return
	}
	_, _ = c.Write(first[:])
	_, _ = io.Copy(c, c)
}

// serve serves connections in a namespace until the listener is closed.
func serve(netns string, port int) (l net.Listener, err error) {
	err = within(netns, func() (err error) {
		if l, err = net.Listen("tcp", fmt.Sprintf(":%d", port)); err != nil {
			return err
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					answer(c)
				}()
			}
		}()
		return nil
	})
	return l, err
}

// within runs fn on a thread in the namespace, which ends with it.
func within(netns string, fn func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		f, err := os.Open(netns)
		if err == nil {
			defer f.Close()
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			err = fn()
		}
		done <- err
	}()
	return <-done
}
