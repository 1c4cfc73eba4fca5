package integration

import (
	"regexp"
	"strings"
)

// What is counted, in the order of the columns of counts.txt.
const (
	processes = iota
	sends     // turns at a netlink socket; a batch is one
	messages
	dumps
	sockets
	opens
	enters // changes of the network namespace
	calls
	kinds
)

var countNames = [kinds]string{"processes", "netlink sends", "messages", "dumps", "sockets", "files opened", "namespaces entered", "system calls"}

// counts are what a call asked of the kernel.
type counts [kinds]int

// callOf finds the system call that a line of strace(1) is about, and whether the line only ends it.
var callOf = regexp.MustCompile(`^\d+ +(<\.\.\. )?([a-z_0-9]+)[( ]`)

// ofRuntime are the calls that Go's runtime makes as it sees fit: threads, memory, timers.
var ofRuntime = regexp.MustCompile(`^(futex|nanosleep|clone3?|gettid|getpid|tgkill|sched_\w+|rt_sig\w+|sigaltstack|mmap|munmap|madvise|` +
	`prctl|arch_prctl|prlimit64|epoll_\w+|eventfd2|exit\w*|restart_syscall|set_\w+|rseq|mincore|uname|brk)$`)

// add counts what a line of strace(1) says.
func (c *counts) add(line string) {
	match := callOf.FindStringSubmatch(line)
	if match == nil || ofRuntime.MatchString(match[2]) {
		return
	}
	if strings.Contains(line, " = -1 EAGAIN") {
		c[calls]-- // the runtime looks whether an answer is there already, and waits if not
	}
	if match[1] != "" {
		return
	}
	c[calls]++
	switch match[2] {
	case "execve":
		c[processes]++
	case "openat":
		c[opens]++
	case "socket":
		c[sockets]++
	case "setns":
		c[enters]++
	case "sendto", "sendmsg":
		c[sends]++
		c[messages] += strings.Count(line, "{nlmsg_len=")
		// strace does not know yet what the first message of a socket is for, which gives it its address.
		c[dumps] += strings.Count(line, "NLM_F_DUMP") + strings.Count(line, "|0x300,")
	}
}

// least takes the lesser of each count.
func (c counts) least(d counts) counts {
	for kind := range c {
		c[kind] = min(c[kind], d[kind])
	}
	return c
}
