package failure

import "fmt"

// To is the error of having failed to do something, as "find link eth0: no such device". It wraps the cause.
func To(do string, cause error) error {
	return fmt.Errorf("%s: %w", do, cause)
}
