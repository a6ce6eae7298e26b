#include "daemon/store/token_file.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outreachd::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

steady_time soon(milliseconds wait = seconds{10}) {
    return std::chrono::steady_clock::now() + wait;
}

token_record whole_record() {
    const wall_time at = *parse_timestamp("2026-11-21T08:22:55.123Z");
    return {
        .client = "c",
        .first_token = "f",
        .redirect_uri = "https://x/y",
        .refresh_token = secret{"refresh \"quoted\""},
        .access_token = secret{"access"},
        .scopes = {"tasks.read", "tasks.write"},
        .obtained_at = at,
        .expires_at = at + seconds{7200},
        .granted_at = at,
        .no_grant_before = at + seconds{60},
        .refreshing_since = at - seconds{1},
        .refusal = "why",
        .refused = "r",
        .refused_at = at,
        .install = "17",
        .installs_seen_to = wall_time{std::chrono::microseconds{1'785'542'400'123'457}},
        .api_base = "https://app1f.outreach.io/api/v2",
        .app = "our-app",
        .webhooks = {{"7", "print", secret{"eyJh"}}, {"8", "", {}}, {"", "print", {}, "task.* https://x"}}};
}

unsigned mode_of(const std::string& path) {
    struct stat facts {};

    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 07777U;
}

TEST(TokenFile, KeepsARecordForItsOwnerAlone) {
    const handlers::test::scratch_directory directory;
    token_file file{directory / "made"};
    EXPECT_EQ(file.read().record, token_record{});
    EXPECT_THAT(file.read().problem, IsEmpty());
    {
        const auto lock = file.lock(soon());
        ASSERT_TRUE(lock.held) << lock.problem;
        EXPECT_EQ(file.write(*lock.held, whole_record()), "");
        EXPECT_EQ(file.write(*lock.held, whole_record()), "");
    }
    EXPECT_EQ(token_file{directory / "made"}.read().record, whole_record());
    EXPECT_EQ(mode_of(file.directory()), 0700U);
    EXPECT_EQ(mode_of(file.directory() + "/outreach-tokens.json"), 0600U);
    EXPECT_EQ(mode_of(file.directory() + "/outreach-tokens.lock"), 0600U);
    EXPECT_FALSE(std::filesystem::exists(file.directory() + "/outreach-tokens.json.new"));
}

TEST(TokenFile, SaysWhatIsWrongWithADamagedFile) {
    struct {
        const char* text;
        const char* said;
    } const files[] = {
        {"", "no JSON object"},
        {"[]", "no JSON object"},
        {"{}", "no version"},
        {R"({"version":"1"})", "no version"},
        {R"({"version":2})", "is 2"},
        {R"({"version":1,"refresh_token":7})", "'refresh_token' is not text"},
        {R"({"version":1,"expires_at":"soon"})", "'expires_at' is not a time"},
        {R"({"version":1,"scopes":"x"})", "'scopes' is not a list"},
        {R"({"version":1,"scopes":[1]})", "'scopes' is not a list"},
        {R"({"version":1,"refresh_token":"planted-secret)", "no JSON object"},
    };

    const handlers::test::scratch_directory directory;
    const token_file file{directory / ""};
    for (const auto& each : files) {
        std::ofstream(directory / "outreach-tokens.json") << each.text;
        const token_reading reading = file.read();
        EXPECT_TRUE(reading.is_damaged) << each.text;
        EXPECT_THAT(reading.problem,
                    AllOf(HasSubstr(each.said), HasSubstr("remove it"), Not(HasSubstr("planted-secret"))));
        EXPECT_EQ(reading.record, token_record{});
    }
    std::ofstream(directory / "outreach-tokens.json") << R"({"version":1,"install":"5","later":{}})";
    EXPECT_EQ(file.read().record.install, "5") << "unknown members are no damage";
    std::ofstream(directory / "outreach-tokens.json") << std::string(300'000, ' ');
    EXPECT_THAT(file.read().problem, HasSubstr("it is over"));
}

TEST(TokenFile, SaysWhyItCantBeWritten) {
    token_file nowhere{"/no/such/directory"};
    EXPECT_THAT(nowhere.lock(soon()).problem, HasSubstr("/no/such/directory"));
    const handlers::test::scratch_directory directory;
    std::filesystem::create_directories(directory / "outreach-tokens.json/inside");
    token_file file{directory / ""};
    const auto lock = file.lock(soon());
    EXPECT_THAT(file.write(*lock.held, {}), HasSubstr("can't write"));
    EXPECT_THAT(file.read().problem, HasSubstr("can't read"));
}

TEST(TokenFile, IsHeldByOneThreadAtATime) {
    const handlers::test::scratch_directory directory;
    token_file shared{directory / ""};
    token_file another{directory / ""};
    std::atomic<int> inside = 0;
    std::atomic<int> rounds = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&, i] {
                for (int round = 0; round < 10; ++round) {
                    const auto lock = (i % 2 == 0 ? shared : another).lock(soon(seconds{60}));
                    ASSERT_TRUE(lock.held) << lock.problem;
                    EXPECT_EQ(++inside, 1);
                    ++rounds;
                    --inside;
                }
            });
    }
    EXPECT_EQ(rounds, 80);
}

TEST(TokenFile, IsHeldByOneProcessAtATime) {
    const handlers::test::scratch_directory directory;
    token_file file{directory / ""};
    int ready[2];
    int end[2];
    ASSERT_EQ(::pipe(ready), 0);
    ASSERT_EQ(::pipe(end), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = file.lock(soon());
        char byte = lock.held ? 'y' : 'n';
        const bool is_told = ::write(ready[1], &byte, 1) == 1 && ::read(end[0], &byte, 1) == 1;
        ::_exit(is_told ? 0 : 1); // without giving it back: the kernel does
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'y');
    const auto refused = file.lock(soon(milliseconds{100}));
    EXPECT_FALSE(refused.held);
    EXPECT_THAT(refused.problem, IsEmpty());
    ASSERT_EQ(::write(end[1], "x", 1), 1);
    EXPECT_TRUE(file.lock(soon()).held.has_value());
    ::waitpid(child, nullptr, 0);
    for (const int each : {ready[0], ready[1], end[0], end[1]})
        ::close(each);
}

} // namespace
} // namespace outreachd::store
