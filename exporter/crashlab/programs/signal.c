// Dies of signals that are not page faults: what the processor raises, what
// the kernel raises, and what processes send.
//
//   signal divide|divide_overflow|illegal|breakpoint|step|hlt|align|sse_heap|sse_heap_leaf
//   signal bus|bad_syscall
//   signal raise N    signal kill N    signal queue N    signal peer N
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lab.h"

static volatile int zero, minus_one = -1, lowest = INT_MIN;

// bus reads a page of a file mapping that lies behind the end of the file.
KEEP static int bus(void)
{
	char name[] = "mapped-XXXXXX";
	int fd = mkstemp(name);
	if (fd < 0 || unlink(name) || ftruncate(fd, 8192)) return 1;
	volatile char *p = (volatile char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ftruncate(fd, 100)) return 1;
	return p[4096];
}

// bad_syscall forbids every system call but those it needs to fail: a seccomp
// filter of one instruction, "kill by SIGSYS" (SECCOMP_RET_TRAP, linux/seccomp.h).
KEEP static int bad_syscall(void)
{
	struct { uint16_t code; uint8_t jt, jf; uint32_t k; } filter[] = {{0x06, 0, 0, 0x00030000}};
	struct { uint16_t len; void *filter; } program = {1, filter};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return 1;
	if (prctl(PR_SET_SECCOMP, 2, &program)) return 1;
	return (int)getppid();
}

// peer lets another process send the signal while this one sleeps in a function of its own.
KEEP static int peer(int sig)
{
	pid_t self = getpid(), child = fork();
	if (child < 0) return 1;
	if (child == 0) {
		usleep(20000);
		_exit(kill(self, sig));
	}
	for (;;) pause();
}

KEEP static int queue(int sig)
{
	union sigval value = {.sival_int = 42};
	return sigqueue(getpid(), sig, value);
}

#if defined(__x86_64__)
// An aligned SSE store to a heap address that is not aligned; the stack is fine.
KEEP static int sse_heap(void)
{
	char *p = (char *)malloc(64) + 8;
	volatile int r = 1;
	__asm__ volatile("pxor %%xmm0, %%xmm0\n\tmovaps %%xmm0, (%0)" : : "r"(p) : "xmm0", "memory");
	touch(&r);
	return r;
}

// The same in a leaf function, whose stack pointer is off 16 by 8 by right.
extern int sse_leaf(char *p);
__asm__(
	".text\n"
	".type sse_leaf,@function\n"
	"sse_leaf:\n"
	"	.cfi_startproc\n"
	"	pxor %xmm0, %xmm0\n"
	"	movaps %xmm0, (%rdi)\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size sse_leaf, .-sse_leaf\n");

// The alignment-check flag makes any misaligned access a bus error.
KEEP static int align(void)
{
	char *volatile p = (char *)malloc(64) + 1;
	__asm__ volatile("pushfq\n\torl $0x40000, (%%rsp)\n\tpopfq\n\tmovl (%0), %%eax" : : "r"(p) : "eax", "memory", "cc");
	return 1;
}

KEEP static int machine(const char *how)
{
	if (!strcmp(how, "illegal")) __asm__ volatile("ud2");
	if (!strcmp(how, "breakpoint")) __asm__ volatile("int3");
	if (!strcmp(how, "step")) __asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop" : : : "memory", "cc");
	if (!strcmp(how, "hlt")) __asm__ volatile("hlt");
	if (!strcmp(how, "align")) return align();
	if (!strcmp(how, "sse_heap")) return sse_heap();
	if (!strcmp(how, "sse_heap_leaf")) return sse_leaf((char *)malloc(64) + 8);
	return lab_usage(how);
}
#else
KEEP static int machine(const char *how)
{
	if (!strcmp(how, "illegal")) __builtin_trap();
	return lab_usage(how);
}
#endif

KEEP static int die(const char *how, int sig)
{
	if (!strcmp(how, "divide")) return lowest / zero;
	if (!strcmp(how, "divide_overflow")) return lowest / minus_one;
	if (!strcmp(how, "bus")) return bus();
	if (!strcmp(how, "bad_syscall")) return bad_syscall();
	if (!strcmp(how, "raise")) return raise(sig);
	if (!strcmp(how, "kill")) return kill(getpid(), sig);
	if (!strcmp(how, "queue")) return queue(sig);
	if (!strcmp(how, "peer")) return peer(sig);
	return machine(how);
}

int main(int argc, char **argv)
{
	if (argc < 2) return lab_usage("signal: want an argument");
	volatile int r = die(argv[1], argc > 2 ? atoi(argv[2]) : 0);
	touch(&r);
	return r + 1;
}
