// Fatal signal handlers as crash reporters install them: they note what
// happened and then raise the signal again, in one of several ways.
#ifndef CRASHLAB_HANDLER_H
#define CRASHLAB_HANDLER_H

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lab.h"

static const char *handler_way; // raise, kill, tgkill, abort, return

// report writes a line, as a crash reporter would, without the heap.
KEEP static void handler_report(int sig)
{
	char line[32] = "handler: signal 00\n";
	line[16] = (char)('0' + sig / 10);
	line[17] = (char)('0' + sig % 10);
	if (write(2, line, 19) < 0) return;
}

static void handler_reraise(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	handler_report(sig);
	if (!strcmp(handler_way, "abort")) abort();
	signal(sig, SIG_DFL);
	if (!strcmp(handler_way, "raise")) raise(sig);
	if (!strcmp(handler_way, "kill")) kill(getpid(), sig);
	if (!strcmp(handler_way, "tgkill")) syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
}

// handler_install handles sig in the given way. options may hold "onstack"
// (an alternate stack of 64 KiB) and "nodefer" (SA_NODEFER: the signal is not
// blocked in its handler, so that raising it again ends the process there).
__attribute__((unused)) static void handler_install(int sig, const char *way, const char *options)
{
	struct sigaction action;
	memset(&action, 0, sizeof action);
	handler_way = way;
	action.sa_sigaction = handler_reraise;
	action.sa_flags = SA_SIGINFO;
	if (strstr(options, "nodefer")) action.sa_flags |= SA_NODEFER;
	if (strstr(options, "onstack")) {
		stack_t stack;
		memset(&stack, 0, sizeof stack);
		stack.ss_size = 64 * 1024;
		stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		sigaltstack(&stack, NULL);
		action.sa_flags |= SA_ONSTACK;
	}
	sigaction(sig, &action, NULL);
}

#endif
