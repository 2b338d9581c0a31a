// Has its stack pointer moved from outside while it waits in a small function
// (x86-64). A child attaches to this process with ptrace, as nothing inside the
// program could have done it, changes rsp, sets the flag that the function
// waits for, and lets go. What follows is this process's own crash.
//
//   misalign return ADDRESS|N DELTA [reraise]     misalign movaps N DELTA [reraise]
//
// return: the words around the function's return address hold ADDRESS (or the
// number N): its caller's saved rbx, pushed on either side of it, and its own
// uppermost local. So it returns there when rsp is off by -8, +8 or -16.
// movaps: the function stores an SSE register to its stack, which must be aligned.
// reraise: a SIGSEGV handler on an alternate stack raises the signal again.
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include "handler.h"

volatile long lab_go; // set by the tracer

extern void wait_then_return(void);
extern char wait_then_return_loop[];
extern void wait_then_store(void);
extern char wait_then_store_loop[];
extern void call_with_rbx(uintptr_t rbx, void (*f)(void));

__asm__(
	".text\n"
	".type wait_then_return,@function\n"
	".globl wait_then_return, wait_then_return_loop\n"
	"wait_then_return:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_offset rbx, -16\n"
	"	sub $32, %rsp\n"
	"	.cfi_adjust_cfa_offset 32\n"
	"	mov %rbx, 24(%rsp)\n"
	"	lea lab_go(%rip), %rbx\n"
	"wait_then_return_loop:\n"
	"	pause\n"
	"	cmpq $0, (%rbx)\n"
	"	je wait_then_return_loop\n"
	"	add $32, %rsp\n"
	"	.cfi_adjust_cfa_offset -32\n"
	"	pop %rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size wait_then_return, .-wait_then_return\n"

	".type wait_then_store,@function\n"
	".globl wait_then_store, wait_then_store_loop\n"
	"wait_then_store:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_offset rbx, -16\n"
	"	sub $48, %rsp\n"
	"	.cfi_adjust_cfa_offset 48\n"
	"	lea lab_go(%rip), %rbx\n"
	"	pxor %xmm0, %xmm0\n"
	"wait_then_store_loop:\n"
	"	pause\n"
	"	cmpq $0, (%rbx)\n"
	"	je wait_then_store_loop\n"
	"	movaps %xmm0, 16(%rsp)\n"
	"	add $48, %rsp\n"
	"	.cfi_adjust_cfa_offset -48\n"
	"	pop %rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size wait_then_store, .-wait_then_store\n"

	".type call_with_rbx,@function\n"
	".globl call_with_rbx\n"
	"call_with_rbx:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_offset rbx, -16\n"
	"	mov %rdi, %rbx\n"
	"	call call_pushing_rbx\n"
	"	mov %rbx, %rax\n"
	"	pop %rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size call_with_rbx, .-call_with_rbx\n"

	".type call_pushing_rbx,@function\n"
	"call_pushing_rbx:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_offset rbx, -16\n"
	"	call *%rsi\n"
	"	pop %rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size call_pushing_rbx, .-call_pushing_rbx\n");

static pid_t victim; // set in the tracer only

// fail ends the tracer, and the process that waits for it, which could not end by itself.
static void fail(const char *what)
{
	fprintf(stderr, "misalign: %s: %s\n", what, strerror(errno));
	if (victim) kill(victim, SIGKILL);
	_exit(2);
}

// shift waits until the traced process stands in the loop at loop, then moves
// its stack pointer by delta bytes and releases it.
static void shift(pid_t pid, char *loop, long delta)
{
	struct user_regs_struct regs;
	int status;
	if (ptrace(PTRACE_ATTACH, pid, 0, 0)) fail("ptrace attach");
	if (waitpid(pid, &status, 0) < 0) fail("waitpid");
	for (long steps = 0;; steps++) {
		if (ptrace(PTRACE_GETREGS, pid, 0, &regs)) fail("ptrace getregs");
		if (regs.rip >= (uintptr_t)loop && regs.rip <= (uintptr_t)loop + 8) break;
		if (steps > 100000) { errno = ETIMEDOUT; fail("the loop"); }
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0)) fail("ptrace singlestep");
		if (waitpid(pid, &status, 0) < 0) fail("waitpid");
	}
	regs.rsp += delta;
	if (ptrace(PTRACE_SETREGS, pid, 0, &regs)) fail("ptrace setregs");
	if (ptrace(PTRACE_POKEDATA, pid, (void *)&lab_go, (void *)1)) fail("ptrace pokedata");
	if (ptrace(PTRACE_DETACH, pid, 0, 0)) fail("ptrace detach");
	_exit(0);
}

int main(int argc, char **argv)
{
	volatile char stack[64];
	touch(stack);
	if (argc < 4) return lab_usage("misalign: want three arguments");
	int store = !strcmp(argv[1], "movaps");
	long delta = atol(argv[3]);
	char *end;
	uintptr_t rbx = strtoull(argv[2], &end, 0);
	if (*end) rbx = lab_target(argv[2], stack);

	if (argc > 4) handler_install(SIGSEGV, "raise", "onstack_nodefer");
	int ready[2];
	if (pipe(ready)) fail("pipe");
	pid_t self = getpid(), tracer = fork();
	if (tracer < 0) fail("fork");
	if (tracer == 0) {
		char c;
		victim = self;
		if (read(ready[0], &c, 1) != 1) fail("pipe");
		shift(self, store ? wait_then_store_loop : wait_then_return_loop, delta);
	}
	// Yama (kernel.yama.ptrace_scope=1) lets a child trace us only if we agree.
	prctl(PR_SET_PTRACER, tracer, 0, 0, 0);
	if (write(ready[1], "", 1) != 1) fail("pipe");
	call_with_rbx(rbx, store ? wait_then_store : wait_then_return);
	fprintf(stderr, "misalign: survived\n");
	return 1;
}
