#include "daemon/sandbox/scopes.hpp"

#include "daemon/sandbox/query.hpp"
#include "daemon/sandbox/resource_type.hpp"

#include <algorithm>
#include <array>

namespace outreachd::sandbox {

namespace {

/// Resources that a client may well ask for, and that the sandbox has no records of.
constexpr std::array others{"auditLogs", "callDispositions", "callPurposes",   "customObjects",
                            "duties",    "emailAddresses",   "kaiaRecordings", "opportunityProspectRoles",
                            "personas",  "phoneNumbers",     "profiles",       "roles",
                            "teams"};

bool is_resource(std::string_view name) {
    return find_plural(name) != nullptr || std::ranges::find(others, name) != others.end();
}

} // namespace

bool allows(const scope_set& scopes, std::string_view resource, std::string_view level) {
    const std::string prefix = std::string{resource} + '.';
    return scopes.contains(prefix + std::string{level}) || scopes.contains(prefix + "all");
}

scope_set read_scopes(std::string_view text) {
    scope_set read;
    for (std::string& each : split(text, ' ')) {
        if (!each.empty())
            read.insert(std::move(each));
    }
    return read;
}

std::string scope_text(const scope_set& scopes) {
    std::string text;
    for (const std::string& each : scopes)
        text += (text.empty() ? "" : " ") + each;
    return text;
}

std::string unknown_scope(const scope_set& scopes) {
    for (const std::string& each : scopes) {
        const std::size_t dot = each.find('.');
        const std::string level = dot == std::string::npos ? "" : each.substr(dot + 1);
        const bool is_level = level == "read" || level == "write" || level == "delete" || level == "all";
        if (!is_level || !is_resource(std::string_view{each}.substr(0, dot)))
            return each;
    }
    return {};
}

scope_set all_scopes() {
    scope_set all;
    for (const resource_type& each : resource_types())
        all.insert(std::string{each.plural} + ".all");
    return all;
}

scope_set s2s_scopes() {
    scope_set all;
    for (const char* const each : {"accounts", "calls", "opportunities", "prospects", "sequenceStates",
                                   "sequences", "tasks", "webhooks"})
        all.insert(std::string{each} + ".all");
    for (const char* const each : {"events", "imports"})
        all.insert({std::string{each} + ".read", std::string{each} + ".write"});
    for (const char* const each :
         {"auditLogs", "kaiaRecordings", "mailings", "snippets", "templates", "users"})
        all.insert(std::string{each} + ".read");
    return all;
}

} // namespace outreachd::sandbox
