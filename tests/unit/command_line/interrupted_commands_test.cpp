/// Ctrl-C while Outreach works on a request: it is answered, what it came to is said, and nothing follows it.
#include "daemon/command_line/webhooks_command.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/command_line/commanded_sandbox.hpp"
#include "tests/unit/command_line/watched_output.hpp"

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

namespace outreachd::command_line {
namespace {

using test_servers::recorded_request;
using test_servers::scripted_answer;
using testing::HasSubstr;
using testing::Not;

/// Says that it is done, and sends half of what it came to.
const scripted_answer half{.bytes = "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{", .is_last = true};

/// An Outreach with pages of nothing, which makes what it is asked to make. While it has one request, counted
/// from 0, whoever asks is interrupted.
struct interrupting_outreach {
    explicit interrupting_outreach(std::size_t at, bool breaks_off = false)
        : server([this, at, breaks_off](const recorded_request& asked) {
              const bool is_it = server.requests().size() == at; // this one comes to them later
              if (is_it)
                  ::kill(::getpid(), SIGINT);
              return is_it && breaks_off ? half : answer(asked);
          }) {
        with.use_auth("{type: token, token: x}",
                      "http://127.0.0.1:" + std::to_string(server.port()) + "/api/v2");
        std::ofstream{with.config, std::ios::app} << "endpoints: [{path: /w, secrets: [a-secret]}]\n"
                                                     "webhooks: {url: https://hooks.example.com/w, "
                                                     "subscribe: [task.completed, mailing.*, call.*]}\n";
    }

    static scripted_answer answer(const recorded_request& asked) {
        const std::string at = "http://" + asked.headers.at("host");
        if (asked.line.starts_with("GET "))
            return test_servers::http_ok(R"({"data":[],"links":{"next":")" + at +
                                         R"(/api/v2/webhooks?page[after]=x"}})");
        if (asked.line.find("/generateUploadLink") != std::string::npos)
            return test_servers::http_ok(R"({"data":{"attributes":{"storageKey":"k","uploadUrl":")" + at +
                                         R"(/upload"}}})");
        if (asked.line.find("/validateUpload") != std::string::npos)
            return test_servers::http_ok(R"({"data":{"attributes":{"recordCount":2}}})");
        return test_servers::http_ok(R"({"data":{"type":"any","id":1,"attributes":{"state":"pending"}}})");
    }

    command_result import_file() const {
        return with.run({"import", "accounts", with.scratch.file("file.csv", "Company\nFabrikam\nLitware\n"),
                         "--map", "Company=name"});
    }

    commanded_sandbox with;
    test_servers::scripted_server server;
};

TEST(Interrupt, EndsApplyBehindTheChangeThatIsUnderWay) {
    commanded_sandbox with;
    std::atomic<bool> is_over = false; // the second signal would end the test
    test_servers::scripted_server outreach{[&](const recorded_request& asked) {
        if (asked.line.starts_with("GET "))
            return test_servers::http_ok(R"({"data":[]})");
        if (!is_over.exchange(true))
            ::kill(::getpid(), SIGINT);
        return test_servers::http_ok(R"({"data":{"type":"webhook","id":1}})");
    }};
    with.use_auth("{type: token, token: x}",
                  "http://127.0.0.1:" + std::to_string(outreach.port()) + "/api/v2");
    std::ofstream{with.config, std::ios::app}
        << "endpoints: [{path: /w, secrets: [a-secret]}]\n"
           "webhooks: {url: https://hooks.example.com/w, subscribe: [task.completed, mailing.*, call.*]}\n";
    const command_result result = with.run({"webhooks", "apply", "--yes"});
    EXPECT_EQ(result.exit_code, 130);
    EXPECT_EQ(result.out, "1 of 3 changes made\n");
    EXPECT_THAT(result.err, testing::EndsWith("outreachd: interrupted\n"));
    EXPECT_EQ(outreach.requests().size(), 2U) << "the list, and one change";
}

TEST(Interrupt, EndsTheListOfWebhooksBehindItsPage) {
    for (const char* const verb : {"list", "plan", "apply"}) {
        const interrupting_outreach outreach{0};
        const command_result result = outreach.with.run({"webhooks", verb});
        EXPECT_EQ(result.exit_code, 130) << verb;
        EXPECT_EQ(result.err, "outreachd: interrupted\n") << verb;
        EXPECT_EQ(result.out, "") << verb;
        EXPECT_EQ(outreach.server.requests().size(), 1U) << verb;
    }
}

TEST(Interrupt, AtTheQuestionOfApplyChangesNothing) {
    commanded_sandbox with;
    std::ofstream{with.config, std::ios::app}
        << "endpoints: [{path: /w, secrets: [a-secret]}]\n"
           "webhooks: {url: https://hooks.example.com/w, subscribe: [task.completed]}\n";
    const typed_input typed;
    watched_output out_text;
    watched_output err_text;
    int code = -1;
    std::thread asking{[&] {
        std::ostream out{&out_text};
        std::ostream err{&err_text};
        code = apply_webhooks(with.config, {},
                              {.out = out, .err = err, .in = typed.descriptor(), .is_interactive = true});
    }};
    EXPECT_TRUE(err_text.has_come("Make these changes? [y/N] ")) << err_text.text();
    ::kill(::getpid(), SIGINT);
    asking.join();
    EXPECT_EQ(code, 130);
    EXPECT_THAT(err_text.text(), testing::EndsWith("outreachd: interrupted; nothing has changed\n"));
    EXPECT_EQ(with.count_of("POST", "/api/v2/webhooks"), 0U);
}

/// What stands in a pipe isn't somebody's answer.
TEST(Webhooks, AskOnlyWhereSomebodySeesIt) {
    commanded_sandbox with;
    std::ofstream{with.config, std::ios::app}
        << "endpoints: [{path: /w, secrets: [a-secret]}]\n"
           "webhooks: {url: https://hooks.example.com/w, subscribe: [task.completed]}\n";
    const typed_input piped{"y\n"};
    const command_result refused = with.run({"webhooks", "apply"}, &piped);
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, testing::EndsWith("outreachd: nobody to ask; --yes makes these changes\n"));
    EXPECT_EQ(with.count_of("POST", "/api/v2/webhooks"), 0U);

    const typed_input declined{"\n"};
    EXPECT_EQ(with.run({"webhooks", "apply"}, &declined, true).exit_code, 1);
    EXPECT_EQ(with.count_of("POST", "/api/v2/webhooks"), 0U);

    const typed_input agreed{"y\n"};
    const command_result made = with.run({"webhooks", "apply"}, &agreed, true);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(made.out, "1 of 1 changes made\n");
}

TEST(Interrupt, EndsAnImportBeforeItIsStarted) {
    for (const std::size_t at : {0U, 1U, 2U}) {
        const interrupting_outreach outreach{at};
        const command_result result = outreach.import_file();
        EXPECT_EQ(result.exit_code, 130) << at;
        EXPECT_THAT(result.err, testing::EndsWith("outreachd: interrupted; nothing was imported\n")) << at;
        EXPECT_EQ(outreach.server.requests().size(), at + 1);
        for (const recorded_request& each : outreach.server.requests())
            EXPECT_THAT(each.line, Not(HasSubstr("Import "))) << at;
    }
    const interrupting_outreach outreach{3};
    EXPECT_THAT(outreach.import_file().out, HasSubstr("import 1 of 2 records has started"))
        << "it was too late";
}

/// "It may have been done" counts as much as before: nobody else says it.
TEST(Interrupt, HidesNothingOfWhatARequestCameTo) {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"api", "POST", "/tasks", "--data", "{}"},
          {"bulk", "prospectsAddTags", "--filter", "id=1", "--data", R"({"tags":["spring"]})", "--yes"}}) {
        const interrupting_outreach outreach{0, true};
        const command_result result = outreach.with.run(arguments);
        EXPECT_EQ(result.exit_code, 130) << arguments[0];
        EXPECT_THAT(result.err, HasSubstr("whether it was done is not known")) << arguments[0];
        EXPECT_THAT(result.err, HasSubstr("outreachd: interrupted\n")) << arguments[0];
    }
    const interrupting_outreach at_the_start{3, true};
    const command_result started = at_the_start.import_file();
    EXPECT_EQ(started.exit_code, 130);
    EXPECT_THAT(started.err, HasSubstr("whether it was done is not known"));
    EXPECT_THAT(started.err, Not(HasSubstr("nothing was imported")));
}

TEST(Interrupt, HidesNothingOfWhatAChangeOfWebhooksCameTo) {
    commanded_sandbox with;
    test_servers::scripted_server outreach{[](const recorded_request& asked) {
        if (asked.line.starts_with("GET "))
            return test_servers::http_ok(R"({"data":[]})");
        ::kill(::getpid(), SIGINT);
        return half;
    }};
    with.use_auth("{type: token, token: x}",
                  "http://127.0.0.1:" + std::to_string(outreach.port()) + "/api/v2");
    std::ofstream{with.config, std::ios::app}
        << "endpoints: [{path: /w, secrets: [a-secret]}]\n"
           "webhooks: {url: https://hooks.example.com/w, subscribe: [task.completed, mailing.*]}\n";
    const command_result result = with.run({"webhooks", "apply", "--yes"});
    EXPECT_EQ(result.exit_code, 130);
    EXPECT_THAT(result.err, HasSubstr("whether it was done is not known"));
    EXPECT_EQ(outreach.requests().size(), 2U);
}

} // namespace
} // namespace outreachd::command_line
