/// URLs whose text may hold `${{ EXPR }}` (config/reference.md, expressions).
#pragma once

#include <string>
#include <string_view>

namespace outreachd {

struct url_template {
    std::string blanked; ///< Each expression replaced by `1`, which can stand anywhere in a URL.
    bool has_expression = false;
    bool is_whole_expression = false; ///< One expression and nothing else: it gives scheme and host too.
    bool has_host_expression = false; ///< One stands in front of the path: in the host, or in the port.
};

/// Where a `${{` isn't closed, what follows it counts as text.
url_template read_url_template(std::string_view text);

} // namespace outreachd
