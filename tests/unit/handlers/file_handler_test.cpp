/// The `file` handler, as the dispatcher sees it.
#include "handlers/file_handler.hpp"
#include "tests/unit/handlers/attempts.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace outreachd::handlers {
namespace {

TEST(FileHandler, WritesOneLineForEachEventUnderEightThreads) {
    const test::scratch_directory directory;
    const auto path = directory / "events.jsonl";
    const auto handler = make_file_handler({path, true});
    {
        std::vector<std::jthread> workers;
        for (int worker = 0; worker < 8; ++worker)
            workers.emplace_back([&] {
                for (int i = 0; i < 50; ++i)
                    EXPECT_EQ(handler->handle(test::make_attempt(R"({"data":{"id":1}})")).verdict,
                              outcome::kind::done);
            });
    }
    const auto lines = test::lines_of(path);
    EXPECT_EQ(lines.size(), 400U);
    for (const auto& line : lines)
        EXPECT_TRUE(line.starts_with("{\"id\":") && line.ends_with("}")) << line;
}

TEST(FileHandler, AsksForARetryWhereItCanNotWrite) {
    const test::scratch_directory directory;
    const auto path = directory / "absent/events.jsonl";
    const auto handler = make_file_handler({path, false});
    const auto said = handler->handle(test::make_attempt("{}"));
    EXPECT_EQ(said.verdict, outcome::kind::retry);
    EXPECT_NE(said.reason.find(path), std::string::npos);
    std::filesystem::create_directory(directory / "absent");
    EXPECT_EQ(handler->handle(test::make_attempt("{}")).verdict, outcome::kind::done);
}

TEST(FileHandler, OpensTheFileAnewAfterReopen) {
    const test::scratch_directory directory;
    const auto path = directory / "events.jsonl";
    const auto handler = make_file_handler({path, false});
    handler->handle(test::make_attempt("{}"));
    handler->reopen();
    handler->handle(test::make_attempt("{}"));
    EXPECT_EQ(test::lines_of(path).size(), 2U);
}

} // namespace
} // namespace outreachd::handlers
