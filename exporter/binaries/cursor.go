package binaries

import "encoding/binary"

// Pointer encodings, DW_EH_PE_* of the LSB.
const (
	peAbsolute = 0x00
	peUleb     = 0x01
	peUdata2   = 0x02
	peUdata4   = 0x03
	peUdata8   = 0x04
	peSleb     = 0x09
	peSdata2   = 0x0a
	peSdata4   = 0x0b
	peSdata8   = 0x0c
	pePCRel    = 0x10
	peDataRel  = 0x30
	peOmit     = 0xff
)

// cursor reads the fields of an entry; reading beyond the end sets bad.
type cursor struct {
	b     []byte
	order binary.ByteOrder
	base  uint64 // virtual address of b[0] at the start
	read  uint64
	word  int
	bad   bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.bad, c.b = true, nil
		return make([]byte, max(min(n, 8), 8))
	}
	out := c.b[:n]
	c.b = c.b[n:]
	c.read += uint64(n)
	return out
}

func (c *cursor) skip(n uint64) {
	if n > uint64(len(c.b)) {
		c.bad, c.b = true, nil
		return
	}
	c.take(int(n))
}

func (c *cursor) u8() byte    { return c.take(1)[0] }
func (c *cursor) u16() uint16 { return c.order.Uint16(c.take(2)) }
func (c *cursor) u32() uint32 { return c.order.Uint32(c.take(4)) }
func (c *cursor) u64() uint64 { return c.order.Uint64(c.take(8)) }

// address reads a word of the machine.
func (c *cursor) address() uint64 {
	if c.word == 8 {
		return c.u64()
	}
	return uint64(c.u32())
}

func (c *cursor) text() string {
	for i, x := range c.b {
		if x == 0 {
			return string(c.take(i + 1)[:i])
		}
	}
	c.bad = true
	return ""
}

func (c *cursor) uleb() (x uint64) {
	for shift := uint(0); !c.bad; shift += 7 {
		b := c.u8()
		if shift < 64 {
			x |= uint64(b&0x7f) << shift
		}
		if b&0x80 == 0 {
			break
		}
	}
	return x
}

func (c *cursor) sleb() (x int64) {
	for shift := uint(0); !c.bad; {
		b := c.u8()
		if shift < 64 {
			x |= int64(b&0x7f) << shift
		}
		shift += 7
		if b&0x80 == 0 {
			if shift < 64 && b&0x40 != 0 {
				x |= -1 << shift
			}
			break
		}
	}
	return x
}

// pointer reads an encoded pointer; encodings other than absolute and relative
// to its own place are not used for code addresses.
func (c *cursor) pointer(encoding byte) uint64 {
	if encoding == peOmit {
		return 0
	}
	at := c.base + c.read
	var x uint64
	switch encoding & 0x0f {
	case peAbsolute:
		x = c.address()
	case peUleb:
		x = c.uleb()
	case peUdata2:
		x = uint64(c.u16())
	case peUdata4:
		x = uint64(c.u32())
	case peUdata8, peSdata8:
		x = c.u64()
	case peSleb:
		x = uint64(c.sleb())
	case peSdata2:
		x = uint64(int64(int16(c.u16())))
	case peSdata4:
		x = uint64(int64(int32(c.u32())))
	default:
		c.bad = true
	}
	switch encoding & 0x70 {
	case 0:
	case pePCRel:
		x += at
	default:
		c.bad = true
	}
	return x
}
