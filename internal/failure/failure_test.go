package failure

import (
	"errors"
	"io/fs"
	"testing"
)

func TestAFailureSaysWhatWasDoneAndKeepsItsCause(t *testing.T) {
	err := To("find link eth0", fs.ErrNotExist)
	if err.Error() != "find link eth0: file does not exist" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
