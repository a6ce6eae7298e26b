#include "daemon/store/wal_mending.hpp"

#include "daemon/store/page_overlay.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/wal_frames.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <limits>
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

/// The pages of the frames on both sides within a transaction, whose pages ascend: 0, and the greatest
/// number, where there is none.
struct neighbours {
    std::uint32_t before = 0;
    std::uint32_t behind = 0;

    bool have_between(std::uint32_t page) const { return before < page && page < behind; }
};

/// Goes through the frames in order, and tells which of them are whole.
class frame_judge {
public:
    explicit frame_judge(const wal_generation& generation)
        : salts_(generation.salts), seeds_(generation.seeds.begin(), generation.seeds.end()) {}

    /// Restores it where that is possible.
    condition judge(wal_frame& frame, const neighbours& beside) {
        const std::vector<wal_checksum> before = std::exchange(seeds_, {frame.stored()});
        const bool is_of_now = frame.salts() == salts_;
        if (is_of_now && holds(frame, before))
            return condition::whole;
        for (const wal_checksum& seed : before) // its checksum may be what is damaged
            if (seeds_.size() < seeds_max)
                seeds_.push_back(frame.computed(seed));
        if (!(is_of_now ? restore(frame, before, beside)
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

    /// The last bytes of both numbers are the uppermost of their words to the checksum, where a flipped bit
    /// of any word of the page does the same to it. For the page's number its order tells, if it is broken:
    /// else the page counts as what it says it is. A size is left as it is.
    static bool restore(wal_frame& frame, const std::vector<wal_checksum>& seeds, const neighbours& beside) {
        constexpr std::size_t last_byte_of_page = 3;
        constexpr std::size_t last_byte_of_size = 7;
        const bool is_in_order = beside.have_between(frame.page());
        for (std::size_t bit = 0; bit < flippable_bits; ++bit) {
            const std::size_t at = bit / 8;
            if (at == last_byte_of_size || (at == last_byte_of_page && is_in_order))
                continue;
            const char found = frame.bytes[at];
            frame.bytes[at] = static_cast<char>(found ^ 1 << bit % 8);
            if (holds(frame, seeds) && (at != last_byte_of_page || beside.have_between(frame.page())))
                return true;
            frame.bytes[at] = found;
        }
        return false;
    }

    const std::string salts_;
    std::vector<wal_checksum> seeds_;
};

/// All frames in order, with what stands beside them.
class frames_in_order {
public:
    explicit frames_in_order(const wal_file& wal) : wal_(wal) {
        if (wal.frames() > 0)
            next_ = wal.read(0);
    }

    struct found {
        wal_frame frame;
        neighbours beside;
    };

    found take() {
        wal_frame frame = std::move(next_);
        if (++at_ < wal_.frames())
            next_ = wal_.read(at_);
        const bool is_last = at_ >= wal_.frames() || frame.committed_pages() != 0;
        const neighbours beside{before_, is_last ? std::numeric_limits<std::uint32_t>::max() : next_.page()};
        before_ = frame.committed_pages() != 0 ? 0 : frame.page();
        return {std::move(frame), beside};
    }

private:
    const wal_file& wal_;
    std::size_t at_ = 0;
    std::uint32_t before_ = 0;
    wal_frame next_;
};

struct diagnosis {
    bool is_damaged = false;
    std::size_t end = 0;             ///< Behind the last commit that counts.
    std::size_t leftovers_end = 0;   ///< Behind the last frame of now, committed or not.
    std::uint32_t pages_at_most = 0; ///< Of the database.
};

/// A broken one that ends a transaction, as far as it can be told.
bool may_be_commit(const wal_frame& broken, const std::string& salts, std::uint32_t pages_so_far,
                   std::size_t frames) {
    const std::uint32_t pages = broken.committed_pages();
    return broken.salts() == salts && pages != 0 && broken.page() > 0 && broken.page() <= pages &&
           pages_so_far > 0 && pages <= pages_so_far + frames;
}

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
    frames_in_order frames(wal);
    for (std::size_t i = 0; i < wal.frames(); ++i) {
        auto [frame, beside] = frames.take();
        if (frame.salts() == generation.salts)
            found.leftovers_end = i + 1;
        const condition what = judge.judge(frame, beside);
        if (what != condition::whole)
            first_damage = std::min(first_damage, i);
        is_broken = is_broken || what == condition::broken;
        if (what == condition::broken && may_be_commit(frame, generation.salts, found.pages_at_most,
                                                       wal.frames())) { // known once another is behind it
            unsure = {i, frame.committed_pages()};
            is_broken = false;
        }
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

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// A file that is written beside another, to take its place once its bytes are on the disk. It goes where it
/// doesn't come to that.
class replacement {
public:
    replacement(std::string path, std::string beside)
        : path_(std::move(path)), beside_(std::move(beside)),
          descriptor_(::open(beside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
        if (descriptor_ < 0)
            fail("can't write " + beside_);
    }

    ~replacement() {
        ::close(descriptor_);
        if (!is_in_place_)
            ::unlink(beside_.c_str());
    }

    replacement(const replacement&) = delete;
    replacement& operator=(const replacement&) = delete;

    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
            if (put < 0)
                fail("can't write " + beside_);
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
    }

    void flush() {
        if (::fsync(descriptor_) != 0)
            fail("can't flush " + beside_);
    }

    void put_in_place() {
        if (::rename(beside_.c_str(), path_.c_str()) != 0)
            fail("can't rename " + beside_);
        is_in_place_ = true;
    }

private:
    std::string path_;
    std::string beside_;
    int descriptor_;
    bool is_in_place_ = false;
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
    frames_in_order frames(found);
    for (std::size_t i = 0; i < what.end; ++i) {
        auto [frame, beside] = frames.take();
        if (judge.judge(frame, beside) == condition::broken) {
            if (!is_worth_keeping(frame, generation.salts, what.pages_at_most))
                continue;
            frame.set_committed_pages(0); // the next commit takes it along
            // An older one would know less pages, and of this one the schema may be damaged.
            if (frame.page() == 1)
                frame.set_content(whole_schema().at(1));
        }
        sum = frame.computed(sum);
        frame.set_stored(sum);
        mended.write(frame.bytes);
    }
}

/// What a commit that a power cut tore has left behind the last whole one. SQLite writes over it from its
/// beginning; what stays of it would look, after another cut, as if the commit before it had been flushed.
/// Nothing is cut where the device didn't give all of it: what looks torn may be whole.
void cut_leftovers(const std::string& wal, const wal_file& found, const wal_generation& generation,
                   const diagnosis& what) {
    if (!generation.is_header_whole || found.has_failed() || what.leftovers_end <= what.end)
        return;
    std::error_code failed; // then it is as it was
    std::filesystem::resize_file(wal, wal_header_bytes + what.end * frame_bytes, failed);
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
    if (!was_begun && !what.is_damaged && !is_empty) {
        cut_leftovers(wal, found, generation, what);
        return false;
    }
    // All that takes room is on the disk before the first name changes.
    replacement mended(wal, database_file + new_wal_suffix);
    write_mended(found, generation, what, mended);
    mended.flush();
    std::optional<replacement> begin;
    if (is_empty) {
        begin.emplace(database_file, database_file + new_database_suffix);
        begin->write(fresh_image());
        begin->flush();
    }
    if (!was_begun && ::rename(wal.c_str(), kept.c_str()) != 0)
        fail("can't rename " + wal);
    if (begin)
        begin->put_in_place();
    mended.put_in_place();
    // Who has the database open elsewhere keeps SQLite from making its index anew.
    ::unlink((database_file + "-shm").c_str());
    return true;
}

} // namespace outreachd::store
