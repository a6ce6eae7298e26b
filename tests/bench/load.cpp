#include "tests/bench/load.hpp"

#include "tests/bench/load_worker.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

namespace outreachd::bench {

load_result run_load(const load_plan& plan, const tls_context& context, const target& to,
                     const std::function<void()>& at_start) {
    const std::size_t threads = std::clamp<std::size_t>(plan.threads, 1, plan.connections);
    std::vector<std::unique_ptr<load_worker>> workers;
    for (std::size_t index = 0; index < threads; ++index) {
        workers.push_back(std::make_unique<load_worker>(plan, context, to, worker_share{index, threads}));
    }
    const auto begin = tally::clock::now();
    const auto start = begin + plan.warmup;
    std::vector<std::exception_ptr> errors(threads);
    std::vector<std::thread> running;
    for (std::size_t index = 0; index < threads; ++index) {
        running.emplace_back([&workers, &errors, index, begin, start] {
            try {
                workers[index]->run(begin, start);
            } catch (...) {
                errors[index] = std::current_exception();
            }
        });
    }
    std::this_thread::sleep_until(start);
    at_start();

    load_result result;
    for (auto& thread : running) {
        thread.join();
    }
    for (const auto& error : errors) {
        if (error) {
            std::rethrow_exception(error);
        }
    }
    for (const auto& worker : workers) {
        result.counts.merge(worker->counts());
    }
    result.measured = std::max<std::chrono::nanoseconds>(result.counts.last_answer - start, {});
    return result;
}

} // namespace outreachd::bench
