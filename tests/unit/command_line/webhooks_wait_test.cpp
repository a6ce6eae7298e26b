/// `outreachd webhooks` where Outreach asks for patience, or isn't there.
#include "daemon/command_line/webhooks_command.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/command_line/commanded_sandbox.hpp"
#include "tests/unit/command_line/watched_output.hpp"

#include <csignal>
#include <fstream>
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

void want_webhooks(const commanded_sandbox& with) {
    std::ofstream{with.config, std::ios::app}
        << "endpoints: [{path: /w, secrets: [a-secret]}]\n"
           "webhooks: {url: https://hooks.example.com/w, subscribe: [task.completed]}\n";
}

TEST(Webhooks, EndAs69WhereNobodyAnswers) {
    commanded_sandbox with;
    with.use_auth("{type: token, token: x}",
                  "http://127.0.0.1:" + std::to_string(test_servers::unused_port()) + "/api/v2");
    want_webhooks(with);
    for (const char* const verb : {"list", "plan", "apply"}) {
        const command_result result = with.run({"webhooks", verb});
        EXPECT_EQ(result.exit_code, 69) << verb << result.err;
    }
    EXPECT_EQ(with.run({"api", "GET", "/"}).exit_code, 69) << "as the others do";
}

TEST(Webhooks, TellWhatIsRefusedFromAMissingLogin) {
    const struct {
        unsigned status;
        int exit_code;
        const char* said;
    } cases[]{{422, 1, "answered 422"}, {401, 69, "put a valid one there"}};

    for (const auto& [status, exit_code, said] : cases) {
        commanded_sandbox with;
        want_webhooks(with);
        with.subject.inject({.method = "POST",
                             .path = "/api/v2/webhooks",
                             .kind = sandbox::fault_kind::answer,
                             .status = status});
        // Asked in between, whether the token itself is good.
        with.subject.inject({.path = "/api/v2", .kind = sandbox::fault_kind::answer, .status = status});
        const command_result result = with.run({"webhooks", "apply", "--yes"});
        EXPECT_EQ(result.exit_code, exit_code) << result.err;
        EXPECT_THAT(result.err, HasSubstr(said));
    }
}

} // namespace
} // namespace outreachd::command_line
