/// `sqlite_reader::guarded`: one read on the file in use, its failure translated.
#pragma once

#include "daemon/store/sqlite_reader.hpp"

namespace outreachd::store {

template <typename Read>
auto sqlite_reader::guarded(bool is_for_dispatch, Read read) -> result<decltype(read())> {
    const std::int64_t before = writer_.file();
    if (is_for_dispatch && writer_.is_carrying())
        return errc::being_carried_over;
    try {
        follow_writer();
        auto found = read();
        // A fresh file taken up meanwhile may lack what isn't carried over yet.
        if (is_for_dispatch && (writer_.file() != before || writer_.is_carrying()))
            return errc::being_carried_over;
        return found;
    } catch (const database_error& failure) {
        close();
        watcher_.read_failed(failure.what());
        writer_.note_failure(file_, failure);
        return errc::store_unavailable;
    }
}

/// A read of one record: it is an error that there is none.
template <typename Record>
result<Record> required(result<std::optional<Record>> found) {
    if (!found)
        return found.error();
    if (!*found)
        return errc::not_found;
    return std::move(**found);
}

} // namespace outreachd::store
