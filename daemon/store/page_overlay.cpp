#include "daemon/store/page_overlay.hpp"

#include "daemon/store/big_endian.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/wal_frames.hpp"

#include <sqlite3.h>

#include <array>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

namespace outreachd::store {

namespace {

/// SQLite's handle of a file, with the real one behind it in the same memory (SQLite's documentation, "The
/// SQLite OS Interface", shims).
struct overlaid_file {
    sqlite3_file head;
    std::shared_ptr<const page_overlay>* pages;
    bool is_wal;
};

/// Of the database that this thread is opening.
thread_local std::shared_ptr<const page_overlay> opening;

overlaid_file& overlaid(sqlite3_file* file) {
    return *reinterpret_cast<overlaid_file*>(file);
}

sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<overlaid_file*>(file) + 1);
}

int close(sqlite3_file* file) {
    delete overlaid(file).pages;
    return real(file)->pMethods->xClose(real(file));
}

/// Which page stands there: SQLite reads whole pages, or a part of the first. Nothing: it reads something
/// else.
std::optional<std::uint32_t> page_at(sqlite3_file* file, std::size_t at) {
    if (!overlaid(file).is_wal)
        return static_cast<std::uint32_t>(at / page_bytes + 1);
    if (at < wal_header_bytes || (at - wal_header_bytes) % frame_bytes != frame_header_bytes)
        return std::nullopt; // a header; or frames whole, to make the index
    std::array<char, 4> number{};
    if (real(file)->pMethods->xRead(real(file), number.data(), number.size(),
                                    static_cast<sqlite3_int64>(at - frame_header_bytes)) != SQLITE_OK)
        return std::nullopt;
    return read_big_endian({number.data(), number.size()}, 0);
}

int read(sqlite3_file* file, void* into, int bytes, sqlite3_int64 at) {
    const auto place = static_cast<std::size_t>(at);
    const std::size_t offset = overlaid(file).is_wal ? 0 : place % page_bytes;
    const auto page = page_at(file, place);
    const auto own = page ? (*overlaid(file).pages)->find(*page) : (*overlaid(file).pages)->end();
    if (own == (*overlaid(file).pages)->end() ||
        offset + static_cast<std::size_t>(bytes) > own->second.size())
        return real(file)->pMethods->xRead(real(file), into, bytes, at);
    std::memcpy(into, own->second.data() + offset, static_cast<std::size_t>(bytes));
    return SQLITE_OK;
}

constexpr sqlite3_io_methods methods = {
    .iVersion = 2, // with shared memory, without memory-mapped files: these would bypass `read`
    .xClose = close,
    .xRead = read,
    .xWrite = [](sqlite3_file* file, const void* from, int bytes,
                 sqlite3_int64 at) { return real(file)->pMethods->xWrite(real(file), from, bytes, at); },
    .xTruncate = [](sqlite3_file* file,
                    sqlite3_int64 size) { return real(file)->pMethods->xTruncate(real(file), size); },
    .xSync = [](sqlite3_file* file, int flags) { return real(file)->pMethods->xSync(real(file), flags); },
    .xFileSize = [](sqlite3_file* file,
                    sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); },
    .xLock = [](sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); },
    .xUnlock = [](sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); },
    .xCheckReservedLock =
        [](sqlite3_file* file, int* is_held) {
            return real(file)->pMethods->xCheckReservedLock(real(file), is_held);
        },
    .xFileControl = [](sqlite3_file* file, int what,
                       void* with) { return real(file)->pMethods->xFileControl(real(file), what, with); },
    .xSectorSize = [](sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); },
    .xDeviceCharacteristics =
        [](sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); },
    .xShmMap =
        [](sqlite3_file* file, int page, int bytes, int may_extend, volatile void** at) {
            return real(file)->pMethods->xShmMap(real(file), page, bytes, may_extend, at);
        },
    .xShmLock = [](sqlite3_file* file, int from, int count,
                   int flags) { return real(file)->pMethods->xShmLock(real(file), from, count, flags); },
    .xShmBarrier = [](sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); },
    .xShmUnmap = [](sqlite3_file* file,
                    int is_deleted) { return real(file)->pMethods->xShmUnmap(real(file), is_deleted); },
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* given) {
    sqlite3_vfs* const base = sqlite3_vfs_find(nullptr);
    if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
        return base->xOpen(base, name, file, flags, given);
    file->pMethods = nullptr;
    const int code = base->xOpen(base, name, real(file), flags, given);
    if (code != SQLITE_OK)
        return code;
    auto* const pages = new (std::nothrow) std::shared_ptr<const page_overlay>(opening);
    if (pages == nullptr) {
        real(file)->pMethods->xClose(real(file));
        return SQLITE_NOMEM;
    }
    overlaid(file).pages = pages;
    overlaid(file).is_wal = (flags & SQLITE_OPEN_WAL) != 0;
    file->pMethods = &methods;
    return SQLITE_OK;
}

const char* overlaying_vfs() {
    start_sqlite();
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs made = *sqlite3_vfs_find(nullptr);
        made.zName = "outreachd-overlay";
        made.szOsFile += static_cast<int>(sizeof(overlaid_file));
        made.pNext = nullptr;
        made.xOpen = open;
        return made;
    }();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    return registered == SQLITE_OK ? vfs.zName : nullptr;
}

} // namespace

page_overlay whole_schema() {
    page_overlay pages;
    for (const std::uint32_t page : schema_pages())
        pages[page] = fresh_image().substr((page - 1) * page_bytes, page_bytes);
    // The size it states isn't this file's: where these two differ SQLite asks the file.
    std::string& header = pages[1];
    header[92] = static_cast<char>(header[24] + 1);
    return pages;
}

std::unique_ptr<database> open_overlaid(const std::string& file, std::shared_ptr<const page_overlay> pages) {
    const char* const vfs = overlaying_vfs();
    if (vfs == nullptr)
        throw std::bad_alloc();

    struct while_opening {
        explicit while_opening(std::shared_ptr<const page_overlay> pages) { opening = std::move(pages); }

        ~while_opening() { opening.reset(); }

        while_opening(const while_opening&) = delete;
        while_opening& operator=(const while_opening&) = delete;
    };

    const while_opening guard(std::move(pages));
    auto opened = std::make_unique<database>(file, open_mode::read, vfs);
    opened->read_number("SELECT count(*) FROM sqlite_schema"); // opens the WAL, too
    return opened;
}

void forget_pages(database& of) {
    sqlite3_db_release_memory(of.handle());
}

} // namespace outreachd::store
