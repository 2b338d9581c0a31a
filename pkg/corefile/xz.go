package corefile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// xzReader reads the container of an .xz file (tukaani.org/xz/xz-file-format.txt)
// around the library's LZMA2 decoder. The library's own container reader
// allocates whatever dictionary a block claims, up to 4 GiB, and remembers
// every block; this one refuses dictionaries above maxDict and remembers none.
// It reads the first stream of a file and does not compare checksums of the
// content, whose end is hardly ever reached.
type xzReader struct {
	in      *bufio.Reader
	maxDict int64
	check   int64 // bytes of the checksum behind each block
	block   io.Reader
	counted *countedReader // what block reads from
	dicts   int64          // sum of all dictionaries allocated
	out     int64          // bytes decoded
	err     error
}

var errXZ = errors.New("not valid")

// checkSizes by check id (section 2.1.1.2).
var checkSizes = [16]int64{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}

func (x *xzReader) streamHeader() error {
	b := make([]byte, 12)
	if _, err := io.ReadFull(x.in, b); err != nil {
		return err
	}
	if b[6] != 0 || b[7] > 15 || crc32.ChecksumIEEE(b[6:8]) != binary.LittleEndian.Uint32(b[8:]) {
		return fmt.Errorf("xz stream header: %w", errXZ)
	}
	x.check = checkSizes[b[7]]
	return nil
}

// Read implements io.Reader.
func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = x.nextBlock()
			continue
		}
		n, err := x.block.Read(p)
		x.out += int64(n)
		switch {
		case err == io.EOF:
			x.err, x.block = x.endBlock(), nil
		case err != nil:
			x.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, x.err
}

// endBlock skips the padding and the checksum.
func (x *xzReader) endBlock() error {
	_, err := x.in.Discard(int((4-x.counted.n%4)%4 + x.check))
	return unexpected(err)
}

// nextBlock reads a block header (section 3.1); io.EOF means that the index
// follows, and with it the end of the content.
func (x *xzReader) nextBlock() error {
	size, err := x.in.ReadByte()
	if err != nil {
		return unexpected(err)
	}
	if size == 0 {
		return io.EOF
	}
	b := make([]byte, (int(size)+1)*4)
	b[0] = size
	if _, err := io.ReadFull(x.in, b[1:]); err != nil {
		return unexpected(err)
	}
	body := b[:len(b)-4]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(b[len(body):]) {
		return fmt.Errorf("xz block header: %w", errXZ)
	}
	dict, err := xzDictionary(body[1:])
	if err != nil {
		return err
	}
	return x.startBlock(dict)
}

// startBlock begins to decode. A block that holds less than its dictionary is
// no problem, many of them are: each costs the allocation of a dictionary.
func (x *xzReader) startBlock(dict int64) error {
	if dict > x.maxDict {
		return fail(ReasonLimit, -1, "xz dictionary of %d bytes, at most %d are allowed", dict, x.maxDict)
	}
	if x.dicts += dict; x.dicts > 4*x.out+2*x.maxDict {
		return fmt.Errorf("xz blocks are much smaller than their dictionaries: %w", errXZ)
	}
	x.counted = &countedReader{r: x.in}
	block, err := lzma.Reader2Config{DictCap: int(max(dict, lzma.MinDictCap))}.NewReader2(x.counted)
	if err != nil {
		return unexpected(err)
	}
	x.block = block
	return nil
}

// xzDictionary reads the size of the dictionary from a block header, behind
// its size byte.
func xzDictionary(b []byte) (int64, error) {
	flags := b[0]
	b = b[1:]
	if flags&0x3f != 0 { // more than one filter, or reserved bits
		return 0, fmt.Errorf("xz filters besides LZMA2: %w", errors.ErrUnsupported)
	}
	limit := int64(1) << 40
	for _, bit := range []byte{0x40, 0x80} { // compressed, uncompressed size
		if flags&bit == 0 {
			continue
		}
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, fmt.Errorf("xz block header: %w", errXZ)
		}
		if b = b[n:]; bit == 0x80 && v < uint64(limit) {
			limit = int64(v)
		}
	}
	const lzma2, propSize = 0x21, 1
	if len(b) < 3 || b[0] != lzma2 || b[1] != propSize || b[2] > 40 {
		return 0, fmt.Errorf("xz filter is not LZMA2: %w", errors.ErrUnsupported)
	}
	if b[2] == 40 {
		return min(limit, 1<<32-1), nil
	}
	return min(limit, int64(2|b[2]&1)<<(b[2]/2+11)), nil
}

// countedReader counts the bytes of a block.
type countedReader struct {
	r *bufio.Reader
	n int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ReadByte keeps the LZMA decoder from buffering beyond the block.
func (c *countedReader) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// unexpected tells an end within a structure from an end between structures.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
