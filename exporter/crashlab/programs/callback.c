// Crashes inside a callback that the C library calls, so that its stack frames
// lie between ours.
//
//   callback return|read      callback comparator (a null comparator for qsort)
#include "retaddr.h"

static const char *how;

static int compare(const void *a, const void *b)
{
	int *volatile null = NULL;
	volatile int x = *(const int *)a, y = *(const int *)b;
	touch(&x);
	if (!strcmp(how, "return")) return_to(0);
	if (!strcmp(how, "read")) x = *null;
	touch(&y);
	return x - y;
}

KEEP static int sort(int (*order)(const void *, const void *))
{
	volatile int numbers[8] = {5, 3, 8, 1, 9, 2, 7, 4};
	touch(numbers);
	qsort((void *)numbers, 8, sizeof numbers[0], order);
	touch(numbers);
	return numbers[0];
}

int main(int argc, char **argv)
{
	if (argc < 2) return lab_usage("callback: want an argument");
	how = argv[1];
	int (*volatile order)(const void *, const void *) = strcmp(how, "comparator") ? compare : NULL;
	return sort(order);
}
