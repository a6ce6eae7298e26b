/// Server to server: Outreach, simulated, says by its own webhook that our app was installed, and when that
/// has ended.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/long_run.hpp"
#include "tests/unit/outreach_client/test_keys.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using sandbox::running_sandbox;
using testing::HasSubstr;

class OutreachInstalls : public testing::Test {
protected:
    void SetUp() override {
        using namespace handlers::outreach::test;
        std::ofstream{daemon_.directory().at("app.pem")} << pem_of(rsa_key());
        configuration made;
        made.has_tls = false;
        made.handlers = "  follow-up:\n"
                        "    type: outreach\n"
                        "    retry: {initial: 50ms, max: 200ms, attempts: 5}\n"
                        "    steps:\n"
                        "      - post: /tasks\n"
                        "        body: {data: {type: task, attributes: {action: call, note: hello},"
                        " relationships: {prospect: {data: {type: prospect, id: \"${{ .data.id }}\"}},"
                        " owner: {data: {type: user, id: 1}}}}}\n";
        made.routes = "  - {match: prospect.created, to: [follow-up]}\n";
        made.rest = "outreach: {base_url: \"" + outreach_.subject.base_url() +
                    "\", auth: {type: s2s, guid: " + sandbox::options{}.s2s_guid +
                    ", private_key: DIRECTORY/app.pem}}\n";
        daemon_.configure(made);
        daemon_.start();
    }

    std::string hook() const {
        return R"({"url":"http://127.0.0.1:)" + std::to_string(daemon_.port()) +
               R"(/webhooks/outreach","secret":"foo"})";
    }

    /// Its id.
    std::string install() { return outreach_.control("POST", "installs", hook()).text("/id"); }

    void uninstall(const std::string& id) { outreach_.control("DELETE", "installs/" + id, hook()); }

    /// It looks every five seconds.
    bool comes_to_know(const std::string& install) {
        return eventually([&] { return known().find('"' + install + '"') != std::string::npos; });
    }

    bool comes_to_forget(const std::string& install) {
        return eventually([&] { return known().find(install) == std::string::npos; });
    }

    std::string known() const { return read_file(daemon_.directory().at("store/outreach-tokens.json")); }

    void a_prospect_comes() {
        const std::int64_t id = outreach_.make("prospects", "prospect", R"("firstName":"Ada")");
        const std::string file = daemon_.directory().at("event.json");
        std::ofstream{file} << R"({"data":{"type":"prospect","id":)" << id
                            << R"(},"meta":{"eventName":"prospect.created"}})";
        ASSERT_EQ(daemon_.command({"send", file}).exit_code, 0);
    }

    std::ptrdiff_t made_tasks() const {
        const auto seen = outreach_.subject.requests();
        return std::ranges::count_if(seen, [](const auto& one) {
            return one.method == "POST" && one.target == "/api/v2/tasks" && one.status == 201;
        });
    }

    std::string last_error() { return daemon_.command({"status", "--json"}).out; }

    running_sandbox outreach_;
    daemon_under_test daemon_;
};

TEST_F(OutreachInstalls, AreLearntFromTheirOwnWebhookAndEndWithIt) {
    const std::string first = install();
    ASSERT_TRUE(comes_to_know(first)) << daemon_.log();
    a_prospect_comes();
    EXPECT_TRUE(eventually([&] { return made_tasks() == 1; })) << last_error();
    EXPECT_TRUE(daemon_.drained());

    // Its access token would be good for most of an hour.
    uninstall(first);
    ASSERT_TRUE(comes_to_forget(first)) << daemon_.log();
    a_prospect_comes();
    EXPECT_TRUE(eventually([&] {
        return last_error().find("no install of the app is known") != std::string::npos;
    })) << last_error();
    EXPECT_EQ(made_tasks(), 1);
    EXPECT_EQ(daemon_.pending_deliveries(), 1) << "it waits";
    EXPECT_EQ(daemon_.metric("outreachd_dead{handler=\"follow-up\"}"), 0);

    // After a restart, too; and another install is another one.
    ASSERT_EQ(daemon_.stop(), 0);
    daemon_.start();
    EXPECT_EQ(daemon_.command({"auth", "status"}).exit_code, 1);
    const std::string second = install();
    ASSERT_TRUE(comes_to_know(second)) << daemon_.log();
    EXPECT_EQ(daemon_.command({"auth", "status"}).exit_code, 0);
    if (is_long()) { // what waits for a login looks every half a minute
        EXPECT_TRUE(eventually([&] { return made_tasks() == 2; }, 60s)) << last_error();
        EXPECT_TRUE(daemon_.drained());
    }
    EXPECT_EQ(daemon_.metric("outreachd_unaccounted"), 0);
}

} // namespace
} // namespace outreachd::tests
