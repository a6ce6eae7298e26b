#include "daemon/store/wal_mending.hpp"

#include "daemon/store/page_overlay.hpp"
#include "daemon/store/replace_file.hpp"
#include "daemon/store/wal_frames.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <vector>

namespace outreachd::store {

namespace {

/// Goes through the frames in order, and tells which of them are whole.
class frame_judge {
public:
    explicit frame_judge(wal_generation generation)
        : generation_(std::move(generation)), seeds_(generation_.seeds.begin(), generation_.seeds.end()) {}

    bool is_whole(const wal_frame& frame) {
        before_ = seeds_;
        const bool is_found = frame.salts() == generation_.salts && holds(frame);
        seeds_ = {frame.stored()};
        if (!is_found) // its checksum may be what is damaged
            for (const wal_checksum& seed : before_)
                if (seeds_.size() < seeds_max)
                    seeds_.push_back(frame.computed(seed));
        return is_found;
    }

    /// The damaged frame that was judged last, as it was, where no more than its salts or one other bit of
    /// its header is damaged.
    std::optional<wal_frame> with_its_header_mended(const wal_frame& frame) const {
        wal_frame tried = frame;
        if (holds(tried)) // then it is the salts
            return tried;
        for (std::size_t bit = 0; bit < flippable_bits; ++bit) {
            char& byte = tried.bytes[bit / 8];
            const char flip = static_cast<char>(1 << bit % 8);
            byte = static_cast<char>(byte ^ flip);
            if (holds(tried))
                return tried;
            byte = static_cast<char>(byte ^ flip);
        }
        return std::nullopt;
    }

    const std::string& salts() const noexcept { return generation_.salts; }

private:
    bool holds(const wal_frame& frame) const {
        return std::any_of(before_.begin(), before_.end(),
                           [&](const wal_checksum& seed) { return frame.computed(seed) == frame.stored(); });
    }

    static constexpr std::size_t seeds_max = 3;
    static constexpr std::size_t flippable_bits = 64; // page and size; the salts aren't in the checksum

    const wal_generation generation_;
    std::vector<wal_checksum> seeds_;
    std::vector<wal_checksum> before_;
};

struct diagnosis {
    bool is_damaged = false;         ///< A whole commit stands behind a damaged place.
    std::size_t last_commit = 0;     ///< Whole; the frame's number.
    std::uint32_t pages_at_most = 0; ///< Of the database.
};

diagnosis diagnose(const wal_file& wal) {
    diagnosis found;
    if (wal.frames() == 0)
        return found;
    frame_judge judge(generation_of(wal));
    const wal_generation generation = generation_of(wal);
    bool has_broken = generation.seeds[0] != generation.seeds[1]; // SQLite leaves out everything then
    for (std::size_t i = 0; i < wal.frames(); ++i) {
        const wal_frame frame = wal.read(i);
        if (!judge.is_whole(frame)) {
            has_broken = true;
        } else if (frame.committed_pages() != 0) {
            found.is_damaged = found.is_damaged || has_broken;
            found.last_commit = i;
            found.pages_at_most = std::max(found.pages_at_most, frame.committed_pages());
        }
    }
    return found;
}

void replace(const std::string& path, const std::string& bytes) {
    if (const std::string problem = replace_file(path, bytes, endurance::power_cut); !problem.empty())
        throw std::runtime_error(problem);
}

std::string all_bytes(const wal_file& of) {
    std::string bytes = of.header();
    for (std::size_t i = 0; i < of.frames(); ++i)
        bytes += of.read(i).bytes;
    return bytes;
}

/// Nothing where it can't be said which page it is.
std::optional<wal_frame> worth_keeping(const wal_frame& damaged, const frame_judge& judge,
                                       std::uint32_t pages_at_most) {
    if (auto mended = judge.with_its_header_mended(damaged))
        return mended;
    if (damaged.salts() != judge.salts() || damaged.page() == 0 || damaged.page() > pages_at_most)
        return std::nullopt;
    wal_frame kept = damaged;
    kept.set_committed_pages(0);
    if (kept.page() == 1) // an older one would know less pages, this one's schema may be what is damaged
        kept.set_content(whole_schema().at(1));
    return kept;
}

std::string mended_bytes(const wal_file& found, const diagnosis& what) {
    frame_judge judge(generation_of(found));
    std::string mended = make_wal_header(judge.salts());
    wal_checksum sum = stored_in_header(mended);
    for (std::size_t i = 0; i <= what.last_commit; ++i) {
        const wal_frame frame = found.read(i);
        auto kept =
            judge.is_whole(frame) ? std::optional{frame} : worth_keeping(frame, judge, what.pages_at_most);
        if (!kept)
            continue;
        kept->set_salts(judge.salts());
        sum = kept->computed(sum);
        kept->set_stored(sum);
        mended += kept->bytes;
    }
    return mended;
}

} // namespace

bool mend_wal(const std::string& database_file) {
    const std::string wal = database_file + "-wal";
    const std::string kept = database_file + damaged_wal_suffix;
    const wal_file found(wal);
    const diagnosis what = diagnose(found);
    if (!what.is_damaged)
        return std::filesystem::exists(kept);
    replace(kept, all_bytes(found));
    replace(wal, mended_bytes(found, what));
    return true;
}

} // namespace outreachd::store
