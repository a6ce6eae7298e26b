#include "daemon/sandbox/fault_answer.hpp"

#include "daemon/text/ascii.hpp"

#include <algorithm>

namespace outreachd::sandbox {

response told_answer(const fault& told) {
    response made{told.status, {}, told.body, {}};
    made.body.resize(std::max(told.body_bytes, made.body.size()), 'x');
    for (const auto& [name, value] : told.headers) {
        if (is_same_in_any_case(name, "content-type"))
            made.content_type = value;
        else
            made.headers.emplace_back(name, value);
    }
    return made;
}

std::string broken_off(const response& whole) {
    std::string bytes = to_http(whole, false, false);
    bytes.resize(bytes.size() - (whole.body.size() + 1) / 2);
    return bytes;
}

} // namespace outreachd::sandbox
