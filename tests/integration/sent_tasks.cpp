#include "tests/integration/sent_tasks.hpp"

#include "tests/integration/wire_client.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace outreachd::tests {

void send_all(const daemon_under_test& to, const std::vector<std::string>& bodies) {
    wire_client client(to.port());
    for (const std::string& body : bodies) {
        ASSERT_TRUE(client.send(signed_post(body)));
        ASSERT_EQ(client.read_answer().status, 200);
    }
}

std::string task(int id, const std::string& attributes, const std::string& name) {
    return R"({"data":{"type":"task","id":)" + std::to_string(id) + R"(,"attributes":)" + attributes +
           R"(},"meta":{"eventName":")" + name + R"("}})";
}

boost::json::array dead_of(const daemon_under_test& daemon, const std::string& handler) {
    const auto listed = daemon.command({"dead", "list", "--handler", handler, "--json", "--limit", "1000"});
    EXPECT_EQ(listed.exit_code, 0) << listed.err;
    return boost::json::parse(listed.out).as_array();
}

} // namespace outreachd::tests
