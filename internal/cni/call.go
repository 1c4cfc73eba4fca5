package cni

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/containernetworking/cni/pkg/version"
)

// arguments are what a runtime says of a call, by the environment and stdin.
type arguments struct {
	ContainerID, Netns, IfName, Args string
	StdinData                        []byte
}

// accept reads a call, and refuses what the spec does not allow whatever the plugin: variables that
// are missing or impossible, a config without a name, a version that does not have the verb.
func accept(v verb) (a arguments, err error) {
	a = arguments{
		ContainerID: os.Getenv("CNI_CONTAINERID"), Netns: os.Getenv("CNI_NETNS"),
		IfName: os.Getenv("CNI_IFNAME"), Args: os.Getenv("CNI_ARGS"),
	}
	if err := v.judgeEnvironment(a); err != nil {
		return a, err
	}
	if a.StdinData, err = readStdin(); err != nil {
		return a, err
	}
	return a, v.judgeConfig(a.StdinData)
}

// needs are the variables that a verb can't do without (CNI spec, "CNI operations").
func (v verb) needs() []string {
	switch v {
	case verbAdd, check:
		return []string{"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"}
	case del:
		return []string{"CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"}
	}
	return []string{"CNI_PATH"}
}

func (v verb) judgeEnvironment(a arguments) error {
	var missing []string
	for _, name := range v.needs() {
		if os.Getenv(name) == "" {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return &Error{Code: CodeEnvironment, Message: "accept call: required env variables [" + strings.Join(missing, ",") + "] missing"}
	}
	if v == gc || v == status {
		return nil
	}
	if !validName(a.ContainerID) {
		return InvalidEnvironment("CNI_CONTAINERID", a.ContainerID, nameRule)
	}
	if !possibleLinkName(a.IfName) {
		return InvalidEnvironment("CNI_IFNAME", a.IfName, "the kernel gives no interface such a name")
	}
	return nil
}

// judgeConfig looks at the two keys that say what the rest means.
func (v verb) judgeConfig(config []byte) error {
	var keys struct {
		Name       string `json:"name"`
		CNIVersion string `json:"cniVersion"`
	}
	if err := (Request{Config: config}).Decode(&keys); err != nil {
		return err
	}
	if keys.Name == "" {
		return &Error{Code: CodeConfig, Message: "accept call: missing network name"}
	}
	if !validName(keys.Name) {
		return InvalidConfig("name", keys.Name, nameRule)
	}
	if keys.CNIVersion == "" {
		keys.CNIVersion = "0.1.0" // which had no such key
	}
	return v.judgeVersion(keys.CNIVersion)
}

// since is the version of the spec that a verb came with.
func (v verb) since() string {
	switch v {
	case check:
		return "0.4.0"
	case gc, status:
		return "1.1.0"
	}
	return "0.1.0"
}

func (v verb) judgeVersion(config string) error {
	young, err := version.GreaterThanOrEqualTo(config, v.since())
	if err != nil {
		return &Error{Code: CodeDecode, Message: "decode config: key \"cniVersion\": " + err.Error(), Cause: err}
	}
	if !young {
		return &Error{Code: CodeVersion, Message: "accept call: config version does not allow " + string(v),
			Details: fmt.Sprintf("config is %q, and %s came with %q", config, v, v.since())}
	}
	if supported := version.All.SupportedVersions(); !slices.Contains(supported, config) {
		return &Error{Code: CodeVersion, Message: "accept call: incompatible CNI versions",
			Details: fmt.Sprintf("config is %q, plugin supports %q", config, supported)}
	}
	return nil
}

// nameRule says in words what validName wants.
const nameRule = "a name has only [A-Za-z0-9_.-], and begins with a letter or digit"

// validName reports whether a network or a container can have a name (CNI spec, "Parameters").
func validName(name string) bool {
	return name != "" && !strings.ContainsAny(name[:1], "_.-") && strings.IndexFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_.-", c))
	}) < 0
}

// possibleLinkName is the rule of the kernel (dev_valid_name in net/core/dev.c).
func possibleLinkName(name string) bool {
	return name != "" && len(name) < 16 && name != "." && name != ".." &&
		strings.IndexFunc(name, func(c rune) bool { return c == '/' || c == ':' || unicode.IsSpace(c) }) < 0
}

// printVersions answers VERSION.
func printVersions() error {
	if err := version.All.Encode(os.Stdout); err != nil {
		return &Error{Code: CodeIO, Message: "write versions: " + err.Error()}
	}
	return nil
}

// introduce is for a person who starts a plugin by hand.
func introduce(about string) {
	fmt.Fprintln(os.Stderr, about)
	fmt.Fprintln(os.Stderr, "CNI protocol versions supported:", strings.Join(version.All.SupportedVersions(), ", "))
}
