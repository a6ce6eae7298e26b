#include "daemon/store/wal_mending.hpp"

#include "daemon/store/page_overlay.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/wal_frames.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace outreachd::store {

namespace {

enum class condition {
    whole,
    restored, ///< Its salts, or one other bit of its header: it is known how it was.
    broken,
};

/// Goes through the frames in order, and tells which of them are whole.
class frame_judge {
public:
    explicit frame_judge(const wal_generation& generation)
        : salts_(generation.salts), seeds_(generation.seeds.begin(), generation.seeds.end()) {}

    /// Restores it where that is possible.
    condition judge(wal_frame& frame) {
        const std::vector<wal_checksum> before = std::exchange(seeds_, {frame.stored()});
        const bool is_of_now = frame.salts() == salts_;
        if (is_of_now && holds(frame, before))
            return condition::whole;
        for (const wal_checksum& seed : before) // its checksum may be what is damaged
            if (seeds_.size() < seeds_max)
                seeds_.push_back(frame.computed(seed));
        if (!(is_of_now ? restore(frame, before)
                        : holds(frame, before) && differ_in_one_bit(frame.salts(), salts_)))
            return condition::broken;
        seeds_ = {frame.stored()};
        frame.set_salts(salts_);
        return condition::restored;
    }

private:
    static constexpr std::size_t seeds_max = 3;
    static constexpr std::size_t flippable_bits = 64; // page and size; the salts aren't in the checksum

    static bool holds(const wal_frame& frame, const std::vector<wal_checksum>& seeds) {
        return std::any_of(seeds.begin(), seeds.end(),
                           [&](const wal_checksum& seed) { return frame.computed(seed) == frame.stored(); });
    }

    /// Those of an earlier round differ in a random half, too.
    static bool differ_in_one_bit(std::string_view one, std::string_view other) {
        int bits = 0;
        for (std::size_t i = 0; i < one.size(); ++i)
            bits += std::popcount(static_cast<unsigned char>(one[i] ^ other[i]));
        return bits == 1;
    }

    static bool restore(wal_frame& frame, const std::vector<wal_checksum>& seeds) {
        for (std::size_t bit = 0; bit < flippable_bits; ++bit) {
            char& byte = frame.bytes[bit / 8];
            const char flip = static_cast<char>(1 << bit % 8);
            byte = static_cast<char>(byte ^ flip);
            if (holds(frame, seeds))
                return true;
            byte = static_cast<char>(byte ^ flip);
        }
        return false;
    }

    const std::string salts_;
    std::vector<wal_checksum> seeds_;
};

struct diagnosis {
    bool is_damaged = false;
    std::size_t end = 0;             ///< Behind the last commit that counts.
    std::uint32_t pages_at_most = 0; ///< Of the database.
};

diagnosis diagnose(const wal_file& wal, const wal_generation& generation) {
    diagnosis found;
    if (generation.salts.empty())
        return found;

    struct commit {
        std::size_t frame;
        std::uint32_t pages;
    };

    const auto count = [&found](const commit& one) {
        found.end = one.frame + 1;
        found.pages_at_most = std::max(found.pages_at_most, one.pages);
    };
    frame_judge judge(generation);
    std::size_t first_damage = generation.is_header_whole ? wal.frames() : 0;
    bool is_broken = false;       // the transaction that is being read
    std::optional<commit> unsure; // of a broken one: whether it was flushed
    for (std::size_t i = 0; i < wal.frames(); ++i) {
        wal_frame frame = wal.read(i);
        const condition what = judge.judge(frame);
        if (what != condition::whole)
            first_damage = std::min(first_damage, i);
        is_broken = is_broken || what == condition::broken;
        if (what == condition::broken || frame.committed_pages() == 0)
            continue;
        // Nobody commits before the last commit was flushed.
        if (unsure)
            count(*std::exchange(unsure, std::nullopt));
        if (std::exchange(is_broken, false))
            unsure = {i, frame.committed_pages()};
        else
            count({i, frame.committed_pages()});
    }
    found.is_damaged = first_damage < found.end;
    return found;
}

/// A file that is written beside another, and then is in its place, durably.
class replacement {
public:
    replacement(std::string path, std::string beside)
        : path_(std::move(path)), beside_(std::move(beside)),
          descriptor_(::open(beside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
        if (descriptor_ < 0)
            fail();
    }

    ~replacement() { ::close(descriptor_); }

    replacement(const replacement&) = delete;
    replacement& operator=(const replacement&) = delete;

    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
            if (put < 0)
                fail();
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
    }

    void put_in_place() {
        if (::fsync(descriptor_) != 0 || ::rename(beside_.c_str(), path_.c_str()) != 0)
            fail();
    }

private:
    [[noreturn]] void fail() const {
        throw std::system_error(errno, std::generic_category(), "can't write " + beside_);
    }

    std::string path_;
    std::string beside_;
    int descriptor_;
};

/// False: it can't be said which page it is, so an older state of that has to do.
bool is_worth_keeping(const wal_frame& broken, const std::string& salts, std::uint32_t pages_at_most) {
    return broken.salts() == salts && broken.page() > 0 && broken.page() <= pages_at_most;
}

void write_mended(const wal_file& found, const wal_generation& generation, const diagnosis& what,
                  replacement& mended) {
    frame_judge judge(generation);
    const std::string header = make_wal_header(generation.salts);
    mended.write(header);
    wal_checksum sum = stored_in_header(header);
    for (std::size_t i = 0; i < what.end; ++i) {
        wal_frame frame = found.read(i);
        if (judge.judge(frame) == condition::broken) {
            if (!is_worth_keeping(frame, generation.salts, what.pages_at_most))
                continue;
            frame.set_committed_pages(0); // the next commit takes it along
            if (frame.page() ==
                1) // an older one would know less pages, and of this one the schema may be damaged
                frame.set_content(whole_schema().at(1));
        }
        sum = frame.computed(sum);
        frame.set_stored(sum);
        mended.write(frame.bytes);
    }
}

void rename_file(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0)
        throw std::system_error(errno, std::generic_category(), "can't rename " + from);
}

} // namespace

bool mend_wal(const std::string& database_file) {
    const std::string wal = database_file + "-wal";
    const std::string kept = database_file + damaged_wal_suffix;
    const bool was_begun = std::filesystem::exists(kept);
    if (was_begun && std::filesystem::exists(wal))
        return true;
    const wal_file found(was_begun ? kept : wal);
    const wal_generation generation = generation_of(found);
    const diagnosis what = diagnose(found, generation);
    // SQLite removes the WAL of an empty database at the first look.
    std::error_code failed;
    const bool is_empty = what.end > 0 && std::filesystem::file_size(database_file, failed) < page_bytes;
    if (!was_begun && !what.is_damaged && !is_empty)
        return false;
    if (is_empty) {
        replacement begin(database_file, database_file + new_wal_suffix);
        begin.write(fresh_image());
        begin.put_in_place();
    }
    if (!was_begun)
        rename_file(wal, kept);
    replacement mended(wal, database_file + new_wal_suffix);
    write_mended(found, generation, what, mended);
    mended.put_in_place();
    // Who has the database open elsewhere keeps SQLite from making its index anew.
    ::unlink((database_file + "-shm").c_str());
    return true;
}

} // namespace outreachd::store
