/// Imports of CSV files into Outreach, step by step (contract 10).
#pragma once

#include "daemon/crypto/secret.hpp"
#include "handlers/http_transport.hpp"
#include "handlers/outreach/api_answer.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::outreach {

/// What is imported as what.
struct import_plan {
    std::string plural{};                                        ///< `accounts`, `prospects`
    std::string file_name{};                                     ///< As Outreach shows it.
    std::string dupe_method = "skip";                            ///< skip, missing, overwrite
    std::vector<std::pair<std::string, std::string>> mappings{}; ///< A CSV column, and its field at Outreach.
};

/// Where the file goes to. It is told once.
struct upload_link {
    secret url; ///< Whoever has it may write there.
    std::string storage_key;
};

/// What Outreach found in the file.
struct checked_upload {
    boost::json::value record_count; ///< Text or number: it is sent back as it came.
    std::string records;             ///< The same, for people.
};

struct import_state {
    std::string id{};
    std::string state{};
    std::string error_reason{};
    std::uint64_t total = 0;
    std::uint64_t dupes = 0;
    std::uint64_t failures = 0;

    bool has_ended() const { return state == "finished" || state == "failed"; }

    bool is_clean() const { return state == "finished" && failures == 0; }
};

handlers::outreach::api_request link_request();
/// Nothing where the answer has no link. Accepts both spellings (contract 10.1).
std::optional<upload_link> read_upload_link(std::string_view body);

/// Puts the file there, without our token: the URL itself is the proof. `api_base`: plain HTTP goes to
/// loopback alone, and only where the API is there too. Blocks up to `deadline`. Empty, or what failed,
/// without the URL's query.
std::string upload(handlers::http_transport& transport, const upload_link& to, std::string_view csv,
                   const std::string& api_base, steady_time deadline);

handlers::outreach::api_request check_request(const std::string& storage_key, const std::string& hash);
std::optional<checked_upload> read_checked_upload(std::string_view body);

handlers::outreach::api_request start_request(const import_plan& plan, const std::string& storage_key,
                                              const checked_upload& checked);
handlers::outreach::api_request import_request(const std::string& id);
std::optional<import_state> read_import(std::string_view body);

/// The batches that an import is made of; what failed are their items.
handlers::outreach::api_request import_batches_request(const std::string& id);

/// The hash that Outreach compares: the file's SHA-512, `hex` or `base64` (contract 10.4 doesn't know which);
/// after a `=` it is taken as it is given. Nothing where `form` is none of these.
std::optional<std::string> upload_hash(std::string_view form, std::string_view csv);

} // namespace outreachd::outreach
