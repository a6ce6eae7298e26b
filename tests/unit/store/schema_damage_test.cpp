/// A bit flips where every file says what it is and where its tables lie.
#include "daemon/store/database.hpp"
#include "daemon/store/page_overlay.hpp"
#include "daemon/store/schema.hpp"
#include "tests/unit/store/damaged_store.hpp"

#include <gtest/gtest.h>

namespace outreachd::store {
namespace {

class DamagedSchema : public DamagedStoreFiles {};

TEST_F(DamagedSchema, LiesWhereThatOfAFreshFileLies) {
    fill(300);
    database look(file(), open_mode::read);
    EXPECT_TRUE(has_whole_schema(look));
    const std::string bytes = read_file(file());
    for (const std::uint32_t page : schema_pages()) {
        if (page != 1) {
            const std::size_t at = (page - 1) * page_bytes;
            EXPECT_EQ(bytes.substr(at, page_bytes), fresh_image().substr(at, page_bytes)) << page;
        }
    }
    EXPECT_GT(schema_pages().size(), 1U);
}

TEST_F(DamagedSchema, HidesNoEventAndPreventsNoStart) {
    constexpr int count = 20;
    fill(count);
    const std::string whole = read_file(file());
    std::vector<std::size_t> places;
    for (std::size_t at = 0; at < 100; at += 3)
        places.push_back(at);
    for (const std::uint32_t page : schema_pages())
        for (std::size_t at = page == 1 ? 100 : 0; at < page_bytes; at += 331)
            places.push_back((page - 1) * page_bytes + at);
    for (const std::size_t at : places) {
        SCOPED_TRACE("byte " + std::to_string(at));
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 1 << at % 8);
        start_from(damaged);
        store opened(options{.directory = directory_.path()}, observer_);
        EXPECT_TRUE(eventually([&] { return ids_in(opened).size() == count; })) << ids_in(opened).size();
        EXPECT_FALSE(append(opened, task_body(1000)).ec);
        EXPECT_EQ(opened.accounts().unaccounted(), 0);
    }
}

/// A whole page that the device gives back as nothing.
TEST_F(DamagedSchema, MayBeGoneAltogether) {
    constexpr int count = 50;
    fill(count);
    const std::string whole = read_file(file());
    for (const std::uint32_t page : schema_pages()) {
        SCOPED_TRACE("page " + std::to_string(page));
        std::string damaged = whole;
        damaged.replace((page - 1) * page_bytes, page_bytes, std::string(page_bytes, '\0'));
        start_from(damaged);
        store opened(options{.directory = directory_.path()}, observer_);
        EXPECT_TRUE(observer_.has("set_aside"));
        EXPECT_TRUE(eventually([&] { return ids_in(opened).size() == count; })) << ids_in(opened).size();
        EXPECT_EQ(opened.accounts().done, count / 2) << "what was done stays done";
        EXPECT_EQ(opened.accounts().pending, count / 2);
    }
}

TEST_F(DamagedSchema, IsNotTakenForANewerOnesByOneFlippedBit) {
    fill(5);
    std::string bytes = read_file(file());
    bytes[63] = static_cast<char>(bytes[63] ^ 2); // `user_version`: 3
    start_from(bytes);
    store opened(options{.directory = directory_.path()}, observer_);
    EXPECT_TRUE(observer_.has("set_aside"));
    EXPECT_TRUE(eventually([&] { return ids_in(opened).size() == 5; }));
}

} // namespace
} // namespace outreachd::store
