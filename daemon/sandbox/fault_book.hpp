/// What shall go wrong with coming requests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::sandbox {

enum class fault_kind {
    none,      ///< Only `delay`.
    answer,    ///< The answer given here, instead of the true one.
    reset,     ///< The connection is reset.
    truncate,  ///< The true answer with half its body, as if that were all.
    break_off, ///< The true answer's head, half its body, and the connection's end.
};

/// Applies to the next `times` requests that match, after `skip` that do.
struct fault {
    std::string method{}; ///< Empty: any.
    std::string path{};   ///< A glob: `*` is any text. Empty: any path but the sandbox's own.
    std::uint64_t times = 1;
    std::uint64_t skip = 0;
    fault_kind kind = fault_kind::none;
    bool carries_out = false; ///< The request is done all the same, and its true answer lost.
    std::chrono::milliseconds delay{0};
    unsigned status = 500;
    std::vector<std::pair<std::string, std::string>> headers{}; ///< `Content-Type` too.
    std::string body{};
    std::size_t body_bytes = 0; ///< `body` is filled up with `x` to that size.

    /// Whether the request has to be done for what is answered.
    bool needs_answer() const noexcept {
        return carries_out || (kind != fault_kind::answer && kind != fault_kind::reset);
    }
};

/// One thread.
class fault_book {
public:
    void add(fault what) { faults_.push_back(std::move(what)); }

    void clear() noexcept { faults_.clear(); }

    /// Those that are left.
    const std::list<fault>& all() const noexcept { return faults_; }

    /// The first that applies, and counts it.
    std::optional<fault> take(std::string_view method, std::string_view path);

private:
    std::list<fault> faults_;
};

/// Whether `text` is what `glob` describes.
bool matches_glob(std::string_view glob, std::string_view text) noexcept;

} // namespace outreachd::sandbox
