/// Where entries go: the socket of systemd's journal, which may be full, replaced or gone.
#pragma once

#include "daemon/log/patience.hpp"

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace outreachd::log {

/// Sends entries to the journal, a datagram each. The log's thread alone sends, and so owns the socket: it is
/// opened by the first entry, and anew by the next where the journal's end has gone.
///
/// Not by sd_journal_sendv(3): that blocks for ever where journald doesn't read.
class journal_sink {
public:
    journal_sink(std::string path, const patience& waits) noexcept : path_(std::move(path)), waits_(waits) {}

    ~journal_sink() { close(); }

    journal_sink(const journal_sink&) = delete;
    journal_sink& operator=(const journal_sink&) = delete;

    /// Sends an entry of any size. Waits for a journal that doesn't read, until patience ends.
    /// Errors: timed_out where it was given up, else what the kernel said; then the journal hasn't got the
    /// entry.
    std::error_code send(std::string_view entry) noexcept;

private:
    int open() noexcept;
    void close() noexcept;
    int send_datagram(std::string_view bytes, int attached) noexcept;
    int send_entry(std::string_view entry) noexcept;

    std::string path_;
    const patience& waits_;
    int socket_ = -1;
};

} // namespace outreachd::log
