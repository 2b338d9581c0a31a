// Crashes in one of many threads while the others sleep.
//
//   threads N WORKER CRASH [altstack]     WORKER -1 is the main thread
//
// CRASH: return, call, read, abort, snapshot (says "ready" and sleeps).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "handler.h"
#include "retaddr.h"

static pthread_barrier_t started;
static const char *how;
static long worker;
static int altstack;

KEEP static int call_null(void)
{
	int (*volatile f)(void) = NULL;
	return f() + 1;
}

KEEP static int crash(void)
{
	int *volatile null = NULL;
	volatile int r = 1;
	if (altstack) handler_install(SIGSEGV, "raise", "onstack_nodefer");
	if (!strcmp(how, "return")) return_to(0);
	else if (!strcmp(how, "call")) r = call_null();
	else if (!strcmp(how, "read")) r = *null;
	else if (!strcmp(how, "abort")) abort();
	else if (!strcmp(how, "snapshot")) {
		puts("ready");
		fflush(stdout);
		pause();
	} else exit(lab_usage(how));
	touch(&r);
	return r;
}

static void *work(void *arg)
{
	long i = (long)(intptr_t)arg;
	char name[16];
	snprintf(name, sizeof name, "worker-%ld", i);
	pthread_setname_np(pthread_self(), name);
	pthread_barrier_wait(&started);
	if (i == worker) {
		usleep(50000); // let the others fall asleep
		crash();
	}
	for (;;) pause();
}

int main(int argc, char **argv)
{
	if (argc < 4) return lab_usage("threads: want three arguments");
	long n = atol(argv[1]);
	worker = atol(argv[2]);
	how = argv[3];
	altstack = argc > 4;
	pthread_barrier_init(&started, NULL, (unsigned)n + 1);
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (long i = 0; i < n; i++) {
		pthread_t t;
		int e = pthread_create(&t, &attr, work, (void *)(intptr_t)i);
		if (e) {
			fprintf(stderr, "threads: thread %ld: %s\n", i, strerror(e));
			return 1;
		}
	}
	pthread_barrier_wait(&started);
	if (worker < 0) {
		usleep(50000);
		crash();
	}
	for (;;) pause();
}
