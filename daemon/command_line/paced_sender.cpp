/// Threads take the next number, wait until it is due, and send it.
#include "daemon/command_line/paced_sender.hpp"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace outreachd::command_line {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t senders_max = 32;

struct shared_run {
    std::mutex guard; ///< Of all below, and of `report`.
    std::condition_variable ended;
    std::size_t next = 0;
    bool is_over = false;
    /// The last one used goes first, so that no more connections are opened than are needed at once.
    std::vector<std::unique_ptr<https_client>> idle;
    clock::time_point start = clock::now();
};

bool is_hopeless(const http_answer& answer) {
    return answer.failure && answer.failure->what != http_failure::kind::no_answer;
}

clock::duration due_after(std::size_t number, double per_second) {
    return std::chrono::duration_cast<clock::duration>(
        std::chrono::duration<double>{static_cast<double>(number) / per_second});
}

} // namespace

void send_paced(const url& to, const tls_identity_check& check, const pace& how,
                const std::function<outgoing_request(std::size_t)>& make,
                const std::function<void(const sent_request&)>& report) {
    shared_run run;
    const auto work = [&] {
        std::unique_lock lock{run.guard};
        while (!run.is_over && run.next < how.total) {
            const std::size_t number = run.next++;
            lock.unlock();
            const outgoing_request request = make(number);
            lock.lock();
            clock::time_point due = clock::now();
            if (how.per_second) {
                due = run.start + due_after(number, *how.per_second);
                if (run.ended.wait_until(lock, due, [&] { return run.is_over; }))
                    return;
            }
            std::unique_ptr<https_client> client;
            if (!run.idle.empty()) {
                client = std::move(run.idle.back());
                run.idle.pop_back();
            }
            lock.unlock();
            if (client == nullptr)
                client = std::make_unique<https_client>(to, check);
            const http_answer answer = client->post(request.headers, request.body, how.total > 1);
            const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - due);
            lock.lock();
            run.idle.push_back(std::move(client));
            if (run.is_over)
                return;
            report({request.name, request.event_id, answer, took});
            if (is_hopeless(answer)) {
                run.is_over = true;
                run.ended.notify_all();
            }
        }
    };
    if (!how.per_second) {
        work();
        return;
    }
    std::vector<std::thread> threads(std::min(how.total, senders_max));
    for (std::thread& each : threads)
        each = std::thread{work};
    for (std::thread& each : threads)
        each.join();
}

} // namespace outreachd::command_line
