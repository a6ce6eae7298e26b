#include "daemon/expression/url_path.hpp"

#include <gtest/gtest.h>

namespace outreachd::expression {
namespace {

/// `[` and `]` stand around each result.
std::optional<std::string> fault_of(std::string_view marked) {
    std::string url;
    std::vector<text_range> results;
    for (const char c : marked) {
        if (c == '[')
            results.push_back({url.size(), url.size()});
        else if (c == ']')
            results.back().end = url.size();
        else
            url += c;
    }
    return find_path_fault(url, results);
}

TEST(UrlPath, TakesResultsThatStayInTheirSegment) {
    for (const char* const url : {
             "https://h/tasks/[7]",
             "https://h/tasks/[7]/x",
             "https://h/tasks/a[]",
             "https://h/tasks/[...]",
             "https://h/tasks/[.]a",
             "https://h/[%2F]",
             "https://h/a?x=[]",
             "https://h/a?x=[..]",
             "https://h/a#[.]",
             "https://h?[..]",
             "https://[h]",
             "https://[h]/",
             "https://h/../[7]", // the operator's own dots
             "https://h//[7]",
             "/tasks/[7]",
             "[7]",
             "",
         })
        EXPECT_EQ(fault_of(url), std::nullopt) << url;
}

TEST(UrlPath, RefusesSegmentsThatMeanAnotherPath) {
    for (const char* const url :
         {"https://h/tasks/[..]", "https://h/tasks/[..]/x", "https://h/[.]/x", "https://h/[.][.]",
          "https://h/.[.]", "https://h/%2E[.]?x", "https://h/%2e[.]#x", "https://h/[]%2E", "/tasks/[..]",
          "[..]/x", "https://h/[7]/[..]"})
        EXPECT_NE(fault_of(url).value_or("").find("names another path"), std::string::npos) << url;
    for (const char* const url : {"https://h/tasks/[]", "https://h/tasks/[]/x", "https://h/[]?x", "/[]",
                                  "https://h/[][]", "https://h/a/[]#x"})
        EXPECT_EQ(fault_of(url), "a segment of the path would be empty") << url;
}

} // namespace
} // namespace outreachd::expression
