/// From settings to handlers, and the log handler's line.
#include "handlers/registry.hpp"
#include "tests/unit/handlers/attempts.hpp"
#include "tests/unit/handlers/http_under_test.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>

namespace outreachd::handlers {
namespace {

template <typename Type>
settings::handler configured_as(const std::string& name, Type own) {
    settings::handler configured;
    configured.name = name;
    configured.type = std::move(own);
    return configured;
}

std::shared_ptr<expression::engine> engine_of_one() {
    return std::make_shared<expression::engine>(1, expression::limits{.time = std::chrono::seconds{30}});
}

TEST(Registry, MakesEveryType) {
    const test::scratch_directory directory;
    log::logger log(log::level::error, log::format::text);
    const auto file = configured_as("audit", settings::file_handler{directory / "events", false});
    EXPECT_EQ(make_handler(file, log, engine_of_one())->handle(test::make_attempt("{}")).verdict,
              outcome::kind::done);
    EXPECT_EQ(test::lines_of(directory / "events").size(), 1U);
    test_servers::scripted_server server{
        [](const test_servers::recorded_request&) { return test_servers::http_ok(); }};
    const auto crm = configured_as("crm", test::http_to(test::url_of(server)));
    EXPECT_EQ(make_handler(crm, log, engine_of_one())->handle(test::make_attempt("{}")).verdict,
              outcome::kind::done);
    EXPECT_EQ(server.requests().size(), 1U);
    const auto program = configured_as("sync", settings::exec_handler{{"/bin/true"}, {}, {}, {}, {}});
    EXPECT_EQ(make_handler(program, log, engine_of_one())->handle(test::make_attempt("{}")).verdict,
              outcome::kind::done);
    const auto line = configured_as("line", settings::log_handler{});
    EXPECT_EQ(make_handler(line, log, engine_of_one())->handle(test::make_attempt("{}")).verdict,
              outcome::kind::done);
}

TEST(Registry, NamesTheHandlerThatCanNotBeMade) {
    log::logger log(log::level::error, log::format::text);
    const auto line = configured_as("line", settings::log_handler{"loud", "message"});
    try {
        make_handler(line, log, engine_of_one());
        FAIL() << "a handler was made";
    } catch (const std::runtime_error& problem) {
        EXPECT_STREQ(problem.what(), "can't make the handler 'line': level 'loud' is none of debug, info, "
                                     "warn, error");
    }
}

TEST(LogHandler, WritesTheFactsAndNeverTheBody) {
    const auto what = test::make_attempt(
        R"({"data":{"type":"task","id":7,"secret":"hidden"},"meta":{"eventName":"task.completed"}})");
    testing::internal::CaptureStderr();
    {
        // The logger writes what waits when it ends.
        log::logger log(log::level::info, log::format::json);
        const auto line = configured_as("line", settings::log_handler{"warn", "seen"});
        make_handler(line, log, engine_of_one())->handle(what);
    }
    const auto written = testing::internal::GetCapturedStderr();
    for (const std::string fact : {"seen", "task.completed", "019aa000-0000-7000-8000-000000000001",
                                   "019aa000-0000-5000-8000-000000000002", "resource_id", "outreach"})
        EXPECT_NE(written.find(fact), std::string::npos) << fact << " in " << written;
    EXPECT_EQ(written.find("hidden"), std::string::npos) << written;
}

/// What the handler logs and says of one body.
struct logged {
    outcome said;
    std::string line;
};

logged log_one(const std::string& message, const std::string& body) {
    logged result;
    testing::internal::CaptureStderr();
    {
        log::logger log(log::level::info, log::format::json);
        const auto line = configured_as("line", settings::log_handler{"info", message});
        result.said = make_handler(line, log, engine_of_one())->handle(test::make_attempt(body));
    }
    result.line = testing::internal::GetCapturedStderr();
    return result;
}

TEST(LogHandler, FillsItsMessageIn) {
    const logged done = log_one("task ${{ .data.id }} by ${{ .data.user }} (${{ $event.resource_id }})",
                                R"({"data":{"type":"task","id":9007199254740993,"user":"a\nb"}})");
    EXPECT_EQ(done.said.verdict, outcome::kind::done) << done.said.reason;
    EXPECT_NE(done.line.find(R"(task 9007199254740992 by a\u000ab (9007199254740993))"), std::string::npos)
        << done.line;
}

TEST(LogHandler, MakesADeliveryDeadWhoseMessageFails) {
    const logged failed = log_one("task ${{ .data.id.x }}", R"({"data":{"id":"7"}})");
    EXPECT_EQ(failed.said.verdict, outcome::kind::dead);
    EXPECT_EQ(failed.said.reason, R"(message: ${{ .data.id.x }}: jq: Cannot index string with string "x")");
    EXPECT_EQ(failed.line, "");
}

/// Not to be started now is no fault of the program: as many as are running may be too many.
TEST(LogHandler, TriesAgainWhereNoProcessCanBeStarted) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    log::logger log(log::level::error, log::format::text);
    const auto line = configured_as("line", settings::log_handler{"info", "${{ .a }}"});
    const auto handler = make_handler(line, log, engine_of_one());
    rlimit none = before;
    none.rlim_cur = 3;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const outcome said = handler->handle(test::make_attempt("{}"));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(said.verdict, outcome::kind::retry);
    EXPECT_NE(said.reason.find("can't start a process for jq"), std::string::npos) << said.reason;
}

} // namespace
} // namespace outreachd::handlers
