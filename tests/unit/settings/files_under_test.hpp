/// Files, variables and certificates for tests of the configuration.
#pragma once

#include "daemon/settings/load_settings.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::settings::test {

/// A folder that is gone with the test.
class temporary_folder {
public:
    temporary_folder();
    ~temporary_folder();
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;

    std::string path(std::string_view name) const { return (path_ / name).string(); }

    /// Writes a file, readable by its owner, and gives its path.
    std::string write(std::string_view name, std::string_view text) const;

private:
    std::filesystem::path path_;
};

/// An environment variable that is set while this lives, and not set before and after.
class variable {
public:
    variable(std::string name, const std::string& value);
    ~variable();
    variable(const variable&) = delete;
    variable& operator=(const variable&) = delete;

private:
    std::string name_;
};

struct certificate {
    std::string pem;
    std::string key_pem;
};

enum class validity { now, over, to_come };

/// A self-signed one on P-256; with `is_weak` on RSA with 512 bits.
certificate make_certificate(validity when = validity::now, bool is_weak = false);
/// The key with a passphrase.
std::string with_passphrase(const certificate& of);

std::string read_whole(const std::string& path);

/// `LINE:COLUMN: message` for each.
std::vector<std::string> lines_of(const std::vector<problem>& found);

/// jq itself, as `serve` and `check` ask it.
expression_check with_jq();

/// What is needed around any other section.
inline constexpr std::string_view least = "listen: {address: 127.0.0.1, tls: off}\n"
                                          "endpoints: [{path: /w, unsigned: accept}]\n";

} // namespace outreachd::settings::test
