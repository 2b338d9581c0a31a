package coretest

import "debug/elf"

// notes writes the whole PT_NOTE in the order of the producer.
func (c *Core) notes(at *marks) ([]byte, error) {
	var b []byte
	status := make([][]byte, len(c.Threads))
	for i, t := range c.Threads {
		s, err := c.prstatus(t)
		if err != nil {
			return nil, err
		}
		status[i] = s
	}
	add := func(name string, typ uint32, desc []byte) {
		at.notes = append(at.notes, mark{typ: typ, name: name, at: int64(len(b))})
		b = c.note(b, name, typ, desc)
	}
	if c.Producer == Gcore {
		c.process(add)
	}
	for i := range c.Threads {
		add("CORE", NTPRStatus, status[i])
		if c.Producer == Kernel && i == 0 {
			c.process(add)
			c.siginfo(add)
			c.maps(add)
		}
		if c.Producer == QEMU && i == 0 {
			c.process(add)
			c.auxv(add)
		}
		c.perThread(add)
	}
	if c.Producer == Gcore {
		c.maps(add)
	}
	if len(c.Threads) == 0 && c.Producer == Kernel {
		c.process(add)
		c.siginfo(add)
		c.maps(add)
	}
	for _, n := range c.Tail {
		add(n.Name, n.Type, n.Desc)
	}
	return b, nil
}

type adder func(name string, typ uint32, desc []byte)

// perThread writes what stands behind a thread's NT_PRSTATUS.
func (c *Core) perThread(add adder) {
	if c.Producer != QEMU {
		add("CORE", NTFPRegs, make([]byte, 512))
	}
	for _, n := range c.Extra {
		add(n.Name, n.Type, n.Desc)
	}
	if c.Producer == Gcore {
		c.siginfo(add)
	}
}

// note appends one note, padded to four bytes as the kernel does in files of
// either class.
func (c *Core) note(b []byte, name string, typ uint32, desc []byte) []byte {
	b = c.u32(b, uint32(len(name)+1))
	b = c.u32(b, uint32(len(desc)))
	b = c.u32(b, typ)
	b = pad(append(append(b, name...), 0))
	return pad(append(b, desc...))
}

func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// prstatus writes struct elf_prstatus.
func (c *Core) prstatus(t Thread) ([]byte, error) {
	var b []byte
	b = c.u32(b, uint32(t.Signal)) // pr_info
	b = c.u32(c.u32(b, 0), 0)
	b = c.u16(b, uint16(t.Signal)) // pr_cursig
	b = c.u16(b, 0)
	b = c.putWord(c.putWord(b, 0), 0) // pr_sigpend, pr_sighold
	b = c.u32(b, uint32(t.ID))
	b = c.u32(c.u32(c.u32(b, 1), 1), 1) // pr_ppid, pr_pgrp, pr_sid
	b = append(b, make([]byte, 8*c.word())...)
	regs, err := c.gregset(t.Registers)
	if err != nil {
		return nil, err
	}
	b = append(b, regs...)
	b = c.u32(b, 0) // pr_fpvalid
	for len(b)%c.word() != 0 {
		b = append(b, 0)
	}
	return b, nil
}

// process writes NT_PRPSINFO; ids have 16 bits on i386 and arm.
func (c *Core) process(add adder) {
	p := c.Process
	if p == nil {
		return
	}
	b := []byte{0, 'R', 0, 0}
	if c.word() == 8 {
		b = append(b, 0, 0, 0, 0)
	}
	b = c.putWord(b, 0)
	if c.Machine == elf.EM_386 || c.Machine == elf.EM_ARM || (c.Machine == elf.EM_X86_64 && c.word() == 4) {
		b = c.u16(c.u16(b, uint16(p.UID)), uint16(p.GID))
	} else {
		b = c.u32(c.u32(b, p.UID), p.GID)
	}
	b = c.u32(c.u32(b, uint32(p.PID)), uint32(p.PPID))
	b = c.u32(c.u32(b, 0), 0)
	b = append(b, fixed(p.Name, 16)...)
	add("CORE", NTPRPSInfo, append(b, fixed(p.Args, 80)...))
}

func fixed(s string, n int) []byte {
	b := make([]byte, n)
	copy(b, s)
	return b
}

// siginfo writes NT_SIGINFO.
func (c *Core) siginfo(add adder) {
	s := c.Signal
	if s == nil || c.Producer == QEMU {
		return
	}
	add("CORE", NTSigInfo, c.siginfoBytes(*s))
}

// siginfoBytes writes siginfo_t, which is 128 bytes everywhere.
func (c *Core) siginfoBytes(s Signal) []byte {
	b := c.u32(c.u32(c.u32(nil, uint32(s.Number)), 0), uint32(s.Code))
	if c.word() == 8 {
		b = c.u32(b, 0)
	}
	if s.Code > 0 {
		b = c.putWord(b, s.Addr)
	} else {
		b = c.u32(c.u32(b, s.SenderPID), s.SenderUID)
	}
	return append(b, make([]byte, 128-len(b))...)
}

// maps writes NT_AUXV and NT_FILE.
func (c *Core) maps(add adder) {
	c.auxv(add)
	if len(c.Files) == 0 || c.Producer == QEMU {
		return
	}
	b := c.putWord(c.putWord(nil, uint64(len(c.Files))), c.FilePage)
	for _, f := range c.Files {
		b = c.putWord(c.putWord(c.putWord(b, f.Start), f.End), f.Offset/c.FilePage)
	}
	for _, f := range c.Files {
		b = append(append(b, f.Path...), 0)
	}
	add("CORE", NTFile, b)
}

func (c *Core) auxv(add adder) {
	if len(c.Auxv) == 0 {
		return
	}
	var b []byte
	for _, kv := range c.Auxv {
		b = c.putWord(c.putWord(b, kv[0]), kv[1])
	}
	add("CORE", NTAuxv, c.putWord(c.putWord(b, 0), 0))
}
