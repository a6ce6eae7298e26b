/// The small values: error codes, outcomes, verified events.
#include "daemon/event/errc.hpp"
#include "daemon/event/outcome.hpp"
#include "daemon/event/verified_event.hpp"

#include <gtest/gtest.h>

#include <set>

namespace outreachd {
namespace {

struct errc_case {
    errc value;
    bool is_transient;
};

constexpr errc_case all_codes[] = {
    {errc::malformed_http, false},    {errc::head_too_large, false},      {errc::body_too_large, false},
    {errc::signature_missing, false}, {errc::signature_malformed, false}, {errc::signature_mismatch, false},
    {errc::store_unavailable, true},  {errc::deadline_passed, true},      {errc::not_found, false},
    {errc::damaged, false},           {errc::being_carried_over, true},   {errc::stopping, true},
};

TEST(Errc, HasAMeaningOfItsOwnForEveryValue) {
    std::set<std::string> messages;
    for (const auto& [value, is_transient] : all_codes) {
        const std::string message = make_error_code(value).message();
        EXPECT_EQ(message.find("unknown"), std::string::npos) << message;
        EXPECT_TRUE(messages.insert(message).second) << message;
    }
}

TEST(Errc, IsListedHereToTheLastValue) {
    const int next = static_cast<int>(errc::stopping) + 1;
    EXPECT_EQ(std::size(all_codes), static_cast<std::size_t>(next - 1));
    EXPECT_EQ(outreachd_category().message(next), "unknown error " + std::to_string(next));
}

TEST(Errc, SaysWhatMaySucceedLater) {
    for (const auto& [value, expected] : all_codes)
        EXPECT_EQ(is_transient(value), expected) << make_error_code(value).message();
}

TEST(Errc, ConvertsToAnErrorCode) {
    const error_code ec = errc::not_found;
    EXPECT_TRUE(ec.failed());
    EXPECT_EQ(ec, errc::not_found);
    EXPECT_NE(ec, errc::damaged);
    EXPECT_STREQ(ec.category().name(), "outreachd");
}

TEST(Outcome, SaysItsVerdictAndReason) {
    EXPECT_EQ(outcome::done().verdict, outcome::kind::done);
    EXPECT_TRUE(outcome::done().reason.empty());
    EXPECT_EQ(outcome::retry("busy").verdict, outcome::kind::retry);
    EXPECT_EQ(outcome::retry("busy").reason, "busy");
    EXPECT_EQ(outcome::dead("gone").verdict, outcome::kind::dead);
    EXPECT_EQ(outcome::dead("gone").reason, "gone");
    EXPECT_FALSE(outcome::retry("busy").retry_after);
}

TEST(VerifiedEvent, CannotBeMadeOfAnEventByAnybodyElse) {
    EXPECT_FALSE((std::is_constructible_v<verified_event, event>));
    EXPECT_FALSE((std::is_default_constructible_v<verified_event>));
}

} // namespace
} // namespace outreachd
