/// Globs on event names, as a table.
#include "daemon/text/glob.hpp"

#include <gtest/gtest.h>

#include <string>

namespace outreachd {
namespace {

TEST(Glob, FitsTheWholeTextOrNotAtAll) {
    struct {
        const char* pattern;
        const char* text;
        bool fits;
    } const cases[] = {
        {"task.completed", "task.completed", true},
        {"task.completed", "task.complete", false},
        {"task.completed", "task.completed.", false},
        {"task.completed", "Task.completed", false},
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "task.completed", true},
        {"task.*", "task.completed", true},
        {"task.*", "task.", true},
        {"task.*", "tasks.completed", false},
        {"*.completed", "a.b.completed", true},
        {"*.completed", "completed", false},
        {"*a*b*", "xxaxxbxx", true},
        {"*a*b*", "xxbxxaxx", false},
        {"**", "anything", true},
        {"a*a", "a", false},
        {"a*ab", "aaab", true},
        {"task.?", "task.a", true},
        {"task.?", "task.", false},
        {"task.?", "task.ab", false},
        {"task?completed", "task.completed", true},
        {"[tm]ask", "mask", true},
        {"[tm]ask", "bask", false},
        {"[a-f]x", "cx", true},
        {"[a-f]x", "gx", false},
        {"[f-a]x", "cx", false},
        {"[!a-f]x", "gx", true},
        {"[!a-f]x", "ax", false},
        {"[]]", "]", true},
        {"[!]]", "]", false},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[ab", "[ab", true},
        {"[ab", "a", false},
        {"[", "[", true},
        {"*[0-9]", "step 12", true},
        {"[*]", "*", true},
        {"[*]", "a", false},
        {"\\*", "\\anything", true},
    };

    for (const auto& one : cases)
        EXPECT_EQ(glob_matches(one.pattern, one.text), one.fits) << one.pattern << " on " << one.text;
}

TEST(Glob, IsNotSlowOnManyStars) {
    std::string pattern;
    for (int i = 0; i < 50; ++i)
        pattern += "a*";
    // Exponential matching would take longer than the universe; this takes microseconds.
    EXPECT_FALSE(glob_matches(pattern + "b", std::string(2'000, 'a')));
}

} // namespace
} // namespace outreachd
