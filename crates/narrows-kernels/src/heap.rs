//! The heap of the process.

/// Makes all threads share one heap from now on.
///
/// With glibc, each thread that allocates reserves 64 MiB of address space for its own heap. If `ulimit -v` limits the
/// address space of the process, a few threads take all of it, and then even small allocations fail. With another C
/// library, or if the process already has other threads, this function does nothing.
pub fn share() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const M_ARENA_MAX: i32 = -8;
        unsafe extern "C" {
            fn mallopt(parameter: i32, value: i32) -> i32;
        }
        let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
        if threads == 1 {
            // SAFETY: glibc declares `int mallopt(int, int)` and asks only that no other thread allocates meanwhile. The
            // calling thread is the only one.
            unsafe {
                mallopt(M_ARENA_MAX, 1);
            }
        }
    }
}
