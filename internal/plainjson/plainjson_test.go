package plainjson_test

import (
	"encoding/json"
	"net"
	"net/netip"
	"slices"
	"testing"

	"vethbridge/internal/plainjson"
	"vethbridge/internal/plainjson/plainjsontest"
)

// Shared is embedded, twice on different levels.
type Shared struct {
	A     int    `json:"a"`
	Deep  string `json:"deep,omitempty"`
	Twice bool   `json:"twice"`
}

type other struct {
	Shared
	B     int8 `json:"b"`
	Twice bool `json:"twice"`
}

type third struct {
	Both   string
	Tagged string `json:"Both"`
}

// twin and double have a field of one name, on one level: neither counts.
type twin struct {
	Same string
	one  bool
}

type double struct{ Same string }

// plain has all that plain structs may have.
type plain struct {
	other
	third
	twin
	double
	Own     string
	A       int               `json:"a,omitempty"`
	Left    int               `json:"-"`
	Text    *string           `json:"text,omitempty"`
	Numbers []uint32          `json:"numbers,omitempty"`
	Bytes   net.HardwareAddr  `json:"bytes"`
	IP      net.IP            `json:"ip"`
	Addr    netip.Addr        `json:"addr,omitzero"`
	Prefix  netip.Prefix      `json:"prefix"`
	Ptr     *netip.AddrPort   `json:"ptr,omitempty"`
	Raw     json.RawMessage   `json:"raw,omitempty"`
	Table   map[string]*plain `json:"table,omitempty"`
	List    [][]plainer       `json:"list"`
	hidden  int
}

// plainer says itself when it is zero.
type plainer struct {
	Zero picky `json:"zero,omitzero" yaml:"-"`
	N    int64 `yaml:"no" json:"n,omitzero"`
}

type picky struct{ K uint64 }

func (p *picky) IsZero() bool { return p.K == 7 }

// small is a byte with words of its own, and number one without.
type small uint8

func (s small) MarshalText() ([]byte, error) { return []byte{'0' + byte(s)%10}, nil }

type number uint8

// odd is nothing that is done here.
type odd struct {
	*Shared
	Float  float64 `json:"float"`
	Any    any     `json:"any"`
	Quoted int     `json:"quoted,string"`
	Array  [2]int  `json:"array"`
	Small  []small `json:"small"`
	Number []number
}

// Behind a text there may be nothing, not even memory.
func TestATextThatIsCutShortAnywhereIsRefused(t *testing.T) {
	const text = `{"raw":{"a\"b":["c\\",-1.5e3,true,null]},"text":"d\"","numbers":[1,20],"bytes":"AQI=","twice":false}`
	for end := range len(text) {
		for _, into := range []any{&plain{}, &map[string]json.RawMessage{}, &json.RawMessage{}} {
			if err := plainjson.Unmarshal(slices.Clip([]byte(text[:end])), into); err == nil {
				t.Errorf("%s is taken for %+v", text[:end], into)
			}
		}
	}
}

func FuzzAsEncodingJSON(f *testing.F) {
	_, _ = plain{}.hidden, plain{}.one
	plainjsontest.Fuzz(f,
		plainjsontest.Config(plain{}), plainjsontest.Config(map[string]json.RawMessage(nil)), plainjsontest.Config(json.RawMessage(nil)),
		plainjsontest.Record([]plainer(nil)), plainjsontest.Record(netip.Addr{}), plainjsontest.Record(uint64(0)), plainjsontest.Record(""),
		plainjsontest.Odd(plain{Own: "default", Left: 3, Numbers: []uint32{1}, Raw: json.RawMessage("[1, 2]"), IP: net.IP{1, 2}}),
		plainjsontest.Odd(odd{}), plainjsontest.Odd([]odd{}), plainjsontest.Odd([]plainer{}),
	)
}
