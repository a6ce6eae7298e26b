/// What this host is to Outreach, and what it can prove.
#include "daemon/command_line/auth_command.hpp"

#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/outreach_session.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_time.hpp"
#include "daemon/command_line/typed_text.hpp"
#include "daemon/command_line/usage_refusal.hpp"
#include "daemon/text/ascii.hpp"
#include "handlers/outreach/fingerprint.hpp"
#include "handlers/outreach/install_tokens.hpp"
#include "handlers/outreach/oauth_tokens.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <ostream>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;
using namespace handlers::outreach;

constexpr std::chrono::seconds token_timeout{20};
constexpr std::chrono::seconds setup_timeout{30};
constexpr std::size_t identity_members_max = 24;

/// All that `auth status` says.
struct login_facts {
    std::string type;
    bool is_usable = false;
    bool needs_login = false;
    std::string reason; ///< Why not, or what is doubtful.
    json::object who;   ///< Of what Outreach says of us: each member's path, and its value.
    store::token_record record;
    limit_facts limit;
};

bool is_credential(std::string_view name) {
    const std::string lowered = to_lower(name);
    return lowered.find("token") != std::string::npos || lowered.find("secret") != std::string::npos;
}

/// Adds the strings and numbers in `from` to `into`; nothing that could be a credential, and no links.
void flatten(const json::value& from, const std::string& path, json::object& into) {
    if (into.size() >= identity_members_max)
        return;
    if (const auto* const object = from.if_object()) {
        for (const auto& [name, value] : *object)
            if (name != "links" && (!value.is_string() || !is_credential(name)))
                flatten(value, path.empty() ? std::string{name} : path + "." + std::string{name}, into);
    } else if (from.is_string() || from.is_number()) {
        into[path] = from;
    }
}

json::object identity_of(const api_answer& said, const secret& token) {
    const auto document = read_json(without_secrets(said.body, {token.reveal()}));
    json::object who;
    for (const char* const part : {"meta", "data"})
        if (const json::value* const found = document ? find_member(*document, {part}) : nullptr)
            flatten(*found, {}, who);
    return who;
}

/// What the file holds of this configuration's tokens.
store::token_record read_record(outreach_session& session) {
    store::token_record record = session.access().file().read().record;
    const auto& auth = session.configured().auth;
    if (const auto* const oauth = std::get_if<settings::oauth_access>(&auth))
        return adopt(std::move(record), *oauth);
    const auto* const s2s = std::get_if<settings::s2s_access>(&auth);
    return s2s != nullptr && record.client == fingerprint({"s2s", s2s->guid}) ? std::move(record)
                                                                              : store::token_record{};
}

login_facts find_facts(outreach_session& session) {
    static constexpr const char* types[] = {"oauth", "s2s", "token"};
    login_facts facts;
    facts.type = types[session.configured().auth.index()];
    const api_answer said = session.send_once(get(""));
    // What was asked for just now is in memory.
    const token_reply token = session.access().tokens().get(std::chrono::steady_clock::now() + token_timeout);
    facts.needs_login = said.what == api_answer::kind::needs_login;
    facts.is_usable = !facts.needs_login && token.what == token_reply::kind::token &&
                      (said.what == api_answer::kind::answered || said.what == api_answer::kind::later);
    facts.reason = said.problem;
    if (said.is_success())
        facts.who = identity_of(said, token.token);
    facts.record = read_record(session);
    facts.limit = session.access().limit().facts();
    return facts;
}

json::value time_or_null(const std::optional<wall_time>& time) {
    return time ? json::value(to_rfc3339(*time)) : json::value{};
}

json::value number_or_null(const std::optional<std::uint64_t>& number) {
    return number ? json::value(*number) : json::value{};
}

json::object to_json(const login_facts& facts, outreach_session& session) {
    json::object whole{{"type", facts.type},
                       {"base_url", session.access().base_url()},
                       {"usable", facts.is_usable},
                       {"login_needed", facts.needs_login}};
    whole["reason"] = facts.reason.empty() ? json::value{} : json::value(facts.reason);
    whole["who"] = facts.who;
    json::array scopes;
    for (const std::string& each : facts.record.scopes)
        scopes.emplace_back(each);
    whole["scopes"] = std::move(scopes);
    whole["install"] = facts.record.install.empty() ? json::value{} : json::value(facts.record.install);
    whole["obtained_at"] = time_or_null(facts.record.obtained_at);
    whole["expires_at"] = time_or_null(facts.record.expires_at);
    whole["limit"] = json::object{
        {"limit", number_or_null(facts.limit.limit)},
        {"remaining", number_or_null(facts.limit.remaining)},
        {"resets_at", time_or_null(facts.limit.limit ? std::optional{facts.limit.reset_at} : std::nullopt)}};
    whole["file"] = session.token_path();
    return whole;
}

std::string scope_words(const login_facts& facts) {
    std::string words;
    for (const std::string& each : facts.record.scopes)
        words += (words.empty() ? "" : " ") + each;
    return words;
}

std::string token_words(const login_facts& facts, wall_time now) {
    if (!facts.record.expires_at || facts.record.access_token.empty())
        return {};
    std::string words = (*facts.record.expires_at > now ? "ends " : "ended ") +
                        spoken_relative(*facts.record.expires_at, now);
    if (facts.record.obtained_at)
        words += ", obtained " + to_rfc3339(*facts.record.obtained_at);
    return words;
}

std::string limit_words(const limit_facts& limit, wall_time now) {
    if (!limit.limit || !limit.remaining)
        return {};
    return std::to_string(*limit.remaining) + " of " + std::to_string(*limit.limit) + " requests left" +
           (limit.reset_at > now ? ", all of them again " + spoken_relative(limit.reset_at, now) : "");
}

void show_facts(const login_facts& facts, outreach_session& session, std::ostream& out) {
    const wall_time now = session.access().now();
    const auto line = [&](std::string_view title, const std::string& text) {
        if (!text.empty())
            out << "  " << title << std::string(title.size() < 12 ? 12 - title.size() : 1, ' ')
                << printable(text) << '\n';
    };
    out << (facts.is_usable     ? "Outreach can be used"
            : facts.needs_login ? "A LOGIN IS NEEDED"
                                : "OUTREACH CAN'T BE USED NOW")
        << '\n';
    line(facts.is_usable ? "but" : "because", facts.reason);
    line("type", facts.type);
    line("api", session.access().base_url());
    for (const auto& [path, value] : facts.who)
        line(std::string_view{path},
             value.is_string() ? std::string{value.get_string()} : json::serialize(value));
    line("install", facts.record.install);
    line("scopes", scope_words(facts));
    line("token", token_words(facts, now));
    line("limit", limit_words(facts.limit, now));
    line("kept in", facts.type == "token" ? "the configuration" : session.token_path());
}

} // namespace

int show_login(const std::string& config_path, bool is_json, const streams& to) {
    const auto [session, code] = outreach_session::open(config_path, to);
    if (!session)
        return code;
    const login_facts facts = find_facts(*session);
    if (is_json)
        to.out << json::serialize(to_json(facts, *session)) << '\n';
    else
        show_facts(facts, *session, to.out);
    if (facts.is_usable)
        return exit_code::ok;
    return facts.needs_login ? exit_code::failed : exit_code::unavailable;
}

int set_up_install(const std::string& config_path, const std::string& setup_token, const streams& to) {
    if (setup_token == "-" && to.is_interactive)
        to.err << "Set-up token: " << std::flush;
    const std::string token =
        setup_token == "-"
            ? std::string{trimmed(
                  read_line(to.in, std::chrono::steady_clock::now() + std::chrono::minutes{10}).value_or(""),
                  " \t\r")}
            : setup_token;
    if (token.empty())
        return refuse_usage("the set-up token is empty", to);
    const auto [session, code] = outreach_session::open(config_path, to);
    if (!session)
        return code;
    install_tokens* const installs = session->access().installs();
    if (installs == nullptr) {
        to.err << config_path << ": outreach.auth: only `type: s2s` has installs\n";
        return exit_code::configuration;
    }
    const auto reply = installs->set_up(secret{token}, std::chrono::steady_clock::now() + setup_timeout);
    if (!reply.problem.empty()) {
        to.err << "outreachd: "
               << (reply.install.empty() ? "" : "the install is " + printable(reply.install) + ", but ")
               << printable(reply.problem) << '\n';
        return reply.is_unreachable ? exit_code::unavailable : exit_code::failed;
    }
    to.out << "install " << printable(reply.install) << "\n  kept in  " << printable(session->token_path())
           << '\n';
    const std::string& fixed = std::get<settings::s2s_access>(session->configured().auth).install;
    if (!fixed.empty() && fixed != reply.install)
        to.err << "outreachd: warning: outreach.auth.install names another one, and that counts\n";
    return exit_code::ok;
}

} // namespace outreachd::command_line
