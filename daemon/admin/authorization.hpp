/// Who may ask the admin server for what.
#pragma once

#include "daemon/admin/message.hpp"
#include "daemon/crypto/digest.hpp"
#include "daemon/crypto/secret.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::admin {

/// Host names and the token, as configured. Immutable; any thread.
///
/// The Host check stops pages of other origins whose name was rebound to our address: a browser then
/// sends their name, which isn't one of ours.
class authorization {
public:
    /// `address` as configured; `hosts` are further names that are taken.
    authorization(const std::string& address, const std::vector<std::string>& hosts, const secret& token);

    /// The refusal, where there is one. What a path needs: `/api` and the dashboard, which holds no data, a
    /// Host that is ours; `/api` and `/metrics` the token, where one is set.
    std::optional<response> refuse(const request& asked) const;

    /// Whether no token is set, or the request has it. Constant time in the token's bytes.
    bool has_token(const request& asked) const noexcept;

private:
    bool is_our_host(const request& asked) const;

    std::vector<std::string> names_; ///< In lower case, without port and brackets.
    std::optional<digest> token_;
};

/// The name in a Host header: in lower case, without port, brackets and a dot at the end. Empty where
/// it is malformed.
std::string host_name(std::string_view header);

} // namespace outreachd::admin
