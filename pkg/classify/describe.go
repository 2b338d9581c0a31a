package classify

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// maxSymbol bounds a demangled name in bytes; C++ names can be of any length.
const maxSymbol = 240

// name prints a place as module!function+0x12 where a symbol is at hand, else
// as module+0x1234.
func (v *view) name(s site) string {
	if sym, delta := v.symbol(s); sym != "" {
		return s.module + "!" + readable(sym) + "+0x" + strconv.FormatUint(delta, 16)
	}
	return s.module + "+0x" + strconv.FormatUint(s.offset, 16)
}

// symbol returns the linker name of the function at a site and the distance
// from its start; "" when unknown.
func (v *view) symbol(s site) (string, uint64) {
	if v.opt.Binaries == nil || s.buildID == "" {
		return "", 0
	}
	name, delta, ok := v.opt.Binaries.Symbol(s.path, s.buildID, s.file-s.back)
	if !ok {
		return "", 0
	}
	return name, delta + s.back
}

// readable demangles a C++ or Rust name and bounds it.
func readable(symbol string) string {
	if len(symbol) > 4096 {
		symbol = symbol[:4096]
	}
	name := demangle.Filter(symbol, demangle.NoClones, demangle.MaxLength(12))
	return printable(strings.TrimSpace(name), maxSymbol)
}

// describe prints an address of text for a reason: by module where it is
// mapped from a file, by its value otherwise.
func (v *view) describe(addr uint64) string {
	if s, ok := v.siteOf(addr); ok {
		return v.name(s)
	}
	return fmt.Sprintf("%#x", addr)
}

// where says what kind of memory an address is, for reasons.
func (v *view) where(addr uint64) string {
	switch v.placeOf(addr) {
	case placeNull:
		return "in the null page"
	case placeUnmapped:
		return "unmapped"
	case placeText:
		return "executable memory"
	case placeData:
		return "mapped without execute permission (" + v.wordKind(addr) + ")"
	default:
		return "of unknown mapping, since the program headers were not all read"
	}
}
