/// Parts of a JSON text as they were written.
#pragma once

#include <string_view>
#include <vector>

namespace outreachd::handlers::outreach {

/// The value of a member of an object; the last one where there are several, empty where there is none or
/// `object` is no object. `key` holds nothing that needs escaping. `object` is JSON (see `is_json`).
std::string_view member_text(std::string_view object, std::string_view key);

/// The elements of an array; empty where `array` is none. `array` is JSON.
std::vector<std::string_view> element_texts(std::string_view array);

} // namespace outreachd::handlers::outreach
