/// The small values: error codes, outcomes, secrets.
#include "daemon/event/errc.hpp"
#include "daemon/event/outcome.hpp"
#include "daemon/event/secret.hpp"
#include "daemon/event/verified_event.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <set>

namespace outreachd {
namespace {

struct errc_case {
    errc value;
    bool is_transient;
};

constexpr errc_case all_codes[] = {
    {errc::malformed_http, false},
    {errc::head_too_large, false},
    {errc::body_too_large, false},
    {errc::signature_missing, false},
    {errc::signature_malformed, false},
    {errc::signature_mismatch, false},
    {errc::store_unavailable, true},
    {errc::deadline_passed, true},
    {errc::not_found, false},
    {errc::damaged, false},
    {errc::stopping, true},
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

template <typename T>
concept printable = requires(std::ostream& stream, const T& value) {
    stream << value;
};

TEST(Secret, CannotBePrintedOrTakenForAString) {
    EXPECT_FALSE(printable<secret>);
    EXPECT_FALSE((std::is_convertible_v<secret, std::string>));
    EXPECT_FALSE((std::is_convertible_v<secret, std::string_view>));
    EXPECT_FALSE((std::is_convertible_v<std::string, secret>));
}

TEST(Secret, RevealsExactlyItsBytes) {
    const std::string bytes{"a\0b", 3};
    EXPECT_EQ(secret{bytes}.reveal(), bytes);
    EXPECT_TRUE(secret{}.empty());
    EXPECT_FALSE(secret{bytes}.empty());
}

TEST(Secret, OutlivesItsCopies) {
    const secret original{std::string(100, 's')};
    { const secret copy = original; } // NOLINT: wiped here, and the original must not be
    EXPECT_EQ(original.reveal(), std::string(100, 's'));
}

TEST(VerifiedEvent, CannotBeMadeOfAnEventByAnybodyElse) {
    EXPECT_FALSE((std::is_constructible_v<verified_event, event>));
    EXPECT_FALSE((std::is_default_constructible_v<verified_event>));
}

} // namespace
} // namespace outreachd
