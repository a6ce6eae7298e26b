#include "handlers/outreach/held_token.hpp"

#include <algorithm>

namespace outreachd::handlers::outreach {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

} // namespace

token_age age_of(const store::token_record& record, wall_time now) {
    if (record.access_token.empty() || !record.expires_at || !record.obtained_at)
        return token_age::over;
    const auto life = *record.expires_at - *record.obtained_at;
    const auto left = *record.expires_at - now;
    if (left <= std::min<wall_time::duration>(seconds{30}, life / 20))
        return token_age::over;
    return left <= std::min<wall_time::duration>(minutes{5}, life / 6) ? token_age::due : token_age::fresh;
}

held_token::copy held_token::get(wall_time now) const {
    const std::lock_guard lock(mutex_);
    return {record_.access_token, record_.api_base, age_of(record_, now)};
}

void held_token::hold(const store::token_record& record) {
    store::token_record part;
    part.access_token = record.access_token;
    part.obtained_at = record.obtained_at;
    part.expires_at = record.expires_at;
    part.api_base = record.api_base;
    const std::lock_guard lock(mutex_);
    record_ = std::move(part);
}

} // namespace outreachd::handlers::outreach
