#include "daemon/serve.hpp"

#include "daemon/app.hpp"
#include "daemon/certificate_watch.hpp"
#include "daemon/command_line/configuration.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/descriptor_limit.hpp"
#include "daemon/exception_barrier.hpp"
#include "daemon/start_deadline.hpp"
#include "daemon/systemd_notices.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace outreachd {

namespace {

/// Less than TimeoutStartSec= of systemd/outreachd.service.
constexpr std::chrono::seconds start_time_max{270};

/// Signals are taken by the main thread alone; every other thread inherits the mask.
sigset_t block_signals() {
    sigset_t taken;
    sigemptyset(&taken);
    for (const int one : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&taken, one);
    pthread_sigmask(SIG_BLOCK, &taken, nullptr);
    // A client that goes away is an error code, not a reason to die.
    std::signal(SIGPIPE, SIG_IGN);
    // A file size limit (RLIMIT_FSIZE) is an error like a full disk.
    std::signal(SIGXFSZ, SIG_IGN);
    return taken;
}

/// Whoever asks twice doesn't want to wait.
void let_second_signal_kill() {
    sigset_t second;
    sigemptyset(&second);
    for (const int one : {SIGTERM, SIGINT}) {
        std::signal(one, SIG_DFL);
        sigaddset(&second, one);
    }
    pthread_sigmask(SIG_UNBLOCK, &second, nullptr);
}

std::vector<int> sockets_from_systemd() {
    const int count = sd_listen_fds(1);
    if (count < 0)
        throw std::runtime_error("LISTEN_FDS can't be read: the sockets that systemd hands over");
    std::vector<int> sockets;
    sockets.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
        sockets.push_back(SD_LISTEN_FDS_START + i);
    return sockets;
}

/// No more connections than there are descriptors for. Gives their number.
std::uint32_t fit_connections(struct settings::settings& configured, std::uint64_t descriptors) {
    std::uint32_t& connections_max = configured.listen.limits.connections_max;
    connections_max =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(connections_max, connections_within(descriptors)));
    return connections_max;
}

/// A file with errors keeps the running configuration.
void reload(app& daemon, const std::string& config_path) {
    try {
        auto loaded = command_line::load_whole(config_path);
        for (const auto& problem : loaded.errors)
            daemon.log().error("the configuration can't be loaded anew; the running one goes on",
                               {{"problem", settings::to_text(problem, config_path)}});
        for (const auto& problem : loaded.warnings)
            daemon.log().warn("doubtful configuration",
                              {{"problem", settings::to_text(problem, config_path)}});
        fit_connections(loaded.settings, raise_descriptor_limit());
        if (loaded.errors.empty())
            daemon.reload(std::move(loaded.settings));
    } catch (const std::exception& problem) {
        daemon.log().error("the configuration can't be applied; the running one goes on",
                           {{"cause", problem.what()}});
    }
}

/// The main thread's life: signals, a look at the certificate's files now and then, and a sign of life. What
/// fails in it comes again with a later turn, each of which waits for a signal.
void run_until_stopped(app& daemon, systemd_notices& systemd, certificate_watch certificate,
                       const std::string& config_path, const sigset_t& taken) {
    constexpr timespec signal_wait{2, 0};
    exception_barrier barrier(daemon.log());
    for (;;) {
        barrier.run([&] { systemd.tell_life(daemon.status_line(), daemon.failure()); });
        const int signal = sigtimedwait(&taken, nullptr, &signal_wait);
        if (signal == SIGTERM || signal == SIGINT)
            return;
        if (signal == SIGHUP) {
            barrier.run([&] {
                systemd.tell_reloading();
                reload(daemon, config_path);
                certificate.watch(daemon.tls_files());
            });
            barrier.run([&] { systemd.tell_ready(); });
        } else {
            barrier.run([&] {
                if (certificate.has_changed() && !daemon.renew_certificate())
                    certificate.forget();
            });
        }
    }
}

} // namespace

int serve(const std::string& config_path) {
    std::optional<start_deadline> start(std::in_place, start_time_max);
    auto loaded = command_line::load_whole(config_path);
    for (const auto& problem : loaded.errors)
        std::fprintf(stderr, "%s\n", settings::to_text(problem, config_path).c_str());
    if (!loaded.errors.empty())
        return static_cast<int>(command_line::exit_code::configuration);

    const sigset_t taken = block_signals();
    const std::uint64_t descriptors = raise_descriptor_limit();
    const std::uint32_t configured_max = loaded.settings.listen.limits.connections_max;
    const std::uint32_t usable_max = fit_connections(loaded.settings, descriptors);
    certificate_watch certificate{loaded.settings.listen.tls};
    app daemon(std::move(loaded.settings), sockets_from_systemd());
    for (const auto& problem : loaded.warnings)
        daemon.log().warn("doubtful configuration",
                          {{"file", config_path}, {"line", problem.line}, {"reason", problem.message}});
    if (usable_max < configured_max)
        daemon.log().warn(
            "fewer connections than listen.limits.connections fit into the limit on open "
            "files: raise it (LimitNOFILE= of the service, ulimit -Hn)",
            {{"configured", configured_max}, {"connections", usable_max}, {"open_files_max", descriptors}});
    daemon.start();
    systemd_notices systemd;
    systemd.tell_ready();
    start.reset();

    run_until_stopped(daemon, systemd, std::move(certificate), config_path, taken);
    let_second_signal_kill();
    systemd.tell_stopping();
    if (!daemon.stop()) {
        // A thread hangs in a handler, in the disk or in the network: there is nobody left to wait for it.
        daemon.log().finish();
        std::fflush(nullptr);
        std::_Exit(0);
    }
    return 0;
}

} // namespace outreachd
