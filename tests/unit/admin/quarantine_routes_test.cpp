/// `/api/quarantine`, from a real quarantine.
#include "tests/unit/admin/stored_events.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace outreachd::admin {
namespace {

using strings = std::vector<std::string>;

TEST(QuarantineRoutes, ListTheNewestFirstInPages) {
    running_server server;
    EXPECT_TRUE(json_of(server.get("/api/quarantine")).as_array().empty());
    for (const char* const body : {"a", "bb", "ccc"})
        keep_request(server, body);
    const auto all = json_of(server.get("/api/quarantine"));
    const strings ids = members_of(all, "id");
    ASSERT_EQ(ids.size(), 3U);
    EXPECT_GT(std::stoi(ids[0]), std::stoi(ids[1]));
    EXPECT_EQ(all.at(0).at("endpoint").as_string(), "/hook");
    EXPECT_EQ(all.at(0).at("peer").as_string(), "192.0.2.1");
    EXPECT_TRUE(all.at(0).at("received_at").is_string());
    EXPECT_FALSE(all.at(0).at("reason").as_string().empty());
    EXPECT_EQ(all.at(0).at("size").to_number<int>(), all.at(1).at("size").to_number<int>() + 1);
    EXPECT_EQ(members_of(json_of(server.get("/api/quarantine?limit=2")), "id"), (strings{ids[0], ids[1]}));
    EXPECT_EQ(members_of(json_of(server.get("/api/quarantine?limit=2&before=" + ids[1])), "id"),
              strings{ids[2]});
    EXPECT_TRUE(json_of(server.get("/api/quarantine?before=" + ids[2])).as_array().empty());
}

TEST(QuarantineRoutes, ShowOneWithItsBodyAndWithoutItsToken) {
    running_server server;
    keep_request(server, R"({"a":1})");
    keep_request(server, "\xff\xfe");
    const strings ids = members_of(json_of(server.get("/api/quarantine")), "id");
    const std::string answer = server.get("/api/quarantine/" + ids[1]);
    const auto shown = json_of(answer);
    EXPECT_EQ(shown.at("id").as_string(), ids[1]);
    EXPECT_EQ(shown.at("body").as_string(), R"({"a":1})");
    EXPECT_EQ(shown.at("content_type").as_string(), "application/json");
    EXPECT_EQ(shown.at("outreach_event_id").as_string(), "e-1");
    EXPECT_EQ(shown.at("headers").at(0).at("name").as_string(), "Outreach-Org-Id");
    EXPECT_EQ(answer.find("clean-up-token"), std::string::npos) << "a credential";
    EXPECT_EQ(answer.find(std::string(64, 'a')), std::string::npos) << "the signature";
    EXPECT_EQ(json_of(server.get("/api/quarantine/" + ids[0])).at("body_base64").as_string(), "//4=");
}

TEST(QuarantineRoutes, DiscardOne) {
    running_server server;
    keep_request(server, "a");
    keep_request(server, "b");
    const strings ids = members_of(json_of(server.get("/api/quarantine")), "id");
    const std::string answer = server.post("/api/quarantine/" + ids[0] + "/discard");
    EXPECT_EQ(status_of(answer), 200U) << answer;
    EXPECT_EQ(json_of(answer).at("discarded").to_number<int>(), 1);
    EXPECT_EQ(members_of(json_of(server.get("/api/quarantine")), "id"), strings{ids[1]});
    EXPECT_EQ(server.doubtful.size(), 1U);
    EXPECT_EQ(status_of(server.post("/api/quarantine/" + ids[0] + "/discard")), 404U);
    EXPECT_EQ(status_of(server.get("/api/quarantine/" + ids[0])), 404U);
}

/// Whoever discards what they have looked at must not discard another, that came since.
TEST(QuarantineRoutes, DiscardNothingByANumberThatIsGone) {
    running_server server;
    keep_request(server, "a");
    const std::string seen = members_of(json_of(server.get("/api/quarantine")), "id").at(0);
    EXPECT_EQ(status_of(server.post("/api/quarantine/" + seen + "/discard")), 200U);
    keep_request(server, "b");
    EXPECT_EQ(status_of(server.post("/api/quarantine/" + seen + "/discard")), 404U);
    EXPECT_EQ(server.doubtful.size(), 1U);
}

TEST(QuarantineRoutes, RecheckSaysWhatBecameOfAll) {
    running_server server;
    for (const char* const body : {"genuine 1", "forged", "genuine 2"})
        keep_request(server, body);
    const auto first = json_of(server.post("/api/quarantine/recheck"));
    EXPECT_EQ(first.at("recovered").to_number<int>(), 2);
    EXPECT_EQ(first.at("quarantined").to_number<int>(), 1);
    EXPECT_TRUE(first.at("finished").as_bool());
    const auto again = json_of(server.post("/api/quarantine/recheck"));
    EXPECT_EQ(again.at("recovered").to_number<int>(), 0);
    EXPECT_EQ(again.at("quarantined").to_number<int>(), 1);
}

TEST(QuarantineRoutes, TellWhatIsWrongWithARequest) {
    running_server server;

    const struct {
        std::string answer;
        unsigned status;
        const char* told;
    } cases[] = {
        {server.get("/api/quarantine?limit=0"), 400, "from 1 to 1000"},
        {server.get("/api/quarantine?before=x"), 400, "a quarantined request's id"},
        {server.get("/api/quarantine?before=-1"), 400, "a quarantined request's id"},
        {server.get("/api/quarantine?handler=crm"), 400, "unknown parameter 'handler'"},
        {server.get("/api/quarantine/x"), 400, "'x' is not a quarantined request's id"},
        {server.get("/api/quarantine/99999999999999999999"), 400, "is not a quarantined request's id"},
        {server.get("/api/quarantine/17"), 404, "no such request in quarantine"},
        {server.get("/api/quarantine/17/x"), 404, "nothing at"},
        {server.get("/api/quarantine/"), 404, "nothing at"},
        {server.post("/api/quarantine/x/discard"), 400, "'x' is not a quarantined request's id"},
        {server.post("/api/quarantine/recheck/discard"), 400, "is not a quarantined request's id"},
        {server.post("/api/quarantine/17/discard"), 404, "no such request in quarantine"},
        {server.post("/api/quarantine/17/discard?limit=1"), 400, "none is taken here"},
        {server.post("/api/quarantine/recheck?limit=1"), 400, "none is taken here"},
    };

    for (const auto& each : cases) {
        EXPECT_EQ(status_of(each.answer), each.status) << each.told;
        EXPECT_NE(each.answer.find(each.told), std::string::npos) << each.answer;
    }
}

TEST(QuarantineRoutes, TakeEachMethodWhereItBelongs) {
    running_server server{on_free_port("tok-en")};
    const std::string token = "Authorization: Bearer tok-en\r\n";
    keep_request(server, "genuine");
    for (const char* const read : {"/api/quarantine", "/api/quarantine/1"}) {
        const std::string refused = server.post(read, token);
        EXPECT_EQ(status_of(refused), 405U) << read;
        EXPECT_NE(refused.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos) << read;
        EXPECT_EQ(status_of(server.get(read)), 401U) << read;
        EXPECT_EQ(status_of(server.get(read, token)), 200U) << read;
    }
    for (const std::string changed : {"/api/quarantine/recheck", "/api/quarantine/1/discard"}) {
        const std::string refused = server.get(changed, token);
        EXPECT_EQ(status_of(refused), 405U) << changed;
        EXPECT_NE(refused.find("\r\nAllow: POST\r\n"), std::string::npos) << changed;
        const std::string start = "POST " + changed + " HTTP/1.1\r\n" + token;
        EXPECT_EQ(status_of(server.ask(start + "Host: localhost\r\n\r\n")), 415U) << changed;
        EXPECT_EQ(
            status_of(server.ask(start + "Host: evil.example\r\nContent-Type: application/json\r\n\r\n")),
            403U)
            << changed;
        EXPECT_EQ(status_of(server.post(changed)), 401U) << changed;
    }
    EXPECT_EQ(server.doubtful.size(), 1U);
}

/// Of a mended secret: each that is genuine waits for the disk.
TEST(QuarantineRoutes, AnswerWhileARecheckGoesOn) {
    std::atomic<std::uint64_t> heard = 0;
    running_server server;
    constexpr std::uint64_t count = 200;
    for (std::uint64_t i = 0; i < count; ++i)
        keep_request(server, std::to_string(i));
    server.doubtful.recheck([&heard](received_request&) {
        ++heard;
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        return store::quarantine::hearing::refused;
    });
    EXPECT_TRUE(store::eventually([&] { return heard > 0; }));
    const std::string answer = server.get("/api/quarantine?limit=1000");
    EXPECT_EQ(status_of(answer), 200U) << answer;
    EXPECT_LT(heard.load(), count / 2);
}

/// Its file can't be opened, as on a full disk: the store goes on.
TEST(QuarantineRoutes, SayWhereTheFileCantBeRead) {
    running_server server;
    std::filesystem::create_directory(server.directory.path() + "/quarantine.db");
    const std::string answer = server.get("/api/quarantine");
    EXPECT_EQ(status_of(answer), 503U);
    EXPECT_NE(answer.find("the quarantine's file can't be read now"), std::string::npos) << answer;
    const std::string checked = server.post("/api/quarantine/recheck");
    EXPECT_EQ(status_of(checked), 503U) << "nothing was checked";
    EXPECT_NE(checked.find("the quarantine's file can't be read now"), std::string::npos) << checked;
    EXPECT_EQ(status_of(server.get("/api/events")), 200U);
    std::filesystem::remove(server.directory.path() + "/quarantine.db");
    EXPECT_EQ(status_of(server.get("/api/quarantine")), 200U);
}

} // namespace
} // namespace outreachd::admin
