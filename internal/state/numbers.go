package state

import "fmt"

// AddTo changes the number at key, where none is zero.
func AddTo(tx *Tx, t Table, key string, more int) error {
	n, err := NumberAt(tx, t, key)
	switch {
	case err != nil:
		return err
	case n+more == 0:
		return Delete(tx, t, []byte(key))
	}
	return Put(tx, t, []byte(key), n+more)
}

// NumberAt returns the number at key, zero where there is none.
func NumberAt(tx *Tx, t Table, key string) (int, error) {
	n, _, err := Get[int](tx, t, []byte(key))
	return *n, err
}

// CheckNumbers verifies that a table has these numbers, none of them zero, and no others. It takes out of want what it finds.
func CheckNumbers(tx *Tx, t Table, want map[string]int) error {
	differ := func(key string, n int) error {
		return fmt.Errorf("%s is counted %d times in %s, not %d times", key, n, t, want[key])
	}
	for k := range Keys(tx, t, nil) {
		key := string(k)
		if n, err := NumberAt(tx, t, key); err != nil {
			return err
		} else if n != want[key] {
			return differ(key, n)
		}
		delete(want, key)
	}
	for key := range want {
		return differ(key, 0)
	}
	return nil
}
