/// The broken files beside this one: each has exactly the errors written next to it.
#include "tests/unit/settings/files_under_test.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace outreachd::settings::test {

namespace {

using testing::ElementsAreArray;
using testing::Ge;

std::vector<std::filesystem::path> broken_files() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{OUTREACHD_BROKEN_FILES})
        if (entry.path().extension() == ".yaml")
            files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<std::string> expected_lines(std::filesystem::path file) {
    std::istringstream in{read_whole(file.replace_extension(".expected").string())};
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

TEST(BrokenFiles, HaveExactlyTheErrorsWrittenNextToThem) {
    const auto files = broken_files();
    EXPECT_THAT(files.size(), Ge(80U));
    for (const auto& file : files) {
        SCOPED_TRACE(file.filename().string());
        const auto expected = expected_lines(file);
        EXPECT_FALSE(expected.empty());
        EXPECT_THAT(lines_of(load_settings(file.string(), scope::all, with_jq()).errors),
                    ElementsAreArray(expected));
    }
}

TEST(BrokenFiles, AreNamedByTheirPathInFrontOfEachError) {
    const std::string path = std::string{OUTREACHD_BROKEN_FILES} + "/08-no-endpoints.yaml";
    const loaded result = load_settings(path);
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(to_text(result.errors[0], path),
              path + ":1:1: endpoints: is missing; give at least one, with path and secrets");
}

/// Whatever byte a file loses or ends at, reading it ends and says something of it or nothing.
TEST(BrokenFiles, AreReadAtAnyLengthWithoutHarm) {
    for (const auto& file : broken_files()) {
        const std::string text = read_whole(file.string());
        for (std::size_t length = 0; length < text.size(); length += 7)
            for (const problem& one : parse_settings(text.substr(0, length)).errors)
                EXPECT_GE(one.line, 1) << file << " cut at " << length << ": " << one.message;
    }
}

} // namespace

} // namespace outreachd::settings::test
