// Crashes on aarch64 without a C library. CRASH chooses one when assembled:
//   0 return to null: the saved link register was overwritten
//   1 call of null          2 tail jump to null      3 null read
//   4 misaligned sp         5 call of an unmapped address
//   6 return with one bit flipped                    7 return to the stack
//   8 undefined instruction 9 breakpoint             10 null write in a leaf
	.text
	.globl _start
	.type _start, %function
_start:
	mov x29, #0
	mov x30, #0
	stp x29, x30, [sp, #-16]!
	mov x29, sp
	bl caller
	mov x0, #1
	mov x8, #93 // exit
	svc #0

	.type caller, %function
caller:
	stp x29, x30, [sp, #-32]!
	mov x29, sp
	stp x19, x20, [sp, #16]
	mov x19, #0x77
	bl victim
	ldp x19, x20, [sp, #16]
	ldp x29, x30, [sp], #32
	ret

	.type victim, %function
victim:
	stp x29, x30, [sp, #-48]!
	mov x29, sp
	str x19, [sp, #16]
.if CRASH == 0
	str xzr, [sp, #8]
.elseif CRASH == 1
	mov x9, #0
	blr x9
.elseif CRASH == 2
	ldr x19, [sp, #16]
	ldp x29, x30, [sp], #48
	mov x9, #0
	br x9
.elseif CRASH == 3
	mov x9, #0
	ldr x0, [x9, #24]
.elseif CRASH == 4
	sub sp, sp, #8
.elseif CRASH == 5
	mov x9, #0x9000
	movk x9, #0x5678, lsl #16
	movk x9, #0x1234, lsl #32
	blr x9
.elseif CRASH == 6
	ldr x9, [sp, #8]
	eor x9, x9, #(1 << 37)
	str x9, [sp, #8]
.elseif CRASH == 7
	add x9, sp, #16
	str x9, [sp, #8]
.elseif CRASH == 8
	udf #0
.elseif CRASH == 9
	brk #0x1
.elseif CRASH == 10
	bl leaf
.endif
	ldr x19, [sp, #16]
	ldp x29, x30, [sp], #48
	ret

	.type leaf, %function
leaf:
	mov x9, #0
	str x19, [x9]
	ret
