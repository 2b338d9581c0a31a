// Crashes under a fatal signal handler, or inside a handler.
//
//   handler WAY OPTIONS CRASH      handler inside OPTIONS CRASH
//
// WAY: raise, kill, tgkill, abort, return. OPTIONS: plain, onstack, nodefer,
// onstack_nodefer. CRASH: return, call, read, write, overflow, divide.
#include <sys/resource.h>
#include "handler.h"
#include "retaddr.h"

static volatile int zero;
static const char *inside_crash;

KEEP static int call_null(void)
{
	int (*volatile f)(void) = NULL;
	return f() + 1;
}

KEEP static int overflow(int n)
{
	volatile char local[512];
	local[0] = (char)n;
	touch(local);
	return overflow(n + 1) + local[0];
}

KEEP static int crash(const char *how)
{
	int *volatile null = NULL;
	volatile int r = 1;
	if (!strcmp(how, "return")) return_to(0);
	else if (!strcmp(how, "call")) r = call_null();
	else if (!strcmp(how, "read")) r = *null;
	else if (!strcmp(how, "write")) *null = r;
	else if (!strcmp(how, "overflow")) r = overflow(0);
	else if (!strcmp(how, "divide")) r = r / zero;
	else return lab_usage(how);
	touch(&r);
	return r;
}

static void inside(int sig)
{
	volatile int r = sig;
	r = crash(inside_crash);
	touch(&r);
}

int main(int argc, char **argv)
{
	struct rlimit limit = {192 * 1024, 192 * 1024};
	if (argc < 4) return lab_usage("handler: want three arguments");
	setrlimit(RLIMIT_STACK, &limit);
	if (!strcmp(argv[1], "inside")) {
		handler_install(SIGUSR1, "return", argv[2]);
		struct sigaction action;
		sigaction(SIGUSR1, NULL, &action);
		action.sa_handler = inside;
		action.sa_flags &= ~SA_SIGINFO;
		sigaction(SIGUSR1, &action, NULL);
		inside_crash = argv[3];
		raise(SIGUSR1);
		return 1;
	}
	handler_install(SIGSEGV, argv[1], argv[2]);
	handler_install(SIGFPE, argv[1], argv[2]);
	return crash(argv[3]);
}
