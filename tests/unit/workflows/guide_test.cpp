/// Every endpoint and every webhook event of Outreach's guide to its API, by our client, against the
/// simulated Outreach: 27 requests, 11 events.
#include "handlers/outreach/access.hpp"
#include "handlers/outreach/client.hpp"
#include "handlers/outreach/query.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/handlers/scratch_directory.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <string>

namespace outreachd::handlers::outreach {
namespace {

using namespace std::chrono_literals;
using sandbox::link_to;
using sandbox::running_sandbox;
using test_servers::recorded_request;
using test_servers::scripted_server;

class Guide : public testing::Test {
protected:
    Guide() {
        settings::outreach to;
        to.base_url = outreach_.subject.base_url();
        to.auth = settings::token_access{.token = secret{sandbox::known_token}};
        shared_.emplace(to, directory_ / "");
        client_.emplace(*shared_, caller::operator_command);
        outreach_.make("webhooks", "webhook",
                       R"("url":"http://127.0.0.1:)" + std::to_string(receiver_.port()) +
                           R"(/hook","resource":"*","action":"*","secret":"foo")");
    }

    /// The answer's id; 0 where there is none.
    std::int64_t ask(const api_request& request, int status = 200) {
        const api_answer answer = client_->send(request, std::chrono::steady_clock::now() + 10s);
        EXPECT_TRUE(answer.is_success()) << answer.problem;
        EXPECT_EQ(answer.status, status) << request.method << ' ' << request.target;
        asked_.insert(request.method + ' ' + request.target.substr(0, request.target.find('?')));
        const std::string id = exact_resource_id(answer.body);
        return id.empty() ? 0 : std::stoll(id);
    }

    std::int64_t create(const std::string& plural, const std::string& type, const std::string& attributes,
                        const std::string& links = {}) {
        return ask(post("/" + plural, R"({"data":{"type":")" + type + R"(","attributes":{)" + attributes +
                                          R"(},"relationships":{)" + links + "}}}"),
                   201);
    }

    void list(const std::string& plural, const query& narrowed = query{}.page_size(2)) {
        ask(get(with_query("/" + plural, narrowed.text())));
    }

    void show(const std::string& plural, std::int64_t id) {
        ask(get("/" + plural + "/" + std::to_string(id)));
    }

    void change(const std::string& plural, const std::string& type, std::int64_t id,
                const std::string& attributes) {
        ask(patch("/" + plural + "/" + std::to_string(id), R"({"data":{"type":")" + type + R"(","id":)" +
                                                               std::to_string(id) + R"(,"attributes":{)" +
                                                               attributes + "}}}"));
    }

    std::int64_t first_of(const std::string& plural) {
        return outreach_.get(plural + "?page[size]=1").number("/data/0/id");
    }

    bool has_received(const std::string& event) {
        return sandbox::becomes_true([&] {
            const std::lock_guard lock(mutex_);
            return received_.contains(event);
        });
    }

    void note(const recorded_request& request) {
        const auto body = boost::json::parse(request.body);
        const std::lock_guard lock(mutex_);
        received_.insert(boost::json::value_to<std::string>(body.at_pointer("/meta/eventName")));
    }

    std::mutex mutex_;
    std::set<std::string> received_; ///< Guarded by it.
    std::set<std::string> asked_;
    scripted_server receiver_{[this](const recorded_request& request) {
        note(request);
        return test_servers::http_ok("");
    }};
    running_sandbox outreach_;
    test::scratch_directory directory_;
    std::optional<access> shared_;
    std::optional<client> client_;
};

TEST_F(Guide, EveryEndpointAnswersAndEveryEventComes) {
    const std::int64_t user = first_of("users");
    list("users");
    show("users", user);

    const std::int64_t account = create("accounts", "account", R"("name":"Acme")");
    list("accounts", query{}.equals("name", "Acme"));
    show("accounts", account);
    change("accounts", "account", account, R"("domain":"acme.example")");

    const std::int64_t prospect =
        create("prospects", "prospect", R"("firstName":"Ada")", link_to("account", "account", account));
    list("prospects",
         query{}.related("account", std::to_string(account)).sort("-updatedAt").include("account"));
    show("prospects", prospect);
    change("prospects", "prospect", prospect, R"("title":"Countess")");

    const std::int64_t sequence = create("sequences", "sequence", R"("name":"Welcome")");
    list("sequences");
    show("sequences", sequence);

    const std::int64_t mailbox = first_of("mailboxes");
    const std::int64_t state = create("sequenceStates", "sequenceState", "",
                                      link_to("prospect", "prospect", prospect) + "," +
                                          link_to("sequence", "sequence", first_of("sequences")) + "," +
                                          link_to("mailbox", "mailbox", mailbox));
    list("sequenceStates");
    ask(post("/sequenceStates/" + std::to_string(state) + "/actions/finish"));

    const std::int64_t mailing =
        create("mailings", "mailing", R"("subject":"Hello")",
               link_to("prospect", "prospect", prospect) + "," + link_to("mailbox", "mailbox", mailbox));
    list("mailings");
    show("mailings", mailing);

    create("calls", "call", R"("direction":"outbound","outcome":"completed")",
           link_to("prospect", "prospect", prospect));
    list("calls");

    const std::int64_t task =
        create("tasks", "task", R"("action":"call")",
               link_to("prospect", "prospect", prospect) + "," + link_to("owner", "user", user));
    list("tasks", query{}.equals("state", "incomplete"));
    change("tasks", "task", task, R"("note":"Call her")");

    create("templates", "template", R"("name":"Hello","subject":"Hi","bodyHtml":"<p>Hi</p>")");
    list("templates");

    // The last one: all else hangs on it.
    const std::int64_t other = create("prospects", "prospect", R"("firstName":"Grace")");
    ask(remove("/prospects/" + std::to_string(other)), 204);

    EXPECT_EQ(asked_.size(), 27U) << testing::PrintToString(asked_);
    // The state can't be written (contract 11.14).
    ask(post("/tasks/" + std::to_string(task) + "/actions/markComplete"));
    for (const char* event : {"prospect.created", "prospect.updated", "prospect.destroyed", "account.created",
                              "account.updated", "sequenceState.created", "sequenceState.finished",
                              "mailing.created", "call.created", "task.created", "task.completed"})
        EXPECT_TRUE(has_received(event)) << event;
}

} // namespace
} // namespace outreachd::handlers::outreach
