#include "tests/integration/load.hpp"

#include "tests/integration/wire_client.hpp"

namespace outreachd::tests {

namespace {

using namespace std::chrono_literals;

constexpr int attempts_max = 4;
constexpr auto attempt_pause = 1s;

} // namespace

load::load(plan what) : plan_(what), next_number_(what.first_number) {
    for (unsigned i = 0; i < plan_.connections; ++i)
        threads_.emplace_back([this] { send_until_stopped(); });
}

load::~load() {
    if (!threads_.empty())
        stop();
}

load_tally load::stop() {
    is_stopping_ = true;
    for (std::thread& one : threads_)
        one.join();
    threads_.clear();
    const std::scoped_lock lock(mutex_);
    return tally_;
}

void load::send_until_stopped() {
    std::unique_ptr<wire_client> client;
    load_tally own;
    std::uint64_t number = 0;
    for (int attempt = 0; !is_stopping_ || (plan_.repeats_unanswered && attempt > 0);) {
        auto began = std::chrono::steady_clock::now(); // the daemon's clock starts with the connection
        if (!client) {
            client = std::make_unique<wire_client>(plan_.port);
            if (!client->is_connected()) {
                client.reset();
                ++own.not_connected;
                own.failed_at.push_back(std::chrono::steady_clock::now());
                if (attempt > 0 && ++attempt > attempts_max)
                    attempt = 0;
                std::this_thread::sleep_for(attempt > 0 ? std::chrono::milliseconds(attempt_pause) : 20ms);
                continue;
            }
        }
        if (attempt == 0)
            number = next_number_++;
        ++own.sent;
        const bool is_sent = client->send(signed_post(numbered_body(number)));
        const answer got = is_sent ? client->read_answer(sender_patience) : answer{};
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
        if (got.status != 0) {
            if (got.status == 200) {
                own.acked.insert(number);
                own.slowest_ack = std::max(own.slowest_ack, took);
                ++acked_so_far_;
            } else {
                ++own.wrong_status;
            }
            attempt = 0;
            if (plan_.has_new_connections)
                client.reset();
            if (plan_.pause > 0ms)
                std::this_thread::sleep_for(plan_.pause);
            continue;
        }
        ++own.without_answer;
        own.closed += got.end == ending::closed ? 1U : 0U;
        own.resets_after.push_back(took);
        own.failed_at.push_back(std::chrono::steady_clock::now());
        client.reset();
        if (plan_.repeats_unanswered) {
            if (++attempt >= attempts_max)
                attempt = 0;
            else
                std::this_thread::sleep_for(attempt_pause);
        }
    }
    const std::scoped_lock lock(mutex_);
    tally_.acked.merge(own.acked);
    tally_.sent += own.sent;
    tally_.not_connected += own.not_connected;
    tally_.without_answer += own.without_answer;
    tally_.closed += own.closed;
    tally_.wrong_status += own.wrong_status;
    tally_.resets_after.insert(tally_.resets_after.end(), own.resets_after.begin(), own.resets_after.end());
    tally_.failed_at.insert(tally_.failed_at.end(), own.failed_at.begin(), own.failed_at.end());
    tally_.slowest_ack = std::max(tally_.slowest_ack, own.slowest_ack);
}

} // namespace outreachd::tests
