#include "daemon/text/alternatives.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace outreachd {
namespace {

TEST(Alternatives, AreListedAsInASentence) {
    const std::vector<std::string_view> words{"list", "show", "replay"};
    const std::span<const std::string_view> all{words};
    EXPECT_EQ(alternatives(all), "list, show or replay");
    EXPECT_EQ(alternatives(all.first(2)), "list or show");
    EXPECT_EQ(alternatives(all.first(1)), "list");
    EXPECT_EQ(alternatives({}), "");
}

} // namespace
} // namespace outreachd
