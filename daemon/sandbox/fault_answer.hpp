/// What a fault makes of an answer.
#pragma once

#include "daemon/sandbox/fault_book.hpp"
#include "daemon/sandbox/message.hpp"

namespace outreachd::sandbox {

/// The answer that stands in the fault.
response told_answer(const fault& told);

/// The answer's bytes without the second half of its body.
std::string broken_off(const response& whole);

} // namespace outreachd::sandbox
