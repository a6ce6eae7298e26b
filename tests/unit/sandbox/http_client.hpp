/// A blocking HTTP client on one connection, for tests of the sandbox.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::sandbox {

using header_list = std::vector<std::pair<std::string, std::string>>;

struct http_answer {
    unsigned status = 0;                          ///< 0: there was none.
    std::map<std::string, std::string> headers{}; ///< Names in lower case.
    std::string body{};
    bool is_cut = false; ///< The connection ended within it.
    bool was_reset = false;
};

/// One request to 127.0.0.1 on a connection of its own, which is given up after 20 s.
http_answer send_http(std::uint16_t port, std::string_view method, std::string_view target,
                      std::string_view body = {}, const header_list& headers = {});

} // namespace outreachd::sandbox
