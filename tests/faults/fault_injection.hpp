/// Faults of the disk, made real.
#pragma once

#include <string>

#include <sys/types.h>

namespace outreachd::tests {

/// While it lives, system calls of a process fail or stall as strace's `inject` says, for example
/// `fdatasync:error=EIO` or `fdatasync:delay_enter=10000000`. Attached when the constructor returns.
class injected_fault {
public:
    injected_fault(pid_t target, const std::string& calls, const std::string& inject);
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

    /// Takes all space that is left.
    void fill();
    /// Gives it back.
    void empty();

private:
    std::string directory_;
};

} // namespace outreachd::tests
