/// From settings to handlers, and the log handler's line.
#include "handlers/registry.hpp"
#include "tests/unit/handlers/attempts.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"

#include <gtest/gtest.h>

namespace outreachd::handlers {
namespace {

template <typename Type>
settings::handler configured_as(const std::string& name, Type own) {
    settings::handler configured;
    configured.name = name;
    configured.type = std::move(own);
    return configured;
}

std::shared_ptr<expression::engine> no_expressions() {
    return std::make_shared<expression::engine>(1);
}

TEST(Registry, MakesEveryType) {
    const test::scratch_directory directory;
    log::logger log(log::level::error, log::format::text);
    const auto file = configured_as("audit", settings::file_handler{directory / "events", false});
    EXPECT_EQ(make_handler(file, log, no_expressions())->handle(test::make_attempt("{}")).verdict,
              outcome::kind::done);
    EXPECT_EQ(test::lines_of(directory / "events").size(), 1U);
    const auto line = configured_as("line", settings::log_handler{});
    EXPECT_EQ(make_handler(line, log, no_expressions())->handle(test::make_attempt("{}")).verdict,
              outcome::kind::done);
}

TEST(Registry, NamesTheHandlerThatCanNotBeMade) {
    log::logger log(log::level::error, log::format::text);
    const auto line = configured_as("line", settings::log_handler{"loud", "message"});
    try {
        make_handler(line, log, no_expressions());
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
        make_handler(line, log, no_expressions())->handle(what);
    }
    const auto written = testing::internal::GetCapturedStderr();
    for (const std::string fact : {"seen", "task.completed", "019aa000-0000-7000-8000-000000000001",
                                   "019aa000-0000-5000-8000-000000000002", "resource_id", "outreach"})
        EXPECT_NE(written.find(fact), std::string::npos) << fact << " in " << written;
    EXPECT_EQ(written.find("hidden"), std::string::npos) << written;
}

} // namespace
} // namespace outreachd::handlers
