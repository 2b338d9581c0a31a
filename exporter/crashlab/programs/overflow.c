// Recurses until the stack ends. The limit is lowered first, to keep the core small.
//
//   overflow main     overflow thread     overflow array
#include <pthread.h>
#include <sys/resource.h>
#include "lab.h"

KEEP static int recurse(int n)
{
	volatile char local[512];
	local[0] = (char)n;
	touch(local);
	int r = recurse(n + 1);
	return r + local[0];
}

// huge steps over the guard page's first bytes with one large array.
KEEP static int huge(void)
{
	volatile char local[300 * 1024];
	local[0] = 1;
	touch(local);
	return local[0];
}

static void *worker(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)recurse(0);
}

KEEP static int thread(void)
{
	pthread_attr_t attr;
	pthread_t t;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 * 1024);
	if (pthread_create(&t, &attr, worker, NULL)) return 1;
	pthread_join(t, NULL);
	return 1;
}

int main(int argc, char **argv)
{
	struct rlimit limit = {192 * 1024, 192 * 1024};
	if (argc < 2) return lab_usage("overflow: want an argument");
	if (setrlimit(RLIMIT_STACK, &limit)) {
		perror("setrlimit");
		return 1;
	}
	if (!strcmp(argv[1], "main")) return recurse(0);
	if (!strcmp(argv[1], "array")) return huge();
	if (!strcmp(argv[1], "thread")) return thread();
	return lab_usage(argv[1]);
}
