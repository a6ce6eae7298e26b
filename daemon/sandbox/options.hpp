/// What can be set about the simulated Outreach.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::sandbox {

/// How webhooks are delivered (contract section 3).
struct delivery_options {
    std::chrono::milliseconds timeout{5'000}; ///< From the attempt's start to the answer's status.
    unsigned attempts = 4;
    std::chrono::milliseconds pause{1'000}; ///< Between two attempts.
    bool retries_timeouts = true;           ///< Contract 3.3 doesn't know: assume that it can be.
    std::chrono::milliseconds dns_suspension{std::chrono::minutes{1}};
    bool suspends_private = false; ///< For a private address; off, since a laptop has no other.
    std::chrono::milliseconds private_suspension{std::chrono::hours{1}};
    std::chrono::milliseconds deactivated_after{std::chrono::hours{7 * 24}}; ///< Without having recovered.
    bool verifies_tls = true;
    std::string ca_file{}; ///< PEM. Empty: the system's.
};

/// Nothing here is a secret: they are credentials of a simulation, and are shown to be copied.
struct options {
    std::string address = "127.0.0.1"; ///< A loopback address.
    std::uint16_t port = 0;            ///< 0: a free one.

    std::string client_id = "sandbox-client";
    std::string client_secret = "sandbox-secret";
    std::vector<std::string> redirect_uris{}; ///< Empty: any.
    bool auto_approve = true;                 ///< Nobody is asked for consent.
    std::string scopes{};                     ///< Of `token` and `refresh_token`. Empty: all there are.
    std::string token{};                      ///< An access token that never expires. Empty: none.
    std::string refresh_token{};              ///< A first one. Empty: none.
    std::chrono::milliseconds access_token_life{std::chrono::hours{2}};
    std::chrono::milliseconds refresh_token_life{std::chrono::hours{14 * 24}};
    std::chrono::milliseconds code_life{std::chrono::minutes{10}};
    std::chrono::milliseconds grant_interval{std::chrono::seconds{60}}; ///< One grant in that time.
    bool keeps_old_refresh_tokens = false; ///< They live on after a rotation, as some have seen it.

    std::string s2s_guid = "5e0c3a52-61c7-4d0f-9a34-88b1f2d7c410";
    std::vector<std::string> s2s_public_keys{};                   ///< RSA, PEM. Empty: any key is taken.
    std::string install = "0d7e4f64-6f0d-4a1b-9e5a-3f2d1c0b9a28"; ///< An install that is there at start.
    std::chrono::milliseconds s2s_token_life{std::chrono::hours{1}};
    std::chrono::milliseconds setup_token_life{std::chrono::minutes{15}};

    std::uint64_t limit = 10'000; ///< Requests of one user in `limit_window`.
    std::chrono::milliseconds limit_window{std::chrono::hours{1}};
    std::size_t page_size = 50;

    delivery_options delivery{};
    bool star_covers_special = true; ///< Action `*` of a webhook; contract 4.3 doesn't know.

    std::chrono::milliseconds work_delay{50}; ///< Before each step of what goes on by itself: batches, mail.
    std::chrono::milliseconds count_delay{
        0}; ///< Until a batch that was `pending` waits for its confirmation.
    std::uint64_t confirmed_count_from = 100; ///< A batch of that many wants its count confirmed.
    std::string import_hash_key{};            ///< Empty: plain SHA-512, else HMAC-SHA512 (contract 10.4).

    bool is_empty = false; ///< Without the demo records; the user is there all the same.
};

/// An IPv4 or IPv6 address that only this machine reaches.
bool is_loopback(std::string_view address);

} // namespace outreachd::sandbox
