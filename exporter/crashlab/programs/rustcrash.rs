// Crashes the way Rust programs do (compile with -C panic=abort).
//
//   rustcrash panic|null_read|null_call|overflow|abort

use std::hint::black_box;

#[inline(never)]
fn read(p: *const i32) -> i32 {
    unsafe { std::ptr::read_volatile(p) }
}

#[inline(never)]
fn call(address: usize) -> i32 {
    // The niche of a function pointer is null, so it goes through memory.
    let f: extern "C" fn(i32) -> i32 = unsafe { std::ptr::read_volatile(std::ptr::addr_of!(address).cast()) };
    black_box(f(3)) + 1
}

#[inline(never)]
#[allow(unconditional_recursion)]
fn recurse(n: u64) -> u64 {
    let local = black_box([n; 32]);
    recurse(n + 1) + local[3]
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("panic") => {
            let nothing: Option<i32> = black_box(None);
            println!("{}", nothing.unwrap());
        }
        Some("null_read") => println!("{}", read(black_box(std::ptr::null()))),
        Some("null_call") => println!("{}", call(black_box(0))),
        Some("overflow") => {
            // The main thread's stack would make a large core.
            let t = std::thread::Builder::new().stack_size(128 << 10).spawn(|| recurse(0));
            println!("{:?}", t.map(|t| t.join().is_ok()));
        }
        Some("abort") => std::process::abort(),
        _ => std::process::exit(64),
    }
}
