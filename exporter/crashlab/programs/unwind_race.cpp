// The race in GNU libunwind's _Ux86_64_setcontext (its issue 927), left to
// happen by itself. Landing in an exception handler, setcontext moves the stack
// pointer to the target's stack before it has read the program counter to
// return to, which by then lies below the stack pointer, where a signal handler
// may write. A signal that arrives between the two instructions overwrites it.
//
// Threads throw exceptions through stack frames with clean-ups, each landing
// being one setcontext, while a timer signals them at random moments; the
// handler fills its stack frame with zeros, as handlers with a buffer do.
//
//   unwind_race THREADS SECONDS far|near
//
// far: the thrower has a buffer of its own, so that the saved context is 8 KiB
// below the landing pad, within the handler's zeros: setcontext returns to 0.
// near: it is 2 KiB below, within what the kernel saves of the vector registers
// for the handler: setcontext returns to whatever that is.
#include <atomic>
#include <ctime>

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab.h"

namespace {

constexpr long least_nanoseconds = 400, spread_nanoseconds = 20000;

thread_local timer_t timer;
thread_local uint32_t randomness = 1;
std::atomic<unsigned long> landings;

// arm sets the thread's timer to a moment that is not in step with its loop.
void arm()
{
	randomness = randomness * 1664525u + 1013904223u;
	itimerspec next{};
	next.it_value.tv_nsec = least_nanoseconds + long((randomness >> 8) % uint32_t(spread_nanoseconds));
	timer_settime(timer, 0, &next, nullptr);
}

KEEP void format_nothing()
{
	volatile char buffer[8192];
	memset(const_cast<char *>(buffer), 0, sizeof buffer);
	touch(buffer);
}

void on_signal(int)
{
	format_nothing();
	arm();
}

// Ledger is what has a destructor to run: a landing pad in each stack frame.
struct Ledger {
	long &count;
	~Ledger()
	{
		count++;
		touch(&count);
	}
};

bool near_by;

KEEP void fail(int code) { throw code; }

KEEP void fail_far(int code)
{
	volatile char message[6144];
	touch(message);
	fail(code);
	touch(message);
}

KEEP void settle(int code, long &count)
{
	Ledger ledger{count};
	if (near_by) fail(code);
	else fail_far(code);
	touch(&ledger);
}

KEEP void post(int code, long &count)
{
	Ledger ledger{count};
	settle(code, count);
	touch(&ledger);
}

KEEP void serve(int code, long &count)
{
	Ledger ledger{count};
	post(code, count);
	touch(&ledger);
}

void *worker(void *)
{
	sigevent event{};
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = SIGUSR2;
	event._sigev_un._tid = int(syscall(SYS_gettid));
	randomness = uint32_t(time(nullptr)) ^ uint32_t(event._sigev_un._tid) * 2654435761u;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer)) {
		perror("unwind_race: timer_create");
		_exit(1);
	}
	arm();
	long count = 0;
	for (;;) {
		try {
			serve(int(count & 0xff), count);
		} catch (int code) {
			count += code;
		}
		landings.fetch_add(1, std::memory_order_relaxed);
	}
}

} // namespace

int main(int argc, char **argv)
{
	if (argc < 4) return lab_usage("unwind_race: want three arguments");
	near_by = !strcmp(argv[3], "near");
	struct sigaction action{};
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, nullptr);
	for (int i = 0; i < atoi(argv[1]); i++) {
		pthread_t t;
		if (pthread_create(&t, nullptr, worker, nullptr)) return 1;
	}
	for (int i = 0; i < atoi(argv[2]); i++) sleep(1);
	fprintf(stderr, "unwind_race: survived %lu landings\n", landings.load());
	_exit(1);
}
