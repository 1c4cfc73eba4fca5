package main

import "testing"

const measured = "Before.\n\n<!-- bench: speed -->\n| | ours | theirs |\n|---|---|---|\n| ADD | 9 | |\n| GC | 1 | 2 |\n\n| | of others |\n|---|---|\n"

func TestFiguresComeBelowTheHeadOfTheTableThatIsNamed(t *testing.T) {
	got, err := fill(measured, map[string]rows{"speed": {{"ADD", "8", "64"}, {"", "1", ""}}})
	want := "Before.\n\n<!-- bench: speed -->\n| | ours | theirs |\n|---|---|---|\n| ADD | 8 | 64 |\n| | 1 | |\n\n| | of others |\n|---|---|\n"
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestATableThatNoFiguresFitIsAnError(t *testing.T) {
	for name, tables := range map[string]map[string]rows{"no figures": {}, "other columns": {"speed": {{"ADD", "8"}}}} {
		if got, err := fill(measured, tables); err == nil || got != measured {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}
