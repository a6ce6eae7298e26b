/// A sandbox with a handful of records that lists tell apart.
#pragma once

#include "tests/unit/sandbox/running_sandbox.hpp"

namespace outreachd::sandbox {

inline options no_records() {
    options configured = quick_options();
    configured.is_empty = true;
    return configured;
}

/// Five accounts, with customId `1` to `5`; none in one.
struct five_accounts : running_sandbox {
    five_accounts() : running_sandbox(no_records()) {
        const char* const rows[]{R"("name":"Alpha","customId":"1","numberOfEmployees":10,"tags":["a","b"])",
                                 R"("name":"Beta","customId":"2","numberOfEmployees":20)",
                                 R"("name":"Gamma, Inc.","customId":"3","numberOfEmployees":30,"named":true)",
                                 R"("name":"Delta","customId":"4","numberOfEmployees":40,"tags":["b"])",
                                 R"("name":"Epsilon","customId":"5")"};
        for (const char* const row : rows)
            ids.push_back(make("accounts", "account", row));
    }

    std::vector<std::string> found(const std::string& query) {
        const json_reply list = get("accounts?" + query);
        EXPECT_EQ(list.status, 200U) << query << json::serialize(list.body);
        std::vector<std::string> customs;
        if (list.status == 200) {
            for (const json::value& each : list.at("/data").as_array())
                customs.push_back(json::value_to<std::string>(each.at_pointer("/attributes/customId")));
        }
        return customs;
    }

    std::vector<std::int64_t> ids;
};

} // namespace outreachd::sandbox
