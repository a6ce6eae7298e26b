#include "daemon/sandbox/tokens.hpp"

#include "daemon/sandbox/demo_data.hpp"
#include "daemon/sandbox/random_token.hpp"

#include <algorithm>

namespace outreachd::sandbox {

namespace {

template <typename Held>
auto* find_living(const Held& held, std::string_view key) {
    const auto found = held.find(key);
    return found == held.end() || found->second.end <= wall_now() ? nullptr : &found->second.what;
}

/// Without those that have ended, so that a long run doesn't fill the memory.
template <typename Held>
void drop_ended(Held& held) {
    std::erase_if(held, [now = wall_now()](const auto& each) { return each.second.end <= now; });
}

} // namespace

tokens::tokens(const options& configured) : configured_(configured) {
    const holder first{first_user, configured.client_id,
                       configured.scopes.empty() ? all_scopes() : read_scopes(configured.scopes)};
    if (!configured.token.empty())
        access_[configured.token] = {first, wall_time::max()};
    if (!configured.refresh_token.empty())
        add_refresh(configured.refresh_token, first);
}

std::string tokens::add_consent(consent given) {
    drop_ended(codes_);
    std::string code = make_random();
    codes_[code] = {std::move(given), wall_now() + configured_.code_life};
    return code;
}

const consent* tokens::find_consent(std::string_view code) const {
    return find_living(codes_, code);
}

void tokens::forget(std::string_view code) {
    if (const auto found = codes_.find(code); found != codes_.end())
        codes_.erase(found);
}

const holder* tokens::find_refresh(std::string_view refresh_token) const {
    return find_living(refresh_, refresh_token);
}

bool tokens::is_too_soon() const {
    return last_grant_ && std::chrono::steady_clock::now() - *last_grant_ < configured_.grant_interval;
}

grant tokens::make_grant(const holder& whose, std::string_view rotated) {
    drop_ended(access_);
    grant made{make_token(), make_random(), whose};
    if (const auto old = refresh_.find(rotated);
        old != refresh_.end() && !configured_.keeps_old_refresh_tokens)
        refresh_.erase(old);
    access_[made.access_token] = {made.whose, wall_now() + configured_.access_token_life};
    add_refresh(made.refresh_token, made.whose);
    last_grant_ = std::chrono::steady_clock::now();
    return made;
}

void tokens::add_refresh(const std::string& token, const holder& whose) {
    refresh_[token] = {whose, wall_now() + configured_.refresh_token_life};
    refresh_order_.push_back(token);
    while (refresh_order_.size() > refresh_tokens_max) {
        refresh_.erase(refresh_order_.front());
        refresh_order_.pop_front();
    }
}

std::string tokens::add_app_token(const holder& whose) {
    drop_ended(access_);
    std::string token = make_token();
    access_[token] = {whose, wall_now() + configured_.s2s_token_life};
    return token;
}

const holder* tokens::find_access(std::string_view access_token) const {
    return find_living(access_, access_token);
}

void tokens::expire_access() {
    std::erase_if(access_, [](const auto& each) { return each.second.end != wall_time::max(); });
}

void tokens::expire_refresh() {
    refresh_.clear();
    refresh_order_.clear();
}

} // namespace outreachd::sandbox
