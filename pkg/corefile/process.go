package corefile

import (
	"bytes"
	"debug/elf"
)

// decodeProcess reads struct elf_prpsinfo (include/linux/elfcore.h). Its ids
// are 16 bits wide on i386 and arm (124 bytes in all), 32 bits elsewhere.
func decodeProcess(h *header, b []byte) Process {
	uidAt, wide := 16, true
	switch {
	case h.class == elf.ELFCLASS32 && len(b) < 128:
		uidAt, wide = 8, false
	case h.class == elf.ELFCLASS32:
		uidAt = 8
	}
	var p Process
	at := uidAt + 4
	if wide {
		at = uidAt + 8
	}
	const pids, fname = 16, 16
	if len(b) < at+pids+fname {
		return p
	}
	o := h.order
	if wide {
		p.UID, p.GID = int64(o.Uint32(b[uidAt:])), int64(o.Uint32(b[uidAt+4:]))
	} else {
		p.UID, p.GID = int64(o.Uint16(b[uidAt:])), int64(o.Uint16(b[uidAt+2:]))
	}
	p.PID, p.PPID = int64(int32(o.Uint32(b[at:]))), int64(int32(o.Uint32(b[at+4:])))
	name := b[at+pids : at+pids+fname]
	if i := bytes.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	p.Name = string(name)
	return p
}

// decodeAuxv reads the pairs of NT_AUXV up to AT_NULL.
func decodeAuxv(h *header, b []byte) map[uint64]uint64 {
	word := h.word()
	m := make(map[uint64]uint64, min(len(b)/(2*word), 64))
	for ; len(b) >= 2*word; b = b[2*word:] {
		key := h.readWord(b)
		if key == atNull {
			break
		}
		m[key] = h.readWord(b[word:])
	}
	return m
}

// Keys of the auxiliary vector (include/uapi/linux/auxvec.h).
const (
	atNull        = 0
	atPhdr        = 3
	atEntry       = 9
	atSysinfoEhdr = 33
)

// decodeThread reads pr_pid and the registers of NT_PRSTATUS; b is at least
// as long as the layout wants.
func decodeThread(h *header, l *layout, b []byte) Thread {
	pidAt, regsAt := prPid64, prRegs64
	if h.class == elf.ELFCLASS32 {
		pidAt, regsAt = prPid32, prRegs32
	}
	return Thread{
		ID:        int64(int32(h.order.Uint32(b[pidAt:]))),
		Registers: l.decode(h, b[regsAt:]),
	}
}
