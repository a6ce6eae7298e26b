/// `/api/events`: what runs, and how events are delivered anew, from a real store.
#include "tests/unit/admin/stored_events.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace outreachd::admin {
namespace {

using store::delivery_state;

struct replayed {
    std::uint64_t events = 0;
    std::uint64_t deliveries = 0;
    friend bool operator==(const replayed&, const replayed&) = default;
};

void PrintTo(const replayed& what, std::ostream* to) {
    *to << what.events << " events, " << what.deliveries << " deliveries";
}

replayed counts_of(std::string_view answer) {
    EXPECT_EQ(status_of(answer), 200U) << answer;
    const auto read = json_of(answer);
    return {read.at("events").to_number<std::uint64_t>(), read.at("deliveries").to_number<std::uint64_t>()};
}

/// Follows the cursors to the end.
replayed replay_all(running_server& server, const std::string& query, std::string cursor = {}) {
    replayed sum;
    do {
        const std::string answer =
            server.post("/api/events/replay" + query + (cursor.empty() ? "" : "&cursor=" + cursor));
        const replayed piece = counts_of(answer);
        sum.events += piece.events;
        sum.deliveries += piece.deliveries;
        const auto next = json_of(answer).at("cursor");
        cursor = next.is_null() ? "" : next.as_string().c_str();
    } while (!cursor.empty());
    return sum;
}

TEST(EventRoutes, SayWhereASearchWasEnded) {
    running_server server{on_free_port(), std::chrono::milliseconds{0}};
    const auto older = place(server, store::task_body(1), "crm", delivery_state::done);
    const auto newer = place(server, store::task_body(2), "crm", delivery_state::done);
    const std::string first = server.get("/api/events?resource=task:1");
    EXPECT_EQ(body_of(first), "[]");
    EXPECT_NE(first.find("\r\nSearch-Ended-At: " + newer.id + "\r\n"), std::string::npos) << first;
    const auto story = json_of(server.get("/api/events/" + newer.id));
    const std::string received{story.at("received_at").as_string()};
    EXPECT_NE(first.find("\r\nSearch-Ended-Time: " + received + "\r\n"), std::string::npos) << first;
    const auto second = json_of(server.get("/api/events?resource=task:1&before=" + newer.id));
    EXPECT_EQ(members_of(second, "id"), std::vector<std::string>{older.id});
    EXPECT_EQ(server.get("/api/events?before=" + older.id).find("Search-Ended"), std::string::npos);
}

/// An id may be as long as a body, and stands in a list once more for each delivery.
TEST(EventRoutes, ListEventsWithLongIdsInPiecesOfABoundedSize) {
    running_server server;
    constexpr std::size_t mebibyte = 1024 * 1024;
    std::vector<std::string> placed;
    for (int i = 0; i < 20; ++i)
        placed.insert(placed.begin(),
                      place(server, task_with_long_id(i, mebibyte), "crm", delivery_state::done).id);
    EXPECT_EQ(members_of_pages(server, "/api/events?limit=1000", "id", 10 * mebibyte), placed);
    EXPECT_EQ(search_end_of(server.get("/api/events?limit=4")), "")
        << "a page that is full ends by its limit";
}

/// It is larger than all that a list holds.
TEST(EventRoutes, ListOneEventHoweverLongItsIdIs) {
    running_server server;
    place(server, store::task_body(1), "crm", delivery_state::done);
    place(server, task_with_long_id(2, 9 * 1024 * 1024), "crm", delivery_state::done);
    const std::string answer = server.get("/api/events");
    EXPECT_EQ(members_of(json_of(answer), "id").size(), 1U);
    EXPECT_NE(search_end_of(answer), "");
}

TEST(EventRoutes, SayWhichDeliveryRuns) {
    running_server server;
    const auto placed = place(server, store::task_body(1), "crm", delivery_state::pending);
    const auto again = place(server, store::task_body(2), "crm", delivery_state::retry);
    const auto done = place(server, store::task_body(3), "crm", delivery_state::done);
    const auto state_of = [&](const placed_event& which) {
        const auto story = json_of(server.get("/api/events/" + which.id));
        return std::string{story.at("deliveries").at(0).at("state").as_string().c_str()};
    };
    EXPECT_EQ(state_of(placed), "pending");
    server.set_busy("crm");
    EXPECT_EQ(state_of(placed), "running");
    EXPECT_EQ(state_of(again), "running");
    EXPECT_EQ(state_of(done), "done");
    const auto all = json_of(server.get("/api/events"));
    EXPECT_EQ(all.at(2).at("deliveries").at(0).at("state").as_string(), "running");
    EXPECT_EQ(all.at(2).at("state").as_string(), "pending");
}

TEST(EventRoutes, ReplayMakesNewDeliveries) {
    running_server server;
    const auto placed = place(server, store::task_body(1), "crm", delivery_state::done);
    server.set_destinations({"crm", "audit"});
    EXPECT_EQ(counts_of(server.post("/api/events/" + placed.id + "/replay")), (replayed{1, 2}));
    EXPECT_EQ(states_of(server, placed), "crm:pending audit:pending");
    const auto deliveries = json_of(server.get("/api/events/" + placed.id)).at("deliveries");
    EXPECT_NE(deliveries.at(0).at("id").as_string(), placed.delivery);
    EXPECT_EQ(server.events.accounts().unaccounted(), 0);
    // What waits already is not made twice.
    const std::string again = server.post("/api/events/" + placed.id + "/replay");
    EXPECT_EQ(status_of(again), 409U);
    EXPECT_NE(again.find("still pending"), std::string::npos) << again;
}

TEST(EventRoutes, ReplayTakesUnroutedAndDeadEvents) {
    running_server server;
    const auto unrouted = place(server, store::task_body(1), "", delivery_state::unrouted);
    const auto dead = place(server, store::task_body(2), "crm");
    EXPECT_EQ(counts_of(server.post("/api/events/" + unrouted.id + "/replay")), (replayed{1, 1}));
    EXPECT_EQ(states_of(server, unrouted), "crm:pending");
    EXPECT_EQ(counts_of(server.post("/api/events/" + dead.id + "/replay")), (replayed{1, 1}));
    EXPECT_EQ(states_of(server, dead), "crm:pending");
    EXPECT_TRUE(json_of(server.get("/api/dead")).as_array().empty());
    EXPECT_EQ(server.events.accounts().unrouted, 0U);
    EXPECT_EQ(server.events.accounts().unaccounted(), 0);
}

TEST(EventRoutes, ReplayGoesToOneHandlerWhereAsked) {
    running_server server;
    const auto placed = place(server, store::task_body(1), "crm", delivery_state::done);
    server.set_destinations({"crm", "audit"});
    const std::string refused = server.post("/api/events/" + placed.id + "/replay?handler=other");
    EXPECT_EQ(status_of(refused), 409U);
    EXPECT_NE(refused.find("no route sends the event to 'other'"), std::string::npos) << refused;
    EXPECT_EQ(counts_of(server.post("/api/events/" + placed.id + "/replay?handler=audit")), (replayed{1, 1}));
    EXPECT_EQ(states_of(server, placed), "crm:done audit:pending");
    server.set_destinations({});
    const std::string nobody = server.post("/api/events/" + placed.id + "/replay");
    EXPECT_EQ(status_of(nobody), 409U);
    EXPECT_NE(nobody.find("no route takes the event"), std::string::npos) << nobody;
}

TEST(EventRoutes, ReplaySinceGoesThroughAllPieces) {
    running_server server;
    constexpr int count = 300; // more than one piece
    place_many(server, count, "crm", delivery_state::done);
    EXPECT_EQ(replay_all(server, "?since=1h"), (replayed{count, count}));
    EXPECT_EQ(server.events.accounts().pending, static_cast<std::uint64_t>(count));
    EXPECT_EQ(replay_all(server, "?since=1h"), (replayed{count, 0})) << "all of them still wait";
    EXPECT_EQ(server.events.accounts().unaccounted(), 0);
}

TEST(EventRoutes, ReplaySinceTakesOnlyWhatIsAskedFor) {
    running_server server;
    const auto before = place(server, store::task_body(1), "crm", delivery_state::done);
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    const std::string since = to_rfc3339(wall_now());
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    const auto first = place(server, store::task_body(2), "crm", delivery_state::done);
    const auto second = place(server, store::task_body(3), "crm", delivery_state::done);
    EXPECT_EQ(replay_all(server, "?since=" + since + "&resource=task:3"), (replayed{1, 1}));
    EXPECT_EQ(states_of(server, second), "crm:pending");
    EXPECT_EQ(replay_all(server, "?since=" + since + "&name=task.created"), (replayed{0, 0}));
    EXPECT_EQ(replay_all(server, "?since=" + since + "&resource=task:3&name=task.c*"), (replayed{1, 0}))
        << "it waits already";
    EXPECT_EQ(replay_all(server, "?since=" + since + "&handler=audit"), (replayed{0, 0}));
    EXPECT_EQ(states_of(server, first), "crm:done");
    EXPECT_EQ(replay_all(server, "?since=" + since), (replayed{2, 1}));
    EXPECT_EQ(states_of(server, before), "crm:done");
}

/// What comes while the pieces are made was not missed.
TEST(EventRoutes, ReplaySinceEndsWithWhatWasThereAtItsStart) {
    running_server server;
    place_many(server, 300, "crm", delivery_state::done);
    const std::string first = server.post("/api/events/replay?since=1h");
    const std::string cursor = json_of(first).at("cursor").as_string().c_str();
    const auto late = place(server, store::task_body(300), "crm", delivery_state::done);
    EXPECT_EQ(replay_all(server, "?since=1h", cursor).events, 300U - counts_of(first).events);
    EXPECT_EQ(states_of(server, late), "crm:done");
}

TEST(EventRoutes, TellWhatIsWrongWithARequest) {
    running_server server;
    const std::string unknown = "0193e0a1-7c00-7abc-8def-0123456789ab";

    const struct {
        std::string answer;
        unsigned status;
        const char* told;
    } cases[] = {
        {server.post("/api/events/" + unknown + "/replay"), 404, "no such event"},
        {server.post("/api/events/17/replay"), 400, "'17' is not an event's id"},
        {server.post("/api/events/" + unknown + "/replay?since=1h"), 400, "unknown parameter 'since'"},
        {server.post("/api/events/" + unknown + "/discard"), 404, "nothing at"},
        {server.post("/api/events/replay"), 400, "'since' is missing"},
        {server.post("/api/events/replay?since="), 400, "'since'"},
        {server.post("/api/events/replay?since=1h&limit=3"), 400, "unknown parameter 'limit'"},
        {server.post("/api/events/replay?since=1h&cursor=3"), 400, "'cursor' is none"},
        {server.post("/api/events/replay?since=1h&cursor=3.x"), 400, "'cursor' is none"},
    };

    for (const auto& each : cases) {
        EXPECT_EQ(status_of(each.answer), each.status) << each.told;
        EXPECT_NE(each.answer.find(each.told), std::string::npos) << each.answer;
    }
}

TEST(EventRoutes, TakeEachMethodWhereItBelongs) {
    running_server server;
    const auto placed = place(server, store::task_body(1), "crm", delivery_state::done);
    for (const std::string& read : {std::string{"/api/events"}, "/api/events/" + placed.id}) {
        const std::string refused = server.post(read);
        EXPECT_EQ(status_of(refused), 405U) << read;
        EXPECT_NE(refused.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos) << read;
    }
    for (const std::string& changed :
         {std::string{"/api/events/replay"}, "/api/events/" + placed.id + "/replay"}) {
        const std::string refused = server.get(changed);
        EXPECT_EQ(status_of(refused), 405U) << changed;
        EXPECT_NE(refused.find("\r\nAllow: POST\r\n"), std::string::npos) << changed;
        EXPECT_EQ(status_of(server.ask("POST " + changed + " HTTP/1.1\r\nHost: localhost\r\n\r\n")), 415U);
        EXPECT_EQ(status_of(server.ask("POST " + changed +
                                       " HTTP/1.1\r\nHost: evil.example.com\r\nContent-Type: "
                                       "application/json\r\n\r\n")),
                  403U);
    }
    EXPECT_EQ(states_of(server, placed), "crm:done");
    running_server guarded{on_free_port("tok-en")};
    EXPECT_EQ(status_of(guarded.post("/api/events/replay?since=1h")), 401U);
    EXPECT_EQ(status_of(guarded.post("/api/events/replay?since=1h", "Authorization: Bearer tok-en\r\n")),
              200U);
}

} // namespace
} // namespace outreachd::admin
