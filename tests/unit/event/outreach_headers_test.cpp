#include "daemon/event/outreach_headers.hpp"

#include <gtest/gtest.h>

namespace outreachd {
namespace {

TEST(OutreachHeaders, AreKeptButForTheCredentials) {
    struct example {
        std::string_view name;
        bool is_kept;
    };

    constexpr example examples[] = {
        {"Outreach-Org-Id", true},
        {"outreach-webhook-event-id", true},
        {"OUTREACH-X", true},
        {"Outreach-Webhook-Signature-Version", true},
        {"Outreach-Webhook-Signature", false},
        {"outreach-webhook-signature", false},
        {"OUTREACH-WEBHOOK-SIGNATURE", false},
        {"Outreach-Webhook-Cleanup-Token", false},
        {"outreach-webhook-CLEANUP-token", false},
        {"Outreach-", false},
        {"Outreach", false},
        {"X-Outreach-Org-Id", false},
        {"Outreach_Org_Id", false},
        {"Authorization", false},
        {"", false},
    };
    for (const auto& [name, is_kept] : examples)
        EXPECT_EQ(is_kept_header(name), is_kept) << name;
}

} // namespace
} // namespace outreachd
