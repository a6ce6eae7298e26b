/// A secret isn't printed, nor taken for anything else.
#include "daemon/crypto/secret.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

namespace outreachd {
namespace {

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

} // namespace
} // namespace outreachd
