/// The query of a URL, or a form, with the brackets of JSON:API taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::sandbox {

/// `filter[account][id]=1,2` is `filter`, {`account`, `id`}, `1,2`. `[]` is an empty key.
struct parameter {
    std::string name;
    std::vector<std::string> keys;
    std::string value;

    std::string written() const; ///< `filter[account][id]`
};

/// In order. `+` is a space.
std::vector<parameter> parse_query(std::string_view query);

/// The value of the first that is called so, and has these keys.
std::optional<std::string> find_parameter(const std::vector<parameter>& all, std::string_view name,
                                          const std::vector<std::string>& keys = {});

std::string percent_decode(std::string_view text);
std::vector<std::string> split(std::string_view text, char at);

} // namespace outreachd::sandbox
