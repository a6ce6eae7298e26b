/// A socket in the journal's place, and a reader of entries that is written by the protocol's description
/// alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::log {

using entry_fields = std::vector<std::pair<std::string, std::string>>;

/// The fields of an entry in their order. Nothing where journald would ignore a part of it.
std::optional<entry_fields> read_entry(std::string_view bytes);

/// The values of all fields of a name.
std::vector<std::string> values_of(const entry_fields& fields, std::string_view name);

/// Binds a socket of systemd's kind and path at the beginning, and keeps what comes until it is asked for.
class journal_under_test {
public:
    struct received {
        std::string entry;
        int seals = 0; ///< Of the file that it came in; 0 where the datagram itself held it.
    };

    journal_under_test();
    ~journal_under_test();
    journal_under_test(const journal_under_test&) = delete;
    journal_under_test& operator=(const journal_under_test&) = delete;

    std::string path() const { return (directory_ / "socket").string(); }

    /// The next datagram. Nothing where none comes within `limit`.
    std::optional<received> next(std::chrono::milliseconds limit = std::chrono::seconds{30});

    /// What has come and wasn't asked for, without waiting.
    std::vector<std::string> rest();

    /// Fills the socket until it takes nothing more from anyone, and says how many entries that took.
    std::size_t fill(std::string_view entry);

    /// No one listens any more; the file stays, as of a journald that was killed.
    void stop_listening();
    /// As `stop_listening`, and without the file.
    void go();
    /// A new socket at the same path.
    void come_back();

private:
    void bind();

    std::filesystem::path directory_;
    int socket_ = -1;
};

} // namespace outreachd::log
