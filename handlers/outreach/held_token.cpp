#include "handlers/outreach/held_token.hpp"

#include <algorithm>

namespace outreachd::handlers::outreach {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// False where the file has what another configuration logged in to, as between a login for a new app and the
/// reload: to go on from there would mean to begin anew, and to write that over it.
bool is_same_grant(const store::token_record& adopted, const store::token_record& stored) {
    return adopted.client == stored.client && adopted.first_token == stored.first_token &&
           adopted.install == stored.install;
}

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
    return {record_.access_token, record_.api_base, age_of(record_, now), from_};
}

void held_token::hold(const store::token_record& record, const store::file_stamp& from) {
    store::token_record part;
    part.access_token = record.access_token;
    part.obtained_at = record.obtained_at;
    part.expires_at = record.expires_at;
    part.api_base = record.api_base;
    const std::lock_guard lock(mutex_);
    record_ = std::move(part);
    from_ = from;
}

void held_token::keep(const store::file_stamp& from) {
    const std::lock_guard lock(mutex_);
    from_ = from;
}

/// What is held, once it is what the file says. Reading needs no lock, so that nobody waits here for who
/// renews it.
held_token::copy renewed_token::look() {
    held_token::copy held = held_.get(now_());
    const store::file_stamp now_there = file_.stamp();
    if (held.from == now_there)
        return held;
    const store::token_reading reading = file_.read();
    const store::token_record adopted = adopt(reading.record);
    if (reading.problem.empty() && is_same_grant(adopted, reading.record))
        held_.hold(adopted, now_there);
    else // whoever renews the token says what is wrong
        held_.keep(now_there);
    return held_.get(now_());
}

token_reply renewed_token::get(steady_time deadline) {
    const held_token::copy held = look();
    if (held.age == token_age::fresh)
        return held.reply();
    if (held.age == token_age::over)
        return obtain({}, deadline);
    // Who comes while another renews goes on with the old one.
    token_reply renewed = obtain({}, std::chrono::steady_clock::now());
    return renewed.what == token_reply::kind::token ? std::move(renewed) : held.reply();
}

token_reply renewed_token::renew(const secret& rejected, steady_time deadline) {
    const held_token::copy held = look();
    if (held.age != token_age::over && held.token != rejected)
        return held.reply();
    return obtain(rejected, deadline);
}

} // namespace outreachd::handlers::outreach
