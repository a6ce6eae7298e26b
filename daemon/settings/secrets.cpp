#include "daemon/settings/secrets.hpp"

#include "daemon/settings/bounded_file.hpp"
#include "daemon/settings/environment.hpp"
#include "daemon/settings/section_reader.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace outreachd::settings {

namespace {

void unreadable(const value_ref& value, const std::string& message) {
    value.found.unreadable_secret(value.key, value.node.where, message);
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// The rules for any secret, wherever it came from; `source` is how messages call it.
std::optional<secret> accept(const value_ref& value, std::string text, const std::string& source) {
    if (text.empty()) {
        value.error(source + " is empty");
        return std::nullopt;
    }
    if (is_blank(text.front()) || is_blank(text.back()))
        value.warning(source + " begins or ends with white space, which counts as part of it");
    return secret{std::move(text)};
}

std::optional<secret> read_inline(const value_ref& value, bool (*is_harmless)(std::string_view text)) {
    auto read = read_scalar(value, "a secret");
    if (!read)
        return std::nullopt;
    const bool is_warned_of = is_harmless == nullptr || !is_harmless(read->text);
    if (!read->from_environment && !read->text.empty() && is_warned_of)
        value.warning("a secret stands in the file itself; {file: PATH} or {credential: NAME} keeps it out");
    return accept(value, std::move(read->text), "the secret");
}

std::optional<secret> read_variable(const value_ref& value) {
    const auto name = read_text(value);
    if (!name)
        return std::nullopt;
    // What is no name may be the secret itself, put where its name belongs: it is not repeated.
    if (!is_variable_name(*name)) {
        value.error("what stands here is no name of an environment variable: letters, digits and '_'");
        return std::nullopt;
    }
    const char* const text = std::getenv(name->c_str());
    if (text == nullptr) {
        unreadable(value, "the environment variable " + in_quotes(*name) + " is not set");
        return std::nullopt;
    }
    return accept(value, text, "the environment variable " + in_quotes(*name));
}

/// Nothing, and says why, where there is none. What names it may be the secret itself, put where the name
/// belongs: as long as no such file is read, messages have `called` for it.
std::optional<file_contents> read_contents(const value_ref& value, const std::string& path,
                                           const std::string& called) {
    file_contents contents = read_file(path, secret_bytes_max, file_kind::regular);
    if (contents.problem.empty())
        return contents;
    unreadable(value,
               "can't read " + called + contents.problem.substr(("can't read " + in_quotes(path)).size()));
    return std::nullopt;
}

/// Editors and `echo` end a file with a newline that was never part of the secret.
std::string without_newline(std::string text) {
    if (text.ends_with('\n')) {
        text.pop_back();
        if (text.ends_with('\r'))
            text.pop_back();
    }
    return text;
}

std::optional<secret> read_credential(const value_ref& value) {
    const auto name = read_text(value);
    if (!name)
        return std::nullopt;
    if (name->find('/') != std::string::npos || *name == "." || *name == "..") {
        value.error("a credential's name holds no '/'; for a path write {file: PATH}");
        return std::nullopt;
    }
    const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
    if (directory == nullptr || *directory == '\0') {
        unreadable(value, "a credential comes from systemd, by LoadCredential= in the unit, and "
                          "$CREDENTIALS_DIRECTORY is not set here");
        return std::nullopt;
    }
    auto contents = read_contents(value, std::string{directory} + "/" + *name,
                                  "the credential of that name in " + in_quotes(directory));
    if (!contents)
        return std::nullopt;
    return accept(value, without_newline(std::move(contents->text)), "the credential " + in_quotes(*name));
}

} // namespace

std::optional<secret> read_secret_file(const value_ref& value) {
    const auto path = read_text(value);
    if (!path)
        return std::nullopt;
    const bool is_path = path->starts_with('/') || path->starts_with('.');
    auto contents = read_contents(value, *path, is_path ? in_quotes(*path) : "the file of that name");
    if (!contents)
        return std::nullopt;
    if (contents->is_open_to_others) {
        char mode[8];
        std::snprintf(mode, sizeof mode, "%04o", contents->mode);
        value.warning("every user of this machine can read or change " + in_quotes(*path) + " (mode " + mode +
                      "); chmod o-rwx it");
    }
    return accept(value, without_newline(std::move(contents->text)), "the file " + in_quotes(*path));
}

std::optional<secret> read_secret(const value_ref& value, bool (*is_harmless)(std::string_view text)) {
    if (value.node.type != yaml_node::kind::map) {
        if (value.node.type == yaml_node::kind::sequence) {
            value.error(
                "should be one secret, a string, {env: NAME}, {file: PATH} or {credential: NAME}, and is a "
                "list");
            return std::nullopt;
        }
        return read_inline(value, is_harmless);
    }
    const section_reader source{value, known::secret};
    const auto variable = source.find("env");
    const auto file = source.find("file");
    const auto credential = source.find("credential");
    const int given = int{variable.has_value()} + int{file.has_value()} + int{credential.has_value()};
    if (given != 1) {
        // An unknown key was said already, and is likely what was meant.
        if (value.found.is_sound(value.key))
            value.error("needs exactly one of env, file and credential");
        return std::nullopt;
    }
    return variable ? read_variable(*variable)
           : file   ? read_secret_file(*file)
                    : read_credential(*credential);
}

} // namespace outreachd::settings
