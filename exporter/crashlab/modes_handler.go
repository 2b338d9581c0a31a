package crashlab

import "github.com/epicurve/epicurve/pkg/crash"

// A handler that ends the process leaves its own registers in the core; the
// truth is what happened before, which the signal frame on the stack tells.
const throughHandler = "the registers are the signal handler's; the context it interrupted is in the signal frame on the stack"

// handlerModes crash under a fatal signal handler, or within a handler.
func handlerModes() []Mode {
	m := func(name, summary, way, options, how string, w Want) Mode {
		return Mode{Name: name, Summary: summary, Program: "handler.c", Args: []string{way, options, how}, Flags: optimised, Want: w}
	}
	null := want(crash.KindReturnToNull)
	return []Mode{
		m("reraise_return_plain", "returns to 0; the handler raises, with the signal blocked until it returns", "raise", "plain", "return", null),
		m("reraise_return_nodefer", "returns to 0; the handler raises and dies there", "raise", "nodefer", "return", null.noted(throughHandler)),
		m("reraise_return_onstack", "returns to 0; the handler on its own stack raises", "raise", "onstack", "return", null),
		m("reraise_return_onstack_nodefer", "returns to 0; the handler on its own stack raises and dies there", "raise", "onstack_nodefer", "return", null.noted(throughHandler)),
		m("rekill_return_nodefer", "returns to 0; the handler sends the signal with kill", "kill", "nodefer", "return", null.noted(throughHandler)),
		m("retgkill_return_onstack", "returns to 0; the handler on its own stack sends it with tgkill", "tgkill", "onstack_nodefer", "return", null.noted(throughHandler)),
		m("abort_in_handler_return", "returns to 0; the handler aborts", "abort", "plain", "return", null.noted(throughHandler)),
		m("abort_in_handler_onstack_return", "returns to 0; the handler on its own stack aborts", "abort", "onstack", "return", null.noted(throughHandler)),
		m("handler_gives_up_return", "returns to 0; the handler restores the default and returns", "return", "plain", "return", null),
		m("reraise_call", "calls null; the handler raises and dies there", "raise", "nodefer", "call", want(crash.KindNullCall).noted(throughHandler)),
		m("reraise_read", "reads null; the handler on its own stack raises and dies there", "raise", "onstack_nodefer", "read", want(crash.KindNullDeref).noted(throughHandler)),
		m("abort_in_handler_write", "writes null; the handler aborts", "abort", "plain", "write", want(crash.KindNullDeref).noted(throughHandler)),
		m("reraise_overflow", "recurses for ever; the handler on its own stack raises and dies there", "raise", "onstack_nodefer", "overflow", want(crash.KindStackOverflow).noted(throughHandler)),
		m("reraise_divide", "divides by zero; the handler raises and dies there", "raise", "nodefer", "divide", want(crash.KindArithmetic).noted(throughHandler)),
		m("inside_handler_return", "a signal handler returns to 0", "inside", "plain", "return", null),
		m("inside_handler_onstack_return", "a signal handler on its own stack returns to 0", "inside", "onstack", "return", null),
		m("inside_handler_call", "a signal handler calls null", "inside", "plain", "call", want(crash.KindNullCall)),
		m("inside_handler_onstack_read", "a signal handler on its own stack reads null", "inside", "onstack", "read", want(crash.KindNullDeref)),
	}
}
