/// A kind of record as the table writes it down, in words that are read when the program starts.
#pragma once

#include "daemon/sandbox/resource_type.hpp"

namespace outreachd::sandbox {

/// Words, with a space between two.
///
/// `attributes`: `NAME[:KIND][/LENGTH_MAX][=VALUE|VALUE...][FLAGS]`; text where no kind is given. Flags: `!`
/// required, `-` read only, `~` can't be filtered by, `?` shown only on request.
/// `relationships`: `NAME=TYPE[FLAGS]` to one, `NAME*TYPE` to many, `NAME<TYPE.RELATIONSHIP` the other side
/// of a relationship to one.
/// `actions`: `NAME(PARAMETER PARAMETER!)`, the parentheses only where there are any.
struct type_description {
    std::string_view type;
    std::string_view plural;
    unsigned operations = may_all;
    std::string_view attributes;
    std::string_view relationships{};
    std::string_view actions{};
    std::string_view events{};
    std::string_view initial = "{}";
    bool has_custom = false;
};

/// What it views must stay. A word that can't be read is a bug, and an assertion.
resource_type read_description(const type_description& from);

} // namespace outreachd::sandbox
