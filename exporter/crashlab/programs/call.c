// Calls a function pointer that points nowhere good, or jumps through it in
// tail position (compile that one with -O2: it must become a jmp).
//
//   call call ADDRESS     call jump ADDRESS
#include "lab.h"

typedef int (*function)(int);

KEEP static int call(function f)
{
	volatile int before = 1;
	touch(&before);
	int r = f(before);
	touch(&r);
	return r + 1;
}

KEEP static int jump(function f, int n)
{
	return f(n + 1);
}

KEEP static int dispatch(const char *how, uintptr_t target)
{
	volatile int r = 0;
	if (!strcmp(how, "call")) r = call((function)target);
	else if (!strcmp(how, "jump")) r = jump((function)target, 2);
	else return lab_usage(how);
	touch(&r);
	return r;
}

int main(int argc, char **argv)
{
	volatile char stack[64];
	touch(stack);
	if (argc < 3) return lab_usage("call: want two arguments");
	return dispatch(argv[1], lab_target(argv[2], stack));
}
