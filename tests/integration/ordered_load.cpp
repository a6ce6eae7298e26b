#include "tests/integration/ordered_load.hpp"

#include "tests/integration/wire_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace outreachd::tests {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view number_key = "\"number\":";
constexpr std::string_view resource_key = "\"resource_id\":\"";

std::uint64_t number_behind(std::string_view line, std::string_view key) {
    std::uint64_t number = 0;
    for (std::size_t at = line.find(key) + key.size(); at < line.size() && std::isdigit(line[at]) != 0; ++at)
        number = number * 10 + static_cast<std::uint64_t>(line[at] - '0');
    return number;
}

} // namespace

ordered_load::ordered_load(std::vector<std::uint16_t> ports, unsigned senders, unsigned rate) : rate_(rate) {
    static std::atomic<unsigned> next_resource = 1;
    const std::chrono::microseconds pause{1'000'000 * senders / rate};
    for (unsigned i = 0; i < senders; ++i)
        threads_.emplace_back([this, port = ports[i % ports.size()], first = began_ + pause * i / senders,
                               pause, resource = std::to_string(next_resource++)] {
            std::this_thread::sleep_until(first); // not all at once
            send(resource, port, pause);
        });
}

ordered_load::~ordered_load() {
    if (!threads_.empty())
        stop();
}

ordered_load::tally ordered_load::stop() {
    is_stopping_ = true;
    const std::chrono::duration<double> lasted = std::chrono::steady_clock::now() - began_;
    for (std::thread& one : threads_)
        one.join();
    threads_.clear();
    const std::scoped_lock lock(mutex_);
    tally_.pace = rate_;
    tally_.acked_per_second = static_cast<double>(tally_.acked) / lasted.count();
    return tally_;
}

std::string ordered_load::body_of(const std::string& resource, std::uint64_t number) {
    return R"({"data":{"type":"task","id":")" + resource + R"(","attributes":{"number":)" +
           std::to_string(number) +
           R"(}},"meta":{"eventName":"task.completed","deliveredAt":"2026-11-01T09:20:00.955-07:00"}})";
}

void ordered_load::send(const std::string& resource, std::uint16_t port, std::chrono::microseconds pause) {
    std::unique_ptr<wire_client> client;
    tally own;
    std::uint64_t last = 0;
    auto due = std::chrono::steady_clock::now();
    auto sent_at = due;
    for (bool is_again = false; !is_stopping_;) {
        if (!is_again)
            sent_at = std::chrono::steady_clock::now();
        if (!client)
            client = std::make_unique<wire_client>(port);
        const bool is_sent = client->is_connected() && client->send(signed_post(body_of(resource, last + 1)));
        const answer got = is_sent ? client->read_answer(sender_patience) : answer{};
        is_again = got.status != 200;
        if (got.status == 0) { // the same again, as Outreach does it
            ++own.unanswered;
            client.reset();
            std::this_thread::sleep_for(20ms);
            continue;
        }
        if (got.status == 200) {
            ++last;
            ++acked_;
            own.slowest_ack = std::max(own.slowest_ack, std::chrono::duration_cast<std::chrono::milliseconds>(
                                                            std::chrono::steady_clock::now() - sent_at));
        } else {
            ++own.wrong_status;
        }
        due += pause;
        std::this_thread::sleep_until(due);
    }
    const std::scoped_lock lock(mutex_);
    tally_.last_acked[resource] = last;
    tally_.acked += last;
    tally_.wrong_status += own.wrong_status;
    tally_.unanswered += own.unanswered;
    tally_.slowest_ack = std::max(tally_.slowest_ack, own.slowest_ack);
}

#ifdef OUTREACHD_SANITIZED
constexpr double pace_kept = 0.5; // the load itself is slower
#else
constexpr double pace_kept = 0.8;
#endif

void expect_all_answered(const ordered_load::tally& sent) {
    EXPECT_EQ(sent.wrong_status, 0U);
    EXPECT_EQ(sent.unanswered, 0U);
    EXPECT_LT(sent.slowest_ack, 1s);
    EXPECT_GE(sent.acked_per_second, pace_kept * sent.pace);
}

std::map<std::string, std::vector<std::uint64_t>> numbers_by_resource(const daemon_under_test& worker) {
    std::map<std::string, std::vector<std::uint64_t>> found;
    std::ifstream lines(worker.directory().at("out.jsonl")); // a long run's is too large to be held
    for (std::string line; std::getline(lines, line);) {
        const std::size_t begin = line.find(resource_key) + resource_key.size();
        found[line.substr(begin, line.find('"', begin) - begin)].push_back(number_behind(line, number_key));
    }
    return found;
}

arrival arrived_by_now(const ordered_load::tally& sent,
                       const std::vector<const daemon_under_test*>& workers) {
    arrival found;
    std::map<std::string, std::set<std::uint64_t>> everywhere;
    for (const daemon_under_test* const worker : workers)
        for (const auto& [resource, numbers] : numbers_by_resource(*worker)) {
            std::set<std::uint64_t> here;
            for (const std::uint64_t number : numbers) {
                if (here.contains(number)) {
                    ++found.repeats;
                    continue;
                }
                if (!here.empty() && *here.rbegin() > number && found.out_of_order++ == 0)
                    found.disordered = resource;
                here.insert(number);
                if (!everywhere[resource].insert(number).second)
                    ++found.across;
            }
        }
    for (const auto& [resource, last] : sent.last_acked)
        for (std::uint64_t number = 1; number <= last; ++number)
            found.lost += everywhere[resource].contains(number) ? 0U : 1U;
    return found;
}

arrival arrived(const ordered_load::tally& sent, const std::vector<const daemon_under_test*>& workers) {
    arrival found;
    last_while_shrinking(
        [&] {
            found = arrived_by_now(sent, workers);
            return found.lost;
        },
        500ms, 45s);
    return found;
}

} // namespace outreachd::tests
