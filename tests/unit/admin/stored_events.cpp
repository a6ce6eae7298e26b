#include "tests/unit/admin/stored_events.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <latch>

namespace outreachd::admin {

namespace json = boost::json;

json::value json_of(std::string_view answer) {
    EXPECT_NE(answer.find("\r\nContent-Type: application/json\r\n"), std::string_view::npos) << answer;
    boost::system::error_code ec;
    auto parsed = json::parse(json::string_view{body_of(answer).data(), body_of(answer).size()}, ec);
    EXPECT_FALSE(ec) << answer;
    return parsed;
}

std::vector<std::string> members_of(const json::value& list, std::string_view member) {
    std::vector<std::string> found;
    for (const json::value& each : list.as_array())
        found.emplace_back(each.at(json::string_view{member.data(), member.size()}).as_string().c_str());
    return found;
}

std::string search_end_of(std::string_view answer) {
    constexpr std::string_view name = "\r\nSearch-Ended-At: ";
    const auto at = answer.substr(0, answer.find("\r\n\r\n")).find(name);
    constexpr std::size_t id_size = 36;
    return at == std::string_view::npos ? std::string{}
                                        : std::string{answer.substr(at + name.size(), id_size)};
}

std::vector<std::string> members_of_pages(running_server& in, const std::string& target,
                                          std::string_view member, std::size_t bytes_max) {
    std::vector<std::string> all;
    std::string end;
    do {
        const std::string answer = in.get(target + (end.empty() ? "" : "&before=" + end));
        EXPECT_EQ(status_of(answer), 200U) << answer.substr(0, 500);
        EXPECT_LE(answer.size(), bytes_max);
        const auto page = members_of(json_of(answer), member);
        EXPECT_FALSE(page.empty() && all.empty());
        all.insert(all.end(), page.begin(), page.end());
        end = search_end_of(answer);
    } while (!end.empty() && !::testing::Test::HasFailure());
    return all;
}

std::string task_with_long_id(int number, std::size_t id_bytes) {
    std::string id = std::to_string(number);
    id.resize(id_bytes, 'x');
    return R"({"data":{"type":"task","id":")" + id +
           R"(","attributes":{}},"meta":{"eventName":"task.completed"}})";
}

namespace {

store::settlement settlement_of(store::sequence at, const std::string& handler, store::delivery_state state,
                                const std::string& reason) {
    store::settlement what;
    what.sequence = at;
    what.handler = handler;
    what.state = state;
    what.attempts = 1;
    what.started_at = wall_now();
    what.took = std::chrono::microseconds{1500};
    if (state == store::delivery_state::dead) {
        what.reason = reason;
        what.last_answer = "no";
    }
    return what;
}

} // namespace

placed_event place(running_server& in, std::string body, const std::string& handler,
                   store::delivery_state state, const std::string& reason) {
    const auto appended = store::append(in.events, std::move(body));
    EXPECT_FALSE(appended.ec);
    const auto reader = in.events.open_reader();
    const store::sequence at = reader->story(appended.result.id).value().summary.sequence;
    if (handler.empty()) {
        store::route(in.events, {{at, {}, 0, state == store::delivery_state::dead ? reason : ""}});
    } else {
        store::route(in.events, {{at, {store::destination{handler}}, 0, {}}});
        if (state != store::delivery_state::pending)
            store::settle(in.events, settlement_of(at, handler, state, reason));
    }
    const auto summary = reader->story(appended.result.id).value().summary;
    placed_event placed{at, outreachd::to_string(appended.result.id), {}};
    if (!summary.deliveries.empty())
        placed.delivery = outreachd::to_string(summary.deliveries.front().delivery);
    return placed;
}

void place_many(running_server& in, int count, const std::string& handler, store::delivery_state state) {
    std::latch appended{count};
    for (int i = 0; i < count; ++i)
        in.events.append(store::genuine_event(store::task_body(i)), std::chrono::hours{24},
                         std::chrono::steady_clock::now() + std::chrono::seconds{20},
                         [&](error_code ec, const store::append_result&) {
                             EXPECT_FALSE(ec);
                             appended.count_down();
                         });
    appended.wait();
    const auto stored = in.events.open_reader()->events_after(0, 1000, 16 * 1024 * 1024).value();
    EXPECT_EQ(stored.size(), static_cast<std::size_t>(count));
    std::vector<store::routing> routes;
    for (const store::stored_event& each : stored)
        routes.push_back({each.sequence, {store::destination{handler}}, 0, {}});
    store::route(in.events, std::move(routes));
    std::latch settled{count};
    for (const store::stored_event& each : stored)
        in.events.settle(settlement_of(each.sequence, handler, state, "boom"), [&] { settled.count_down(); });
    settled.wait();
}

std::string states_of(running_server& in, const placed_event& which) {
    const auto story = in.events.open_reader()->story(parse_event_id(which.id).value()).value();
    std::string text;
    for (const store::delivery_record& each : story.summary.deliveries)
        text += (text.empty() ? "" : " ") + each.handler + ":" + std::string{store::to_string(each.state)};
    return text;
}

void keep_request(running_server& in, std::string body, const std::string& peer) {
    const std::uint64_t wanted = in.doubtful.size() + 1;
    received_request made;
    made.endpoint = "/hook";
    made.source = "outreach";
    made.received_at = wall_now();
    made.peer = peer;
    made.content_type = "application/json";
    made.outreach_event_id = "e-1";
    made.headers = {{"Outreach-Org-Id", "0f0e"}};
    made.cleanup_token = secret("clean-up-token");
    made.signatures = {std::string(64, 'a')};
    made.body = std::move(body);
    in.doubtful.keep(std::move(made), 64 * 1024 * 1024);
    EXPECT_TRUE(store::eventually([&] { return in.doubtful.size() == wanted; }));
}

} // namespace outreachd::admin
