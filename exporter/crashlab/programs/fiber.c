// Crashes on a stack of its own making: a context switched to with swapcontext,
// whose stack lies on the heap or in an anonymous mapping.
//
//   fiber heap|mmap CRASH      fiber setcontext ADDRESS
//
// CRASH: return, call, read.  setcontext restores a context whose program
// counter holds ADDRESS; glibc does so by pushing it and returning.
#define _GNU_SOURCE
#include <sys/mman.h>
#include <ucontext.h>
#include "retaddr.h"

enum { stack_size = 64 * 1024 };

static ucontext_t main_context, fiber_context;
static const char *how;

KEEP static int call_null(void)
{
	int (*volatile f)(void) = NULL;
	return f() + 1;
}

KEEP static void crash(void)
{
	int *volatile null = NULL;
	volatile int r = 1;
	if (!strcmp(how, "return")) return_to(0);
	else if (!strcmp(how, "call")) r = call_null();
	else if (!strcmp(how, "read")) r = *null;
	else exit(lab_usage(how));
	touch(&r);
}

static void body(void)
{
	volatile long work[4] = {1, 2, 3, 4};
	touch(work);
	crash();
	touch(work);
}

#if defined(__x86_64__)
KEEP static int restore(uintptr_t pc)
{
	volatile long work[4] = {1, 2, 3, 4};
	static ucontext_t context;
	touch(work);
	getcontext(&context);
	context.uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
	setcontext(&context);
	touch(work);
	return 1;
}
#endif

int main(int argc, char **argv)
{
	volatile char local[64];
	touch(local);
	if (argc < 3) return lab_usage("fiber: want two arguments");
#if defined(__x86_64__)
	if (!strcmp(argv[1], "setcontext")) return restore(lab_target(argv[2], local));
#endif
	how = argv[2];
	void *stack = !strcmp(argv[1], "heap")
		? malloc(stack_size)
		: mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	getcontext(&fiber_context);
	fiber_context.uc_stack.ss_sp = stack;
	fiber_context.uc_stack.ss_size = stack_size;
	fiber_context.uc_link = &main_context;
	makecontext(&fiber_context, body, 0);
	swapcontext(&main_context, &fiber_context);
	return 1;
}
