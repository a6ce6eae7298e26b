/// `dispatch`: how fast deliveries leave a store, however many wait in it. See README.md beside this file.

#include "handlers/exec_handler.hpp"
#include "handlers/http_handler.hpp"
#include "tests/bench/dispatch_options.hpp"
#include "tests/bench/dispatch_report.hpp"
#include "tests/bench/local_server.hpp"
#include "tests/bench/own_process.hpp"
#include "tests/bench/store_directory.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <optional>

namespace {

using namespace outreachd;
using namespace outreachd::bench;

/// `server`: for `--http`.
std::function<std::unique_ptr<handlers::handler>()> handler_of(const dispatch_options& chosen,
                                                               const std::optional<local_server>& server) {
    // Neither has expressions, so that no jq process is begun.
    const auto engine = std::make_shared<expression::engine>(1);
    if (server) {
        settings::http_handler configured;
        configured.url = "http://127.0.0.1:" + std::to_string(server->port()) + "/";
        configured.proxy = "";
        return [=] { return handlers::make_http_handler(configured, engine); };
    }
    if (chosen.program.empty())
        return make_idle_handler;
    settings::exec_handler configured;
    configured.command = {chosen.program};
    return [=] { return handlers::make_exec_handler("bench", configured, engine); };
}

/// All concurrencies with one depth and one number of handlers, from one store.
void measure(const dispatch_options& chosen, const backlog_plan& backlog, std::vector<dispatch_row>& rows) {
    const store_directory directory(chosen.directory);
    in_own_process<bool>([&] {
        prepare_backlog(directory.path(), backlog,
                        [&](std::uint64_t filled) { show_progress("filling", filled, backlog.pending); });
        return true;
    });
    for (const std::uint32_t concurrency : chosen.concurrency) {
        std::optional<local_server> server;
        if (chosen.http)
            server.emplace();
        const auto result = in_own_process<dispatch_result>([&] {
            dispatch_plan plan;
            plan.backlog = backlog;
            plan.concurrency = concurrency;
            plan.deliveries = chosen.deliveries;
            plan.longest = std::chrono::duration_cast<std::chrono::nanoseconds>(
                std::chrono::duration<double>{chosen.seconds});
            plan.make_handler = handler_of(chosen, server);
            return run_dispatch(directory.path(), plan);
        });
        rows.push_back({backlog.pending, backlog.handlers, concurrency, result});
    }
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    int exit_code = 0;
    const auto chosen = read_dispatch_options(argc, argv, exit_code);
    if (!chosen)
        return exit_code;
    try {
        std::vector<dispatch_row> rows;
        for (const std::uint32_t handlers : chosen->handlers)
            for (const std::uint64_t pending : chosen->pending)
                measure(*chosen, {pending, handlers, chosen->body_bytes}, rows);
        std::cout << (chosen->json ? as_json(rows) : as_text(rows));
        const auto ratios = cost_ratios(rows);
        const bool is_flat =
            std::ranges::all_of(ratios, [](const cost_ratio& one) { return one.ratio <= cost_ratio_max; });
        return is_flat || !chosen->checks_ratio ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "dispatch: " << error.what() << "\n";
        return 1;
    }
}
