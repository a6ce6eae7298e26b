#include "daemon/settings/find_program.hpp"
#include "tests/unit/settings/files_under_test.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

namespace outreachd::settings::test {

namespace {

void make_executable(const std::string& path) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

TEST(FindProgram, TakesThePathAsItIs) {
    const temporary_folder folder;
    EXPECT_EQ(find_program("/bin/sh", "").path, "/bin/sh");
    EXPECT_EQ(find_program("/bin/sh", "").error, 0);
    EXPECT_EQ(find_program(folder.path("absent"), "/bin").error, ENOENT);
    EXPECT_EQ(find_program(folder.path(""), "/bin").error, EACCES);
    EXPECT_EQ(find_program(folder.write("plain", ""), "/bin").error, EACCES);
}

TEST(FindProgram, LooksIntoTheFoldersInOrder) {
    const temporary_folder first;
    const temporary_folder second;
    const std::string path = first.path("") + ":" + second.path("");
    EXPECT_EQ(find_program("sync", path).error, ENOENT);
    make_executable(second.write("sync", ""));
    EXPECT_EQ(find_program("sync", path).path, second.path("") + "/sync");
    first.write("sync", "");
    EXPECT_EQ(find_program("sync", path).path, second.path("") + "/sync");
    EXPECT_EQ(find_program("sync", first.path("")).error, EACCES);
    make_executable(first.path("sync"));
    EXPECT_EQ(find_program("sync", path).path, first.path("") + "/sync");
}

TEST(FindProgram, LeavesOutFoldersThatDependOnWhereTheDaemonIs) {
    const temporary_folder folder;
    make_executable(folder.write("sync", ""));
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path(""));
    for (const char* path : {"", ":", ".", ".:", "::", "./"})
        EXPECT_EQ(find_program("sync", path).error, ENOENT) << path;
    EXPECT_EQ(find_program("sync", "::" + folder.path("")).error, 0);
    std::filesystem::current_path(before);
}

} // namespace

} // namespace outreachd::settings::test
