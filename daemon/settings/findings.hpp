/// What reading a configuration finds: its problems, and where each key stands.
#pragma once

#include "daemon/settings/load_settings.hpp"
#include "daemon/settings/yaml_document.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::settings {

/// Text from the file for a message: in single quotes, control characters escaped, cut at 60 bytes.
std::string in_quotes(std::string_view text);

/// Collects what is wrong while a file is read, so that all of it can be said in one go. Keys are
/// written in full, as in `listen.tls.certificate` and `endpoints[0].path`; the file itself is "".
class findings {
public:
    explicit findings(expression_check check = {}) : check_{std::move(check)} {}

    /// Why a jq program can't be used; nothing where it can, or where nobody can say.
    std::optional<std::string> refuse_program(const std::string& program) const {
        return check_ ? check_(program) : std::nullopt;
    }

    /// Notes where a key's value stands.
    void place(const std::string& key, position where) { places_.insert_or_assign(key, where); }

    void error(const std::string& key, position where, std::string_view message);
    /// A value that isn't understood at all: what else is wrong at its place follows from that, and isn't
    /// said.
    void refused(const yaml_problem& what);
    /// One that `check`, run by somebody else than the service, may see without cause.
    void unreadable_secret(const std::string& key, position where, std::string_view message);
    void warning(const std::string& key, position where, std::string_view message);

    /// The place of a key's value; where it isn't given, of the nearest section around it.
    position where(std::string_view key) const;

    bool is_given(std::string_view key) const { return places_.find(key) != places_.end(); }

    /// True where neither the key nor anything in it has an error.
    bool is_sound(const std::string& key) const;

    /// In the order of the file, repeats left out (an alias's mistake is found at each use of it).
    std::vector<problem> errors() const;
    std::vector<problem> warnings() const;

private:
    expression_check check_;
    std::map<std::string, position, std::less<>> places_;
    std::set<std::string, std::less<>> broken_;
    std::set<position> refused_;
    std::vector<problem> errors_;
    std::vector<problem> warnings_;
};

} // namespace outreachd::settings
