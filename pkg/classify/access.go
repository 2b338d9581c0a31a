package classify

// accessBasis is what the rules about loads and stores rest on.
var accessBasis = []string{
	"include/uapi/asm-generic/siginfo.h (SEGV_MAPERR: nothing mapped; SEGV_ACCERR: permission)",
	"mm/Kconfig and Documentation/admin-guide/sysctl/vm.rst (mmap_min_addr: 64 KiB in distributions)",
}
