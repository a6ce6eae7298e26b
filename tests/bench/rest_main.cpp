/// `rest`: what a request to the Outreach REST API costs, beside `curl`, which reuses a connection too. See
/// README.md beside this file.
#include "handlers/outreach/access.hpp"
#include "handlers/outreach/client.hpp"
#include "tests/bench/local_server.hpp"
#include "tests/bench/own_process.hpp"
#include "tests/bench/process_usage.hpp"
#include "tests/bench/rest_options.hpp"
#include "tests/bench/store_directory.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char** environ;

namespace {

using namespace outreachd;
using namespace outreachd::bench;
using seconds = std::chrono::duration<double>;

struct cost {
    std::chrono::nanoseconds elapsed{};
    std::chrono::nanoseconds cpu{};

    double rate(std::uint64_t requests) const {
        return static_cast<double>(requests) / seconds{elapsed}.count();
    }

    double cpu_us(std::uint64_t requests) const {
        return static_cast<double>(cpu.count()) / 1000 / static_cast<double>(requests);
    }
};

/// All threads with one client, as the workers of a handler.
cost send_by_client(std::uint16_t port, const std::string& directory, unsigned threads,
                    std::uint64_t requests) {
    settings::outreach configured;
    configured.base_url = "http://127.0.0.1:" + std::to_string(port) + "/api/v2";
    configured.proxy = "";
    configured.auth = settings::token_access{.token = secret{"a-token"}};
    handlers::outreach::access shared{configured, directory};
    handlers::outreach::client client{shared, handlers::outreach::caller::worker};
    const auto began = std::chrono::steady_clock::now();
    const auto cpu_before = own_cpu();
    std::vector<std::thread> all;
    for (unsigned n = 0; n < threads; ++n)
        all.emplace_back([&client, share = requests / threads] {
            for (std::uint64_t sent = 0; sent < share; ++sent) {
                const auto answer = client.send(handlers::outreach::get("/tasks/5"),
                                                std::chrono::steady_clock::now() + std::chrono::seconds{30});
                if (!answer.is_success())
                    throw std::runtime_error(answer.problem);
            }
        });
    for (std::thread& one : all)
        one.join();
    return {std::chrono::steady_clock::now() - began, own_cpu() - cpu_before};
}

/// As many processes, each on one connection, with the same headers.
cost send_by_curl(std::uint16_t port, unsigned processes, std::uint64_t requests) {
    const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/api/v2/tasks/[1-" +
                            std::to_string(requests / processes) + "]";
    std::vector<std::string> words = {"curl",
                                      "-sS",
                                      "-f",
                                      "-o",
                                      "/dev/null",
                                      "--noproxy",
                                      "*",
                                      "-H",
                                      "Content-Type: application/vnd.api+json",
                                      "-H",
                                      "Authorization: Bearer a-token",
                                      url};
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const auto began = std::chrono::steady_clock::now();
    std::vector<pid_t> all(processes);
    for (pid_t& one : all)
        if (::posix_spawnp(&one, "curl", nullptr, nullptr, arguments.data(), environ) != 0)
            throw std::runtime_error("curl can't be started");
    cost spent;
    for (const pid_t one : all) {
        int status = 0;
        rusage used{};
        if (::wait4(one, &status, 0, &used) != one || status != 0)
            throw std::runtime_error("curl failed");
        for (const timeval& time : {used.ru_utime, used.ru_stime})
            spent.cpu += std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
    }
    spent.elapsed = std::chrono::steady_clock::now() - began;
    return spent;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void measure(const rest_options& chosen, unsigned threads) {
    std::vector<double> rates;
    std::vector<double> costs;
    std::vector<double> curl_rates;
    std::vector<double> curl_costs;
    for (unsigned round = 0; round < chosen.rounds; ++round) {
        const local_server server;
        const store_directory directory("/var/tmp");
        const auto ours = in_own_process<cost>(
            [&] { return send_by_client(server.port(), directory.path(), threads, chosen.requests); });
        rates.push_back(ours.rate(chosen.requests));
        costs.push_back(ours.cpu_us(chosen.requests));
        const auto theirs =
            in_own_process<cost>([&] { return send_by_curl(server.port(), threads, chosen.requests); });
        curl_rates.push_back(theirs.rate(chosen.requests));
        curl_costs.push_back(theirs.cpu_us(chosen.requests));
    }
    std::cout << std::setw(7) << threads << std::fixed << std::setprecision(0) << std::setw(12)
              << median(rates) << std::setw(12) << median(curl_rates) << std::setprecision(2) << std::setw(9)
              << median(rates) / median(curl_rates) << std::setprecision(1) << std::setw(12) << median(costs)
              << std::setw(12) << median(curl_costs) << std::setprecision(2) << std::setw(9)
              << median(costs) / median(curl_costs) << std::endl;
}

} // namespace

int main(int argc, char** argv) {
    int exit_code = 0;
    const auto chosen = read_rest_options(argc, argv, exit_code);
    if (!chosen)
        return exit_code;
    try {
        std::cout << "threads  requests/s      curl's    ratio   CPU us/req      curl's    ratio\n";
        for (const unsigned threads : chosen->threads)
            measure(*chosen, threads);
        return 0;
    } catch (const std::exception& problem) {
        std::cerr << "rest: " << problem.what() << '\n';
        return 1;
    }
}
