/// The one closed set of errors that happen in a healthy deployment.
///
/// A foreign code (Asio, SQLite, OpenSSL) is translated to one of these in the file that called the
/// library; the original text goes into the log. Callers branch on the code, never on text.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <type_traits>

namespace outreachd {

enum class errc {
    // Requests.
    malformed_http = 1,  ///< The bytes are not unambiguous HTTP/1.1.
    head_too_large,      ///< The request line and headers are over `limits.headers`.
    body_too_large,      ///< The body is over `limits.body`.
    signature_missing,   ///< No signature header, and the endpoint asks for one.
    signature_malformed, ///< The signature is not 64 hexadecimal digits, or stands there twice.
    signature_mismatch,  ///< The signature has the right form and fits none of the secrets.
    // Storing.
    store_unavailable, ///< The store can't be read or written now: disk full, I/O error, no descriptor left.
    deadline_passed,   ///< Not done within the time the caller gave.
    // Reading back.
    not_found,          ///< No such record.
    damaged,            ///< The record is there, and its checksum doesn't hold.
    being_carried_over, ///< What isn't finished is still being carried over from an older file.
    // Life.
    stopping, ///< The daemon is stopping and takes nothing new.
};

/// True where the same request may succeed later without anybody changing anything.
bool is_transient(errc value) noexcept;

const boost::system::error_category& outreachd_category() noexcept;
boost::system::error_code make_error_code(errc value) noexcept;

using boost::system::error_code;

template <typename T>
using result = boost::system::result<T>;

} // namespace outreachd

template <>
struct boost::system::is_error_code_enum<outreachd::errc> : std::true_type {};
