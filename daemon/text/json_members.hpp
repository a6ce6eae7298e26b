/// A JSON object written member by member.
#pragma once

#include <string>
#include <string_view>

namespace outreachd {

/// For objects that a body goes into as it came: read into values and written again, a number of 30
/// digits would be another one. Keys are the program's own and hold nothing that needs escaping.
class json_members {
public:
    /// `value` is UTF-8.
    void text(std::string_view key, std::string_view value);
    /// `json` is JSON already.
    void raw(std::string_view key, std::string_view json);
    std::string finish() &&;

private:
    std::string object_;
};

} // namespace outreachd
