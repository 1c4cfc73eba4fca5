package cni

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/containernetworking/cni/pkg/types"

	"vethbridge/internal/failure"
	"vethbridge/internal/state"
	"vethbridge/internal/sysctl"
)

// Code is a CNI error code (CNI spec, "Error"). Codes from 100 on are this project's own.
type Code uint

// The codes that the executables answer with.
const (
	CodeUnsupported   Code = 2   // a config field that the kernel of this host can't follow
	CodeEnvironment   Code = 4   // CNI_NETNS, CNI_IFNAME, CNI_CONTAINERID, CNI_ARGS
	CodeIO            Code = 5   // stdin or stdout
	CodeDecode        Code = 6   // not JSON, or a value of the wrong JSON type
	CodeConfig        Code = 7   // a value that is not allowed
	CodeTryAgain      Code = 11  // a condition that passes: a lock, no free address, state not writable
	CodeNotAvailable  Code = 50  // STATUS: no ADD can succeed now
	CodeLimited       Code = 51  // STATUS: attachments may have limited connectivity
	CodeAddressTaken  Code = 100 // a requested address belongs to another attachment
	CodePortTaken     Code = 101 // a host port belongs to another attachment or process
	CodeOverlap       Code = 102 // a subnet overlaps with another network
	CodeAttached      Code = 103 // ADD for an attachment that is complete already
	CodeDrift         Code = 104 // CHECK: the kernel or the book differs from the plan
	CodeForeignObject Code = 105 // a kernel object of that name is not ours to use
	codeInternal      Code = 999
)

// Error is a failure with its CNI code, in the form "verb object: cause", and with the
// way out in Details.
type Error struct {
	Code    Code
	Message string
	Details string
	Cause   error // may be nil; is not printed
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Cause }

// InvalidConfig returns the error for a config value that is not allowed. Key is the path
// of the key ("ipam.ranges[0]"), value what stands there, reason why not.
func InvalidConfig(key string, value any, reason string) *Error {
	return &Error{Code: CodeConfig, Message: fmt.Sprintf("validate config: %s %q: %s", key, fmt.Sprint(value), reason)}
}

// InvalidEnvironment returns the error for an environment variable that the spec requires
// to be named.
func InvalidEnvironment(name, value, reason string) *Error {
	return &Error{Code: CodeEnvironment, Message: fmt.Sprintf("validate environment: %s %q: %s", name, value, reason)}
}

// NetnsError names the environment variable that led to an error of internal/netns, as
// the spec demands.
func NetnsError(err error) error {
	if errors.Is(err, syscall.EPERM) { // not the namespace is wrong, but the rights are
		return failure.To("open CNI_NETNS", err)
	}
	return &Error{Code: CodeEnvironment, Message: "open CNI_NETNS: " + err.Error(), Cause: err}
}

// StateError is for a book that can't be had: without it nothing is done.
func StateError(err error) error {
	return &Error{Code: CodeTryAgain, Message: err.Error(), Cause: err,
		Details: "nothing was changed; see that the state directory can be written (key \"stateDir\")"}
}

// DriftError is what CHECK answers when something is not as ADD made it. A nil err, one that has
// its code already, and one that let nothing be compared stay as they are.
func DriftError(err error) error {
	var known *Error
	var lock *state.LockError
	var schema *state.SchemaError
	if err == nil || errors.As(err, &known) || errors.As(err, &lock) || errors.As(err, &schema) {
		return err
	}
	return &Error{Code: CodeDrift, Message: err.Error(), Cause: err,
		Details: "\"vethbridge repair\" restores rules; for all else DEL and ADD the attachment again"}
}

// NotAvailable is what STATUS answers when no ADD can succeed. The way out is that of err, as for any verb.
func NotAvailable(err error) error {
	status := Explain(err)
	status.Code, status.Message = CodeNotAvailable, "check status: "+status.Message
	return status
}

// wireError makes the error that skel prints. It must return an untyped nil for success.
func wireError(err error) error {
	if err == nil {
		return nil
	}
	e := Explain(err)
	return types.NewError(uint(e.Code), e.Message, e.Details)
}

// Explain gives any error of a plugin its code, and the way out where one is known.
func Explain(err error) *Error {
	told := &Error{Code: codeInternal, Message: err.Error(), Cause: err}
	var e *Error
	var lock *state.LockError
	var schema *state.SchemaError
	var setting *sysctl.Error
	switch {
	case errors.As(err, &e):
		told.Code, told.Details = e.Code, e.Details
	case errors.As(err, &lock):
		told.Code, told.Details = CodeTryAgain, "another call of the plugin is stuck; look at the process that is named"
	case errors.As(err, &schema):
		told.Code, told.Details = CodeTryAgain, "nothing was changed; install the newer release again: \"vethbridge version\" tells them apart"
	case errors.As(err, &setting):
		told.Details = "where /proc/sys can't be written from here, set it from outside before: sysctl -w " + setting.ForNewLinks()
	case errors.Is(err, syscall.ENOSPC):
		told.Code, told.Details = CodeTryAgain, "nothing was changed; make room on that file system: df -h, df -i"
	case errors.Is(err, syscall.EPERM):
		told.Details = "the plugin must be root on this host, with CAP_NET_ADMIN and CAP_SYS_ADMIN; a runtime without root runs it in namespaces of its own"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		told.Code = CodeTryAgain
	}
	return told
}
