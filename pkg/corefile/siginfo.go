package corefile

import "debug/elf"

// Signal numbers and codes shared by the supported machines
// (include/uapi/asm-generic/signal.h, siginfo.h).
const (
	sigILL  = 4
	sigTRAP = 5
	sigABRT = 6
	sigBUS  = 7
	sigFPE  = 8
	sigSEGV = 11
	sigSYS  = 31
	maxSig  = 64

	siUser  = 0
	siQueue = -1
	siMesgq = -3
	siTkill = -6
)

// decodeSignal reads siginfo_t. b is nil when the core has none; cursig is
// then all there is.
func decodeSignal(h *header, b []byte, cursig int) Signal {
	s := Signal{Number: cursig}
	// si_signo, si_errno, si_code, then the union, aligned to a word
	at := 12
	if h.class == elf.ELFCLASS64 {
		at = 16
	}
	if len(b) < at+8 {
		return s
	}
	o := h.order
	s.HasInfo = true
	s.Number = int(int32(o.Uint32(b)))
	s.Code = int(int32(o.Uint32(b[8:])))
	switch {
	case s.Code > 0 && faultSignal(s.Number):
		s.Addr, s.HasAddr = h.readWord(b[at:]), true
	case s.Code == siUser, s.Code == siQueue, s.Code == siMesgq, s.Code == siTkill:
		s.SenderPID = int64(int32(o.Uint32(b[at:])))
		s.SenderUID = int64(o.Uint32(b[at+4:]))
	}
	return s
}

// faultSignal reports whether the kernel sets si_addr (or, for SIGSYS,
// si_call_addr at the same place) for the signal.
func faultSignal(n int) bool {
	switch n {
	case sigILL, sigTRAP, sigBUS, sigFPE, sigSEGV, sigSYS:
		return true
	}
	return false
}
