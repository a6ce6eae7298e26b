/// Owns every long-lived object of the daemon: builds them bottom-up, drains them top-down.
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outreachd {

/// The running daemon. Main thread only.
class app {
public:
    /// Opens the store and the sockets; nothing is accepted yet. Throws std::runtime_error, naming the
    /// key or file.
    app(struct settings::settings configured, const std::vector<int>& listen_fds);
    ~app();
    app(const app&) = delete;
    app& operator=(const app&) = delete;

    /// From here on connections are accepted and deliveries run.
    void start();
    /// Stops accepting, answers what is in flight, finishes or gives back deliveries, closes the store:
    /// within `shutdown_timeout`. False: a thread hangs, and the process must be left by _Exit.
    bool stop();
    /// Applies what can be applied without a restart, and logs what can't. Handlers let go
    /// of their files, so that they can be rotated. Throws std::runtime_error where handlers or TLS files
    /// can't be used; nothing has changed then.
    void reload(struct settings::settings next);

    /// The certificate in use, and its key; nothing with `tls: off`.
    const std::optional<settings::tls_files>& tls_files() const;
    /// Takes up those files anew. False where they can't be used: it keeps the old ones, and logs each cause
    /// once.
    bool renew_certificate();

    log::logger& log();

    /// What it is doing, on one line for people: `receiving and working; 12 pending, 0 dead`.
    std::string status_line() const;
    /// What only another start mends: threads that don't answer any more. A disk that doesn't come
    /// back counts after two minutes only, for it may be a slow one; one that gives errors doesn't.
    std::optional<std::string> failure() const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

} // namespace outreachd
