#include "daemon/event/trace_parent.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <random>

namespace outreachd {

namespace {

std::uint64_t make_span_id() {
    thread_local std::mt19937_64 generator{[] {
        std::random_device device;
        return (std::uint64_t{device()} << 32U) | device();
    }()};
    // All zeros is no span (Trace Context 3.2.2.4).
    return std::uniform_int_distribution<std::uint64_t>{1}(generator);
}

} // namespace

std::string make_trace_parent(const event_id& event) {
    std::string trace = to_string(event);
    std::erase(trace, '-');
    char span[17];
    std::snprintf(span, sizeof span, "%016llx", static_cast<unsigned long long>(make_span_id()));
    return "00-" + trace + "-" + span + "-01";
}

} // namespace outreachd
