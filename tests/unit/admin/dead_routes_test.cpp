/// `/api/dead`: what is listed and shown, and how it is mended, from a real store.
#include "tests/unit/admin/stored_events.hpp"

#include <gtest/gtest.h>

namespace outreachd::admin {
namespace {

using store::delivery_state;
using strings = std::vector<std::string>;

constexpr std::string_view unknown_id = "5ba2f0ac-0d9b-5d0f-8d2a-6f1f0f0c2d11";

std::string error_of(std::string_view answer) {
    return json_of(answer).at("error").as_string().c_str();
}

std::uint64_t number_of(std::string_view answer, const char* member) {
    EXPECT_EQ(status_of(answer), 200U) << answer;
    return json_of(answer).at(member).to_number<std::uint64_t>();
}

TEST(DeadRoutes, ListsWhatIsDeadOfTheNewestEventsFirst) {
    running_server server;
    EXPECT_TRUE(json_of(server.get("/api/dead")).as_array().empty());
    const auto first = place(server, store::task_body(1), "crm");
    place(server, store::task_body(2), "crm", delivery_state::done);
    const auto third = place(server, store::task_body(3), "audit", delivery_state::dead, "too large");
    const auto nobody = place(server, "no json", "", delivery_state::dead, "unparsable");

    const auto all = json_of(server.get("/api/dead"));
    EXPECT_EQ(members_of(all, "id"), (strings{nobody.delivery, third.delivery, first.delivery}));
    EXPECT_EQ(members_of(all, "event_id"), (strings{nobody.id, third.id, first.id}));
    EXPECT_TRUE(all.at(0).at("handler").is_null());
    EXPECT_EQ(all.at(0).at("name").as_string(), "unknown");
    EXPECT_EQ(all.at(1).at("handler").as_string(), "audit");
    EXPECT_EQ(all.at(1).at("resource_id").as_string(), "3");
    EXPECT_EQ(all.at(1).at("state").as_string(), "dead");
    EXPECT_EQ(all.at(1).at("reason").as_string(), "too large");
    EXPECT_EQ(all.at(1).at("attempts").to_number<int>(), 1);
    EXPECT_TRUE(all.at(1).at("died_at").is_string());
}

TEST(DeadRoutes, NarrowsAndPages) {
    running_server server;
    strings ids;
    for (int i = 0; i < 5; ++i)
        ids.insert(ids.begin(), place(server, store::task_body(i), i % 2 == 0 ? "crm" : "audit").delivery);
    EXPECT_EQ(members_of(json_of(server.get("/api/dead?limit=2")), "id"), (strings{ids[0], ids[1]}));
    EXPECT_EQ(members_of(json_of(server.get("/api/dead?limit=2&before=" + ids[1])), "id"),
              (strings{ids[2], ids[3]}));
    EXPECT_EQ(members_of(json_of(server.get("/api/dead?handler=audit")), "id"), (strings{ids[1], ids[3]}));
    EXPECT_EQ(members_of(json_of(server.get("/api/dead?resource=task:2")), "id"), strings{ids[2]});
    EXPECT_EQ(members_of(json_of(server.get("/api/dead?since=1h")), "id").size(), 5U);
    EXPECT_EQ(members_of(json_of(server.get("/api/dead?name=task.*")), "id").size(), 5U);
    EXPECT_TRUE(json_of(server.get("/api/dead?name=task.created")).as_array().empty());
    EXPECT_TRUE(json_of(server.get("/api/dead?name=call.*")).as_array().empty());
    EXPECT_TRUE(json_of(server.get("/api/dead?since=2100-01-01T00:00:00Z")).as_array().empty());
    // The page before this one was mended meanwhile: there is nothing to go on from.
    EXPECT_EQ(number_of(server.post("/api/dead/" + ids[1] + "/replay"), "replayed"), 1U);
    EXPECT_EQ(status_of(server.get("/api/dead?before=" + ids[1])), 404U);
}

TEST(DeadRoutes, ShowsAllOfOne) {
    running_server server;
    const auto placed = place(server, store::task_body(1), "crm");
    const auto shown = json_of(server.get("/api/dead/" + placed.delivery));
    EXPECT_EQ(shown.at("id").as_string(), placed.delivery);
    EXPECT_EQ(shown.at("event_id").as_string(), placed.id);
    EXPECT_EQ(shown.at("last_answer").as_string(), "no");
    EXPECT_EQ(shown.at("event").at("id").as_string(), placed.id);
    ASSERT_EQ(shown.at("attempts_made").as_array().size(), 1U);
    EXPECT_EQ(shown.at("attempts_made").at(0).at("reason").as_string(), "boom");
}

TEST(DeadRoutes, ReplaysOneWithTheSameId) {
    running_server server;
    const auto placed = place(server, store::task_body(1), "crm");
    const std::string answer = server.post("/api/dead/" + placed.delivery + "/replay");
    EXPECT_EQ(number_of(answer, "replayed"), 1U);
    EXPECT_TRUE(json_of(answer).at("cursor").is_null());
    EXPECT_EQ(states_of(server, placed), "crm:pending");
    const auto delivery = json_of(server.get("/api/events/" + placed.id)).at("deliveries").at(0);
    EXPECT_EQ(delivery.at("id").as_string(), placed.delivery);
    EXPECT_EQ(delivery.at("attempts").to_number<int>(), 0);
    EXPECT_EQ(server.events.accounts().unaccounted(), 0);
    // It isn't dead any more.
    EXPECT_EQ(status_of(server.post("/api/dead/" + placed.delivery + "/replay")), 404U);
    EXPECT_EQ(status_of(server.get("/api/dead/" + placed.delivery)), 404U);
}

TEST(DeadRoutes, RoutesAnewWhatHadNoHandler) {
    running_server server;
    const auto placed = place(server, "no json", "", delivery_state::dead, "unparsable");
    server.set_destinations({});
    const std::string refused = server.post("/api/dead/" + placed.delivery + "/replay");
    EXPECT_EQ(status_of(refused), 409U);
    EXPECT_EQ(error_of(refused), "no route takes the event, so there is nobody to replay it to");
    EXPECT_EQ(number_of(server.post("/api/dead/replay"), "replayed"), 0U);
    EXPECT_EQ(states_of(server, placed), ":dead");
    server.set_destinations({"crm", "audit"});
    EXPECT_EQ(number_of(server.post("/api/dead/" + placed.delivery + "/replay"), "replayed"), 2U);
    EXPECT_EQ(states_of(server, placed), "crm:pending audit:pending");
    EXPECT_EQ(server.events.dead_without_handler(), 0U);
    EXPECT_EQ(server.events.accounts().unaccounted(), 0);
}

TEST(DeadRoutes, DiscardsOne) {
    running_server server;
    const auto placed = place(server, store::task_body(1), "crm");
    const auto nobody = place(server, "no json", "", delivery_state::dead, "unparsable");
    EXPECT_EQ(number_of(server.post("/api/dead/" + placed.delivery + "/discard"), "discarded"), 1U);
    EXPECT_EQ(number_of(server.post("/api/dead/" + nobody.delivery + "/discard"), "discarded"), 1U);
    EXPECT_EQ(states_of(server, placed), "crm:discarded");
    EXPECT_EQ(server.events.accounts().discarded, 2U);
    EXPECT_EQ(server.events.accounts().unaccounted(), 0);
    EXPECT_TRUE(json_of(server.get("/api/dead")).as_array().empty());
    EXPECT_EQ(status_of(server.post("/api/dead/" + placed.delivery + "/discard")), 404U);
    EXPECT_EQ(json_of(server.get("/api/events?state=discarded")).as_array().size(), 2U);
}

/// Follows the cursors to the end; what all answers counted.
std::uint64_t change_all(running_server& server, const std::string& target, const char* member) {
    std::uint64_t sum = 0;
    std::string cursor;
    do {
        const std::string at = cursor.empty() ? target
                                              : target + (target.find('?') == std::string::npos ? "?" : "&") +
                                                    "cursor=" + cursor;
        const std::string answer = server.post(at);
        sum += number_of(answer, member);
        const auto next = json_of(answer).at("cursor");
        cursor = next.is_null() ? "" : next.as_string().c_str();
    } while (!cursor.empty());
    return sum;
}

TEST(DeadRoutes, ReplaysManyInPiecesAndLeavesTheRest) {
    running_server server;
    constexpr int count = 300; // more than one piece
    place_many(server, count, "crm", delivery_state::dead);
    const auto other = place(server, store::task_body(count), "audit");
    const auto nobody = place(server, "no json", "", delivery_state::dead, "unparsable");
    EXPECT_EQ(json_of(server.post("/api/dead/replay?handler=crm")).at("replayed").to_number<int>(), 256);
    const auto left = json_of(server.get("/api/dead?handler=crm&limit=1000"));
    ASSERT_EQ(left.as_array().size(), 44U);
    EXPECT_EQ(left.at(0).at("resource_id").as_string(), "299");
    EXPECT_EQ(left.at(43).at("resource_id").as_string(), "256") << "in the order of receipt";
    EXPECT_EQ(change_all(server, "/api/dead/replay?handler=crm", "replayed"), 300U - 256U);
    EXPECT_EQ(states_of(server, other), "audit:dead");
    EXPECT_EQ(change_all(server, "/api/dead/replay", "replayed"), 2U);
    EXPECT_EQ(states_of(server, nobody), "crm:pending");
    EXPECT_EQ(server.events.accounts().pending, static_cast<std::uint64_t>(count + 2));
    EXPECT_EQ(server.events.accounts().unaccounted(), 0);
}

TEST(DeadRoutes, LongIdsAreListedAndReplayedInPiecesOfABoundedSize) {
    running_server server;
    constexpr std::size_t mebibyte = 1024 * 1024;
    std::vector<placed_event> placed;
    strings newest_first;
    for (int i = 0; i < 20; ++i) {
        placed.push_back(place(server, task_with_long_id(i, mebibyte), "crm"));
        newest_first.insert(newest_first.begin(), placed.back().delivery);
    }
    EXPECT_EQ(members_of_pages(server, "/api/dead?limit=1000", "id", 9 * mebibyte), newest_first);
    EXPECT_EQ(members_of_pages(server, "/api/events?limit=1000&state=dead", "id", 10 * mebibyte).size(), 20U);
    EXPECT_EQ(number_of(server.post("/api/dead/replay"), "replayed"), 8U) << "8 MiB, and not all 20 at once";
    EXPECT_EQ(change_all(server, "/api/dead/replay", "replayed"), 12U);
    for (const placed_event& each : placed)
        EXPECT_EQ(states_of(server, each), "crm:pending");
}

TEST(DeadRoutes, SayWhereASearchWasEndedAndChangeWhatLiesBehindIt) {
    running_server server{on_free_port(), std::chrono::milliseconds{0}};
    const auto older = place(server, store::task_body(1), "crm");
    const auto newer = place(server, store::task_body(2), "crm");
    const std::string listed = server.get("/api/dead?resource=task:1");
    EXPECT_EQ(body_of(listed), "[]");
    EXPECT_NE(listed.find("\r\nSearch-Ended-At: " + newer.delivery + "\r\n"), std::string::npos) << listed;
    EXPECT_EQ(change_all(server, "/api/dead/replay?resource=task:2", "replayed"), 1U);
    EXPECT_EQ(states_of(server, older), "crm:dead");
    EXPECT_EQ(states_of(server, newer), "crm:pending");
}

TEST(DeadRoutes, DiscardsManyByWhatTheyAre) {
    running_server server;
    const auto first = place(server, store::task_body(1), "crm");
    const auto second = place(server, store::task_body(2), "crm");
    const auto third = place(server, store::task_body(3), "audit");
    EXPECT_EQ(change_all(server, "/api/dead/discard?resource=task:2", "discarded"), 1U);
    EXPECT_EQ(states_of(server, first), "crm:dead");
    EXPECT_EQ(states_of(server, second), "crm:discarded");
    EXPECT_EQ(change_all(server, "/api/dead/discard?since=2100-01-01T00:00:00Z", "discarded"), 0U);
    EXPECT_EQ(change_all(server, "/api/dead/discard", "discarded"), 2U);
    EXPECT_EQ(states_of(server, third), "audit:discarded");
    EXPECT_EQ(server.events.accounts().unaccounted(), 0);
}

/// Nobody else will ever end them.
TEST(DeadRoutes, DiscardsWhatWaitsForAHandlerThatIsGone) {
    running_server server;
    const auto dead = place(server, store::task_body(1), "gone");
    const auto waiting = place(server, store::task_body(2), "gone", delivery_state::pending);
    const auto again = place(server, store::task_body(3), "gone", delivery_state::retry);
    const auto configured = place(server, store::task_body(4), "crm", delivery_state::pending);
    EXPECT_EQ(change_all(server, "/api/dead/discard?handler=gone&since=1h", "discarded"), 1U)
        << "only dead ones";
    EXPECT_EQ(states_of(server, waiting), "gone:pending");
    EXPECT_EQ(change_all(server, "/api/dead/discard?handler=crm", "discarded"), 0U) << "it has workers";
    EXPECT_EQ(change_all(server, "/api/dead/discard", "discarded"), 0U);
    EXPECT_EQ(change_all(server, "/api/dead/discard?handler=gone", "discarded"), 2U);
    EXPECT_EQ(states_of(server, dead) + states_of(server, waiting) + states_of(server, again),
              "gone:discardedgone:discardedgone:discarded");
    EXPECT_EQ(states_of(server, configured), "crm:pending");
    EXPECT_EQ(server.events.accounts().unaccounted(), 0);
}

TEST(DeadRoutes, TellsWhatIsWrongWithARequest) {
    running_server server;
    const std::string unknown{unknown_id};

    const struct {
        std::string answer;
        unsigned status;
        const char* told;
    } cases[] = {
        {server.get("/api/dead?limit=1001"), 400, "from 1 to 1000"},
        {server.get("/api/dead?state=dead"), 400, "unknown parameter 'state'"},
        {server.get("/api/dead?before=17"), 400, "a delivery's id"},
        {server.get("/api/dead?before=" + unknown), 404, "no such dead delivery"},
        {server.get("/api/dead/17"), 400, "'17' is not a delivery's id"},
        {server.get("/api/dead/" + unknown), 404, "no such dead delivery"},
        {server.get("/api/dead/"), 404, "nothing at"},
        {server.get("/api/dead/" + unknown + "/x"), 404, "nothing at"},
        {server.get("/api/dead/" + unknown + "/replay/"), 404, "nothing at"},
        {server.get("/api/deadly"), 404, "nothing at"},
        {server.post("/api/dead/17/replay"), 400, "'17' is not a delivery's id"},
        {server.post("/api/dead//discard"), 400, "'' is not a delivery's id"},
        {server.post("/api/dead/" + unknown + "/replay"), 404, "no such dead delivery"},
        {server.post("/api/dead/" + unknown + "/discard"), 404, "no such dead delivery"},
        {server.post("/api/dead/" + unknown + "/replay?handler=crm"), 400, "none is taken here"},
        {server.post("/api/dead/replay?limit=3"), 400, "unknown parameter 'limit'"},
        {server.post("/api/dead/discard?since=yesterday"), 400, "how long ago"},
        {server.post("/api/dead/discard?cursor=x"), 400, "'cursor' is none"},
    };

    for (const auto& each : cases) {
        EXPECT_EQ(status_of(each.answer), each.status) << each.told;
        EXPECT_NE(error_of(each.answer).find(each.told), std::string::npos) << each.answer;
    }
}

TEST(DeadRoutes, TakesEachMethodWhereItBelongs) {
    running_server server;
    const auto placed = place(server, store::task_body(1), "crm");
    const std::string one = "/api/dead/" + placed.delivery;
    for (const std::string& read : {std::string{"/api/dead"}, one}) {
        const std::string refused = server.post(read);
        EXPECT_EQ(status_of(refused), 405U) << read;
        EXPECT_NE(refused.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos) << read;
        const std::string head = server.ask("HEAD " + read + " HTTP/1.1\r\nHost: localhost\r\n\r\n", false);
        EXPECT_EQ(status_of(head), 200U) << read;
        EXPECT_EQ(body_of(head), "") << read;
        EXPECT_NE(
            head.find("\r\nContent-Length: " + std::to_string(body_of(server.get(read)).size()) + "\r\n"),
            std::string::npos)
            << head;
    }
    for (const std::string& changed : {std::string{"/api/dead/replay"}, std::string{"/api/dead/discard"},
                                       one + "/replay", one + "/discard"}) {
        for (const char* const method : {"GET", "HEAD", "PUT", "DELETE", "PATCH"}) {
            const std::string refused = server.ask(
                std::string{method} + " " + changed + " HTTP/1.1\r\nHost: localhost\r\n\r\n", false);
            EXPECT_EQ(status_of(refused), 405U) << method << changed;
            EXPECT_NE(refused.find("\r\nAllow: POST\r\n"), std::string::npos) << method << changed;
        }
    }
    EXPECT_EQ(states_of(server, placed), "crm:dead");
}

/// A page of another origin can send neither.
TEST(DeadRoutes, ChangesNothingForAForm) {
    running_server server;
    const auto placed = place(server, store::task_body(1), "crm");
    const std::string start =
        "POST /api/dead/" + placed.delivery + "/discard HTTP/1.1\r\nHost: localhost\r\n";
    for (const char* const type : {"", "Content-Type: text/plain\r\n", "Content-Type: application/jsonp\r\n",
                                   "Content-Type: application/x-www-form-urlencoded\r\n",
                                   "Content-Type: text/plain; application/json\r\n"})
        EXPECT_EQ(status_of(server.ask(start + type + "Content-Length: 2\r\n\r\n{}")), 415U) << type;
    EXPECT_EQ(status_of(server.ask("POST /api/dead/" + placed.delivery +
                                   "/discard HTTP/1.1\r\nHost: evil.example.com\r\nContent-Type: "
                                   "application/json\r\nContent-Length: 2\r\n\r\n{}")),
              403U);
    EXPECT_EQ(states_of(server, placed), "crm:dead");
    EXPECT_EQ(status_of(server.ask(
                  start + "Content-Type: Application/JSON ; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}")),
              200U);
    EXPECT_EQ(states_of(server, placed), "crm:discarded");
}

TEST(DeadRoutes, AsksForTheToken) {
    running_server server{on_free_port("tok-en")};
    const auto placed = place(server, store::task_body(1), "crm");
    for (const std::string& target : {std::string{"/api/dead"}, "/api/dead/" + placed.delivery})
        EXPECT_EQ(status_of(server.get(target)), 401U) << target;
    for (const std::string& target : {std::string{"/api/dead/discard"}, std::string{"/api/dead/replay"},
                                      "/api/dead/" + placed.delivery + "/discard"}) {
        EXPECT_EQ(status_of(server.post(target)), 401U) << target;
        EXPECT_EQ(status_of(server.post(target, "Authorization: Bearer other\r\n")), 401U) << target;
    }
    EXPECT_EQ(states_of(server, placed), "crm:dead");
    EXPECT_EQ(number_of(server.post("/api/dead/discard", "Authorization: Bearer tok-en\r\n"), "discarded"),
              1U);
}

} // namespace
} // namespace outreachd::admin
