/// `outreachd webhooks` where Outreach asks for patience.
#include "daemon/command_line/webhooks_command.hpp"
#include "tests/unit/command_line/commanded_sandbox.hpp"
#include "tests/unit/command_line/watched_output.hpp"

#include <csignal>
#include <thread>

namespace outreachd::command_line {
namespace {

using testing::HasSubstr;

TEST(Webhooks, SayThatTheyWaitAndEndAtCtrlC) {
    commanded_sandbox with;
    with.subject.set_limit(0, std::chrono::minutes{30});
    watched_output out_text;
    watched_output err_text;
    int code = -1;
    std::thread waiting{[&] {
        std::ostream out{&out_text};
        std::ostream err{&err_text};
        code = list_webhooks(with.config, {}, {.out = out, .err = err});
    }};
    EXPECT_TRUE(err_text.has_come("waiting for it (Ctrl-C ends this)")) << err_text.text();
    ::kill(::getpid(), SIGINT);
    waiting.join();
    EXPECT_EQ(code, 130);
    EXPECT_THAT(err_text.text(), HasSubstr("outreachd: interrupted\n"));
    EXPECT_EQ(out_text.text(), "");
}

TEST(Webhooks, GoOnOnceTheLimitIsReset) {
    commanded_sandbox with;
    with.subject.set_limit(0, std::chrono::seconds{2});
    const command_result result = with.run({"webhooks", "list"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(with.count_of("GET", "/api/v2/webhooks"), 2U);
}

} // namespace
} // namespace outreachd::command_line
