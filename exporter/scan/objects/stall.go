package objects

import (
	"context"
	"time"
)

// watchStall cancels a request that does not get on within timeout. The function
// that it returns ends the watch, and reports whether it had to cancel.
func watchStall(cancel context.CancelFunc, timeout time.Duration) (stalled func() bool) {
	timer := time.AfterFunc(timeout, cancel)
	return func() bool { return !timer.Stop() }
}
