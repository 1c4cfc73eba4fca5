package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"

	shipped "vethbridge/conf/schema"
	"vethbridge/internal/failure"
	"vethbridge/internal/schema"
)

// remark is what validate has to say about one place of a file.
type remark struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity severity `json:"severity"`
	Key      string   `json:"key,omitempty"`
	Message  string   `json:"message"`
}

// String is a line as compilers write it, which editors can jump by.
func (r remark) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", r.File, r.Line, r.Column, r.Severity, r.Message)
}

// validate judges a config list, or the config of one plugin, without looking at the host.
func validate(ctx context.Context, s *session) error {
	remarks, err := s.remarks(ctx, s.subject())
	if err != nil {
		return err
	}
	if s.json {
		err = writeJSON(s.out, remarks)
	}
	for _, r := range remarks {
		if !s.json {
			fmt.Fprintln(s.out, r)
		}
	}
	switch {
	case err != nil:
		return err
	case slices.ContainsFunc(remarks, func(r remark) bool { return r.Severity == problem }):
		return errFindings
	case len(remarks) > 0:
		return errWarnings
	case !s.json:
		fmt.Fprintf(s.out, "%s is right\n", s.subject())
	}
	return nil
}

// remarks are all about a file, in the order of their places.
func (s *session) remarks(ctx context.Context, file string) ([]remark, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, failure.To("read network config", err)
	}
	found, err := s.judge(ctx, text)
	sort.SliceStable(found, func(i, j int) bool { return found[i].At < found[j].At })
	remarks := []remark{}
	for _, f := range found {
		r := remark{File: file, Severity: problem, Key: f.Key, Message: f.Message}
		r.Line, r.Column = schema.Position(text, f.At)
		if f.Mild {
			r.Severity = warning
		}
		remarks = append(remarks, r)
	}
	return remarks, err
}

// judge asks the schemas first. Only of a plugin's config that they take the code is asked, which
// knows what belongs together.
func (s *session) judge(ctx context.Context, text []byte) ([]schema.Finding, error) {
	var syntax *schema.SyntaxError
	root, err := schema.Parse(text)
	if errors.As(err, &syntax) {
		return []schema.Finding{{At: syntax.At, Message: "is no JSON: " + syntax.Reason}}, nil
	}
	set, err := schemas()
	if err != nil {
		return nil, err
	}
	plugins, list := root.Get("plugins")
	found := notOurs(root, plugins)
	if !list {
		of, err := s.judgePlugin(ctx, set, text, "", root)
		return append(found, of...), err
	}
	found = append(found, set.Check("conflist.json", "", root)...)
	if name, _ := root.Get("name"); !isNetworkName(name.Text) {
		found = append(found, schema.Finding{At: name.At, Key: "name", Message: "name begins with a letter or digit, and has only those and _.-"})
	}
	for i, p := range plugins.Items {
		of, err := s.judgePlugin(ctx, set, text, fmt.Sprintf("plugins[%d]", i), p)
		if err != nil {
			return nil, err
		}
		found = append(found, of...)
	}
	return append(found, judgeChain(plugins.Items)...), nil
}

// schemas reads those that are shipped.
func schemas() (schema.Set, error) {
	set := schema.Set{}
	for name, text := range map[string]string{
		"conflist.json": shipped.Conflist, "vethbridge.json": shipped.Vethbridge, "natport.json": shipped.Natport, "ipam.json": shipped.IPAM,
	} {
		one := &schema.Schema{}
		if err := json.Unmarshal([]byte(text), one); err != nil {
			return nil, failure.To("decode schema "+name, err)
		}
		set[name] = one
	}
	return set, nil
}
