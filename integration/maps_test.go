package integration

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheMapOfEachPackageNamesItsFiles reads the doc.go of each package; that of this one names its tests too.
func TestTheMapOfEachPackageNamesItsFiles(t *testing.T) {
	maps := 0
	for _, root := range []string{"../internal", "../pkg", "../plugins", "../scripts", "../integration"} {
		err := filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if d.Name() == "tools" { // the dependencies of runtimes' programs
				return filepath.SkipDir
			}
			files, err := filepath.Glob(filepath.Join(dir, "*.go"))
			if err != nil || len(files) == 0 {
				return err
			}
			maps++
			doc, err := os.ReadFile(filepath.Join(dir, "doc.go"))
			for _, file := range files {
				name := filepath.Base(file)
				if name == "doc.go" || strings.HasSuffix(name, "_test.go") && dir != "../integration" {
					continue
				}
				if !regexp.MustCompile(`(?m)[\t /]` + regexp.QuoteMeta(name) + `\b`).Match(doc) {
					t.Errorf("%s/doc.go does not name %s", dir, name)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if maps < 30 {
		t.Errorf("only %d packages were found", maps)
	}
}
