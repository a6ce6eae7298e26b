/// A handler of type `outreach`, as the configuration says it.
#include "tests/unit/settings/files_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::settings::test {

namespace {

using testing::IsEmpty;

outreach_handler steps_of(const std::string& steps) {
    const loaded from = parse_settings(std::string{least} +
                                       "routes: [{match: a, to: [follow]}]\nhandlers:\n"
                                       "  follow:\n    type: outreach\n    steps: " +
                                       steps + "\n");
    EXPECT_THAT(lines_of(from.errors), IsEmpty());
    return from.settings.handlers.empty() ? outreach_handler{}
                                          : std::get<outreach_handler>(from.settings.handlers.front().type);
}

TEST(OutreachHandlerSettings, KnowAWholeUrlThatCameOutOfTheEnvironment) {
    const variable path{"OUTREACHD_TEST_TOKEN", "T0/B0/key"};
    const outreach_handler read = steps_of(R"([{post: "https://hooks.example.com/${OUTREACHD_TEST_TOKEN}"},)"
                                           R"( {post: "https://hooks.example.com/${NOT_SET:-in}"}])");
    ASSERT_EQ(read.steps.size(), 2U);
    EXPECT_TRUE(read.steps[0].is_elsewhere);
    EXPECT_TRUE(read.steps[0].hides_path);
    EXPECT_TRUE(read.steps[1].is_elsewhere);
    EXPECT_FALSE(read.steps[1].hides_path);
}

} // namespace

} // namespace outreachd::settings::test
