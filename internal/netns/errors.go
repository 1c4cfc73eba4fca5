package netns

import "fmt"

// NotExistError says that there is nothing at the path.
type NotExistError struct{ Path string }

func (e *NotExistError) Error() string {
	return fmt.Sprintf("network namespace %q does not exist", e.Path)
}

// NotNetnsError says that what is at the path is no network namespace.
type NotNetnsError struct{ Path string }

func (e *NotNetnsError) Error() string { return fmt.Sprintf("%q is not a network namespace", e.Path) }

// HostNetnsError says that the path leads to the namespace that the process itself is in.
type HostNetnsError struct{ Path string }

func (e *HostNetnsError) Error() string {
	return fmt.Sprintf("%q is the host's own network namespace", e.Path)
}
