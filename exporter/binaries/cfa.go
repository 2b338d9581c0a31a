package binaries

import "github.com/epicurve/epicurve/pkg/classify"

// Opcodes of call frame instructions (DWARF 5, section 7.24; LSB for the GNU
// ones).
const (
	cfaAdvance     = 0x40
	cfaOffset      = 0x80
	cfaRestore     = 0xc0
	cfaNop         = 0x00
	cfaSetLoc      = 0x01
	cfaAdvance1    = 0x02
	cfaAdvance2    = 0x03
	cfaAdvance4    = 0x04
	cfaOffsetExt   = 0x05
	cfaRestoreExt  = 0x06
	cfaUndefined   = 0x07
	cfaSame        = 0x08
	cfaRegister    = 0x09
	cfaRemember    = 0x0a
	cfaRestoreAll  = 0x0b
	cfaDef         = 0x0c
	cfaDefRegister = 0x0d
	cfaDefOffset   = 0x0e
	cfaDefExpr     = 0x0f
	cfaExpr        = 0x10
	cfaOffsetSf    = 0x11
	cfaDefSf       = 0x12
	cfaDefOffsetSf = 0x13
	cfaValOffset   = 0x14
	cfaValOffsetSf = 0x15
	cfaValExpr     = 0x16
	cfaNegateRA    = 0x2d // AArch64: the return address is signed
	cfaArgsSize    = 0x2e
)

// machine runs call frame instructions.
type machine struct {
	cie     cie
	row     classify.UnwindRow
	initial classify.UnwindRow
	saved   []classify.UnwindRow
	loc     uint64
	opaque  bool // the CFA is an expression
}

// execute runs the instructions of a CIE and an FDE up to addr.
func execute(common cie, c *cursor, start, addr uint64) (classify.UnwindRow, error) {
	m := machine{cie: common, loc: start}
	m.row.ReturnRegister = common.returnReg
	init := *c
	init.b = common.initialize
	m.run(&init, addr)
	m.initial = m.row.Clone()
	m.loc = start
	m.run(c, addr)
	if c.bad || init.bad || m.opaque {
		return classify.UnwindRow{}, errNoFrame
	}
	return m.row, nil
}

// run obeys instructions until the location passes addr.
func (m *machine) run(c *cursor, addr uint64) {
	for len(c.b) > 0 && !c.bad {
		op := c.u8()
		switch op & 0xc0 {
		case cfaAdvance:
			m.loc += uint64(op&0x3f) * m.cie.codeAlign
		case cfaOffset:
			m.row.Save(uint64(op&0x3f), int64(c.uleb())*m.cie.dataAlign)
		case cfaRestore:
			m.restore(uint64(op & 0x3f))
		default:
			m.extended(op, c)
		}
		if m.loc > addr {
			return
		}
	}
}

func (m *machine) extended(op byte, c *cursor) {
	switch op {
	case cfaNop, cfaNegateRA:
	case cfaSetLoc:
		m.loc = c.pointer(m.cie.encoding)
	case cfaAdvance1:
		m.loc += uint64(c.u8()) * m.cie.codeAlign
	case cfaAdvance2:
		m.loc += uint64(c.u16()) * m.cie.codeAlign
	case cfaAdvance4:
		m.loc += uint64(c.u32()) * m.cie.codeAlign
	case cfaDef:
		m.row.CFARegister, m.row.CFAOffset, m.opaque = c.uleb(), int64(c.uleb()), false
	case cfaDefSf:
		m.row.CFARegister, m.row.CFAOffset, m.opaque = c.uleb(), c.sleb()*m.cie.dataAlign, false
	case cfaDefRegister:
		m.row.CFARegister = c.uleb()
	case cfaDefOffset:
		m.row.CFAOffset = int64(c.uleb())
	case cfaDefOffsetSf:
		m.row.CFAOffset = c.sleb() * m.cie.dataAlign
	case cfaDefExpr:
		c.skip(c.uleb())
		m.opaque = true
	case cfaRemember:
		if len(m.saved) < 64 {
			m.saved = append(m.saved, m.row.Clone())
		}
	case cfaRestoreAll:
		if n := len(m.saved); n > 0 {
			m.row, m.saved = m.saved[n-1], m.saved[:n-1]
		}
	case cfaArgsSize:
		c.uleb()
	default:
		m.registerRule(op, c)
	}
}

// registerRule obeys the instructions about one register.
func (m *machine) registerRule(op byte, c *cursor) {
	switch op {
	case cfaOffsetExt:
		m.row.Save(c.uleb(), int64(c.uleb())*m.cie.dataAlign)
	case cfaOffsetSf:
		m.row.Save(c.uleb(), c.sleb()*m.cie.dataAlign)
	case cfaRestoreExt:
		m.restore(c.uleb())
	case cfaSame:
		m.row.Forget(c.uleb())
	case cfaUndefined:
		m.row.Lose(c.uleb())
	case cfaRegister, cfaValOffset:
		m.row.Lose(c.uleb())
		c.uleb()
	case cfaValOffsetSf:
		m.row.Lose(c.uleb())
		c.sleb()
	case cfaExpr, cfaValExpr:
		m.row.Lose(c.uleb())
		c.skip(c.uleb())
	default:
		c.bad = true
	}
}

// restore puts a register's rule back to what the CIE says.
func (m *machine) restore(reg uint64) {
	if off, ok := m.initial.Saved[reg]; ok {
		m.row.Save(reg, off)
		return
	}
	m.row.Forget(reg)
}
