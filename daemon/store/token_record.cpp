#include "daemon/store/token_record.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace outreachd::store {

namespace {

namespace json = boost::json;

/// Goes up when an older program would misread the file.
constexpr std::int64_t file_version = 1;

void put(json::object& into, std::string_view key, std::string_view text) {
    if (!text.empty())
        into[key] = text;
}

void put(json::object& into, std::string_view key, const std::optional<wall_time>& time) {
    if (time)
        into[key] = to_rfc3339(*time);
}

/// Takes members off an object; one of the wrong type is remembered.
class member_reader {
public:
    explicit member_reader(const json::object& from) : from_(from) {}

    std::string text(std::string_view key) {
        const json::value* const found = from_.if_contains(key);
        if (found == nullptr)
            return {};
        if (!found->is_string()) {
            complain(key, "text");
            return {};
        }
        return std::string{std::string_view{found->get_string()}};
    }

    std::optional<wall_time> time(std::string_view key) {
        const std::string written = text(key);
        if (written.empty())
            return std::nullopt;
        const auto read = parse_timestamp(written);
        if (!read)
            complain(key, "a time");
        return read;
    }

    std::optional<wall_time> exact_time(std::string_view key) {
        const json::value* const found = from_.if_contains(key);
        if (found == nullptr)
            return std::nullopt;
        if (!found->is_int64()) {
            complain(key, "a number");
            return std::nullopt;
        }
        return wall_time{wall_time::duration{found->get_int64()}};
    }

    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> read;
        const json::value* const found = from_.if_contains(key);
        if (found == nullptr)
            return read;
        const auto* const list = found->if_array();
        if (list == nullptr) {
            complain(key, "a list");
            return read;
        }
        for (const json::value& each : *list) {
            if (each.is_string())
                read.emplace_back(std::string_view{each.get_string()});
            else
                complain(key, "a list of texts");
        }
        return read;
    }

    std::vector<made_webhook> webhooks(std::string_view key) {
        std::vector<made_webhook> read;
        const json::value* const found = from_.if_contains(key);
        if (found == nullptr)
            return read;
        const auto* const list = found->if_array();
        for (const json::value& each : list == nullptr ? json::array{} : *list) {
            if (!each.is_object()) {
                complain(key, "a list of objects");
                continue;
            }
            member_reader members{each.get_object()};
            read.push_back({members.text("id"), members.text("secret_print"),
                            secret{members.text("cleanup_token")}, members.text("begun")});
            if (!members.problem().empty())
                problem_ = members.problem();
        }
        return read;
    }

    const std::string& problem() const noexcept { return problem_; }

private:
    void complain(std::string_view key, const char* wanted) {
        problem_ = "'" + std::string{key} + "' is not " + wanted;
    }

    const json::object& from_;
    std::string problem_;
};

} // namespace

std::string to_json(const token_record& record) {
    json::object file;
    file["version"] = file_version;
    put(file, "client", record.client);
    put(file, "first_token", record.first_token);
    put(file, "redirect_uri", record.redirect_uri);
    put(file, "refresh_token", record.refresh_token.reveal());
    put(file, "access_token", record.access_token.reveal());
    if (!record.scopes.empty())
        file["scopes"] = json::array(record.scopes.begin(), record.scopes.end());
    put(file, "obtained_at", record.obtained_at);
    put(file, "expires_at", record.expires_at);
    put(file, "granted_at", record.granted_at);
    put(file, "no_grant_before", record.no_grant_before);
    put(file, "refreshing_since", record.refreshing_since);
    put(file, "refusal", record.refusal);
    put(file, "refused", record.refused);
    put(file, "refused_at", record.refused_at);
    put(file, "install", record.install);
    if (record.installs_seen_to)
        file["installs_seen_to_us"] = record.installs_seen_to->time_since_epoch().count();
    put(file, "api_base", record.api_base);
    put(file, "app", record.app);
    json::array webhooks;
    for (const made_webhook& each : record.webhooks) {
        json::object one;
        put(one, "id", each.id);
        put(one, "secret_print", each.secret_print);
        put(one, "cleanup_token", each.cleanup_token.reveal());
        put(one, "begun", each.begun);
        webhooks.push_back(std::move(one));
    }
    if (!webhooks.empty())
        file["webhooks"] = std::move(webhooks);
    return json::serialize(file) + "\n";
}

std::optional<token_record> read_token_record(std::string_view text, std::string& why) {
    boost::system::error_code ec;
    const json::value document = json::parse(text, ec);
    const auto* const file = ec ? nullptr : document.if_object();
    if (file == nullptr) {
        why = "it is no JSON object";
        return std::nullopt;
    }
    const json::value* const version = file->if_contains("version");
    if (version == nullptr || !version->is_int64()) {
        why = "it has no version";
        return std::nullopt;
    }
    if (version->get_int64() != file_version) {
        why = "its version is " + std::to_string(version->get_int64()) + ", and this program knows " +
              std::to_string(file_version);
        return std::nullopt;
    }
    member_reader members{*file};
    token_record record;
    record.client = members.text("client");
    record.first_token = members.text("first_token");
    record.redirect_uri = members.text("redirect_uri");
    record.refresh_token = secret{members.text("refresh_token")};
    record.access_token = secret{members.text("access_token")};
    record.scopes = members.texts("scopes");
    record.obtained_at = members.time("obtained_at");
    record.expires_at = members.time("expires_at");
    record.granted_at = members.time("granted_at");
    record.no_grant_before = members.time("no_grant_before");
    record.refreshing_since = members.time("refreshing_since");
    record.refusal = members.text("refusal");
    record.refused = members.text("refused");
    record.refused_at = members.time("refused_at");
    record.install = members.text("install");
    record.installs_seen_to = members.exact_time("installs_seen_to_us");
    record.api_base = members.text("api_base");
    record.app = members.text("app");
    record.webhooks = members.webhooks("webhooks");
    why = members.problem();
    return why.empty() ? std::optional{std::move(record)} : std::nullopt;
}

} // namespace outreachd::store
