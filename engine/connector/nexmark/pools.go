package nexmark

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"sync"

	"github.com/weir-streams/weir/engine/data"
)

var (
	states = strings.Split("AZ,CA,ID,OR,WA,WY", ",")
	cities = strings.Split("Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne", ",")
	firsts = strings.Split("Peter,Paul,Luke,John,Saul,Vicky,Kate,Julie,Sarah,Deiter,Walter", ",")
	lasts  = strings.Split("Shultz,Abrams,Spencer,White,Bartels,Walton,Smith,Jones,Noris", ",")
	hot    = []string{"Google", "Facebook", "Baidu", "Apple"}
)

// pools are the strings that events share, made once for a seed. Views of them
// are of buffer 0 of a column.
type pools struct {
	extra *data.Buffer // the texts of extra columns are pieces of it
	names *data.Buffer // channels and urls
	text  []byte       // letters and blanks
	// channels, then the four hot ones.
	channel, url [channels + 4]data.View
}

// lastPools are those made last: all subtasks of a job share them.
var lastPools struct {
	sync.Mutex
	seed  int64
	pools *pools
}

func poolsOf(seed int64) *pools {
	lastPools.Lock()
	defer lastPools.Unlock()
	if lastPools.pools == nil || lastPools.seed != seed {
		lastPools.seed, lastPools.pools = seed, newPools(seed)
	}
	return lastPools.pools
}

// newPools uses streams of its own: seed+1 for channels and urls, seed+2 for the
// pool, seed+3 for texts.
func newPools(seed int64) *pools {
	p := &pools{extra: data.WrapBuffer(makeExtra(&random{uint64(seed + 2)}))}
	letters := &random{uint64(seed + 3)}
	p.text = make([]byte, textPool)
	for i := range p.text {
		p.text[i] = letters.letter(' ')
	}
	var names []byte
	add := func(s string) data.View {
		off := len(names)
		names = append(names, s...)
		return view(names, off, len(s))
	}
	u := &random{uint64(seed + 1)}
	for i, name := range hot {
		p.channel[channels+i], p.url[channels+i] = add(name), add(baseURL(u))
	}
	for i := range channels {
		url := baseURL(u)
		if u.intn(10) > 0 {
			id := int32(bits.Reverse32(uint32(i)))
			if id < 0 {
				id = -id // as Math.abs: the smallest int stays negative (channel-1)
			}
			url += "&channel_id=" + strconv.Itoa(int(id))
		}
		p.channel[i], p.url[i] = add("channel-"+strconv.Itoa(i)), add(url)
	}
	p.names = data.WrapBuffer(names)
	return p
}

// view is a view of buf[off:off+n], buf being buffer 0.
func view(buf []byte, off, n int) data.View {
	if n <= data.InlineLen {
		return data.InlineView(buf[off : off+n])
	}
	return data.View{A: uint64(n) | uint64(binary.LittleEndian.Uint32(buf[off:]))<<32, B: uint64(off) << 32}
}

// makeExtra copies a quirk: half of the 31-bit draws are negative, so half of
// the groups of six characters come from 'H'..'a', not a..z.
func makeExtra(r *random) []byte {
	b := make([]byte, extraPool)
	var rnd int32
	for i, n := 0, 0; i < len(b); i++ {
		if n == 0 {
			rnd, n = r.int32(), 6
		}
		b[i] = byte('a' + rnd%26)
		rnd /= 26
		n--
	}
	return b
}

const textPool = 64 << 10

// letter is one in 13 times special.
func (r *random) letter(special byte) byte {
	if r.upTo(roomOf13)%13 == 0 {
		return special
	}
	return 'a' + byte(r.upTo(roomOf26)%26)
}

// appendText appends 3 to most-1 letters, one in 13 of them special; blanks at
// the ends are cut off.
func appendText(dst []byte, r *random, most int32, special byte) []byte {
	from := len(dst)
	for range 3 + r.intn(most-3) {
		dst = append(dst, r.letter(special))
	}
	if special != ' ' {
		return dst
	}
	end, start := len(dst), from
	for end > from && dst[end-1] == ' ' {
		end--
	}
	for start < end && dst[start] == ' ' {
		start++
	}
	n := copy(dst[from:], dst[start:end])
	return dst[:from+n]
}

// skipText draws what appendText does and returns how long the text is. Its
// blanks matter only at the ends.
func skipText(r *random, most int32) int {
	n := 3 + int(r.intn(most-3))
	first, last := -1, -1
	for i := range n {
		if r.upTo(roomOf13)%13 != 0 {
			r.upTo(roomOf26)
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return 0
	}
	return last - first + 1
}

func baseURL(r *random) string {
	b := append([]byte(nil), "https://www.nexmark.com/"...)
	for range 3 {
		b = append(appendText(b, r, 5, '_'), '/')
	}
	return string(append(b, "item.htm?query=1"...))
}
