/// All that requests to Outreach share: connections, tokens, the hourly limit, whether we are let in.
#pragma once

#include "daemon/settings/settings.hpp"
#include "daemon/store/token_file.hpp"
#include "handlers/http_transport.hpp"
#include "handlers/outreach/lasting_refusal.hpp"
#include "handlers/outreach/limiter.hpp"
#include "handlers/outreach/token_source.hpp"

#include <memory>
#include <string>

namespace outreachd::handlers::outreach {

class install_tokens;

/// One for the process, in the place of `app` or a command; outlives its clients. Its parts are thread-safe.
class access {
public:
    /// `directory` is `store.directory`: there the tokens are kept. Nothing is sent or written yet. Throws
    /// std::runtime_error, naming the key, where the configuration can't be used.
    access(const settings::outreach& configured, const std::string& directory,
           const wall_clock& now = wall_now);
    ~access();
    access(const access&) = delete;
    access& operator=(const access&) = delete;

    const std::string& base_url() const noexcept { return base_url_; }

    http_transport& transport() noexcept { return transport_; }

    store::token_file& file() noexcept { return file_; }

    token_source& tokens() noexcept { return *tokens_; }

    limiter& limit() noexcept { return limit_; }

    lasting_refusal& refusal() noexcept { return refusal_; }

    /// The tokens, where they are those of an install (`type: s2s`); else null.
    install_tokens* installs() noexcept { return installs_; }

    wall_time now() const { return now_(); }

private:
    const std::string base_url_;
    const wall_clock now_;
    http_transport transport_;
    store::token_file file_;
    limiter limit_;
    lasting_refusal refusal_;
    std::unique_ptr<token_source> tokens_;
    install_tokens* installs_ = nullptr;
};

} // namespace outreachd::handlers::outreach
