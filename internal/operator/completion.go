package operator

import (
	"context"
	"fmt"
	"strings"
)

func completion(_ context.Context, s *session) error {
	write := map[string]func() string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[s.subject()]
	_, err := fmt.Fprint(s.out, write())
	return err
}

// Commands of a shell that list what there is, by the columns of ls.
const (
	listNetworks   = `vethbridge ls 2>/dev/null | awk 'NR > 1 { print $1 }' | sort -u`
	listContainers = `vethbridge ls 2>/dev/null | awk 'NR > 1 { print $2 }' | sort -u`
)

// bashCompletion goes by the word before the cursor if it is a flag with a value, and by the
// command otherwise.
func bashCompletion() string {
	var b strings.Builder
	b.WriteString(`# Completion of vethbridge for bash: source <(vethbridge completion bash)
_vethbridge() {
  local cur=${COMP_WORDS[COMP_CWORD]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "` + strings.Join(names(), " ") + `" -- "$cur")
    return
  fi
  case ${COMP_WORDS[COMP_CWORD-1]} in
`)
	for _, f := range allFlags() {
		if f.Value != "" {
			fmt.Fprintf(&b, "  --%s) %s ;;\n", f.Name, bashWords(f.Value, f.Words))
		}
	}
	b.WriteString("  *)\n    case ${COMP_WORDS[1]} in\n")
	for _, c := range Commands() {
		fmt.Fprintf(&b, "    %s) %s; words+=\" %s\" ;;\n", c.Name, bashWords(c.Subject, c.words()), strings.Join(c.flagNames(), " "))
	}
	b.WriteString(`    esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _vethbridge vethbridge
`)
	return b.String()
}

func bashWords(value string, words []string) string {
	switch value {
	case "FILE":
		return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return`
	case "DIR":
		return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return`
	case "NAME":
		return "words=$(" + listNetworks + ")"
	case "ID", "WHAT":
		return "words=$(" + listContainers + ")"
	}
	return `words="` + strings.Join(words, " ") + `"`
}

func zshCompletion() string {
	var b strings.Builder
	b.WriteString(`#compdef vethbridge
# Completion of vethbridge for zsh: source <(vethbridge completion zsh)
_vethbridge_networks() { compadd -- ${(f)"$(` + listNetworks + `)"} }
_vethbridge_containers() { compadd -- ${(f)"$(` + listContainers + `)"} }
_vethbridge() {
  local -a commands=(
`)
	for _, c := range Commands() {
		fmt.Fprintf(&b, "    %s\n", quoted(c.Name+":"+c.Summary))
	}
	b.WriteString(`  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT -= 1 ))
  case $command in
`)
	for _, c := range Commands() {
		b.WriteString("  " + c.Name + ") _arguments")
		if c.Subject != "" {
			b.WriteString(" " + quoted("1:"+zshText(c.Subject)+":"+zshAction(c.Subject, c.words())))
		}
		for _, f := range c.Flags() {
			spec := "--" + f.Name + "[" + zshText(f.Summary) + "]"
			if f.Value != "" {
				spec += ":" + f.Value + ":" + zshAction(f.Value, f.Words)
			}
			b.WriteString(" \\\n    " + quoted(spec))
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString(`  esac
}
if [[ $funcstack[1] == _vethbridge ]]; then
  _vethbridge "$@"
else
  compdef _vethbridge vethbridge
fi
`)
	return b.String()
}

func zshAction(value string, words []string) string {
	switch value {
	case "FILE":
		return "_files"
	case "DIR":
		return "_files -/"
	case "NAME":
		return "_vethbridge_networks"
	case "ID", "WHAT":
		return "_vethbridge_containers"
	}
	if len(words) > 0 {
		return "(" + strings.Join(words, " ") + ")"
	}
	return " " // nothing to offer
}

// zshText escapes what ends a description or a message of _arguments.
func zshText(text string) string {
	return escaped([]string{text}, "", `\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)
}

func fishCompletion() string {
	var b strings.Builder
	b.WriteString("# Completion of vethbridge for fish: vethbridge completion fish | source\ncomplete -c vethbridge -f\n")
	for _, c := range Commands() {
		fmt.Fprintf(&b, "complete -c vethbridge -n __fish_use_subcommand -a %s -d %s\n", c.Name, quoted(c.Summary))
	}
	for _, c := range Commands() {
		line := "complete -c vethbridge -n '__fish_seen_subcommand_from " + c.Name + "'"
		if c.Subject != "" && c.Subject != "FILE" {
			b.WriteString(line + fishWords(c.Subject, c.words()) + "\n")
		}
		for _, f := range c.Flags() {
			fmt.Fprintf(&b, "%s -l %s -d %s", line, f.Name, quoted(f.Summary))
			switch f.Value {
			case "":
			case "FILE":
				b.WriteString(" -r -F")
			default:
				b.WriteString(" -x" + fishWords(f.Value, f.Words)) // no files
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func fishWords(value string, words []string) string {
	switch value {
	case "DIR":
		return " -a '(__fish_complete_directories)'"
	case "NAME":
		return ` -a "(` + strings.ReplaceAll(listNetworks, "$", `\$`) + `)"`
	case "ID", "WHAT":
		return ` -a "(` + strings.ReplaceAll(listContainers, "$", `\$`) + `)"`
	}
	return " -a " + quoted(strings.Join(words, " "))
}

// quoted makes one word of a shell, in quotes that all three read alike, but for a
// backslash, which fish reads as an escape and no text has.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func names() (list []string) {
	for _, c := range Commands() {
		list = append(list, c.Name)
	}
	return list
}

// words are what the command's subject can be, as far as that is known.
func (c *Command) words() []string {
	if c.Name == "help" {
		return names()
	}
	return c.Words
}

func (c *Command) flagNames() (list []string) {
	for _, f := range c.Flags() {
		list = append(list, "--"+f.Name)
	}
	return list
}
