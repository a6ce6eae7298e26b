/// Faults of the disk, made real.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace outreachd::tests {

/// The thread of `process` that is named so, as `top -H` shows it. Waits until there is one.
pid_t thread_named(pid_t process, const std::string& name);

/// Whose system calls fail: those of all threads of a process, or of one thread.
enum class traced { process, thread };

/// While it lives, system calls fail or stall as strace's `inject` says, for example `fdatasync:error=EIO` or
/// `fdatasync:delay_enter=10000000`; what `when=` says is counted in each thread apart. Where `file` is
/// given, calls on others don't count. Attached when the constructor returns.
class injected_fault {
public:
    injected_fault(pid_t target, const std::string& calls, const std::string& inject,
                   traced what = traced::process, const std::string& file = {});
    ~injected_fault();
    injected_fault(const injected_fault&) = delete;
    injected_fault& operator=(const injected_fault&) = delete;

private:
    pid_t strace_ = -1;
};

/// A file system of its own in memory, mounted while it lives. Needs root.
class small_disk {
public:
    small_disk(const std::string& directory, const std::string& size);
    ~small_disk();
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;

    /// Takes the space that is left, but for so much.
    void fill(std::uint64_t bytes_left = 0);
    /// Gives it back.
    void empty();

private:
    std::string directory_;
};

} // namespace outreachd::tests
