#include "daemon/exception_barrier.hpp"

namespace outreachd {

void exception_barrier::report(const char* cause) noexcept {
    try {
        if (const auto failures = failures_.count(std::chrono::steady_clock::now()))
            log_.error("the main thread goes on after an exception",
                       {{"cause", cause}, {"failures", *failures}});
    } catch (const std::exception&) {
        return; // No memory for the line either; what the other threads do matters more.
    }
}

} // namespace outreachd
