/// What the chunk reader takes, gives and leaves. Which bodies are refused at all is in
/// wire_requests_test.
#include "daemon/ingress/framing.hpp"

#include <gtest/gtest.h>

namespace outreachd::ingress {
namespace {

using chunk_state = chunk_reader::state;

struct decoded {
    chunk_state verdict = chunk_state::incomplete;
    errc code{};
    std::string body;
    std::string left;
};

decoded decode(std::string_view bytes, std::uint64_t body_bytes_max = 1000,
               std::size_t trailer_bytes_max = 100) {
    chunk_reader reader{body_bytes_max, trailer_bytes_max};
    decoded result;
    result.verdict = reader.read(bytes, result.body);
    result.code = reader.refusal().code;
    result.left = bytes;
    return result;
}

TEST(ChunkReader, PutsTheChunksTogether) {
    const decoded result = decode("5\r\nhello\r\n1\r\n \r\n00b\r\nwor\r\n0\r\n\r\nd\r\n0\r\n\r\n");
    EXPECT_EQ(result.verdict, chunk_state::complete);
    EXPECT_EQ(result.body, "hello wor\r\n0\r\n\r\nd");
    EXPECT_EQ(result.left, "");
}

TEST(ChunkReader, LeavesTheNextRequestAlone) {
    const decoded result = decode("0\r\nX: y\r\n\r\nPOST / HTTP/1.1\r\n");
    EXPECT_EQ(result.verdict, chunk_state::complete);
    EXPECT_EQ(result.body, "");
    EXPECT_EQ(result.left, "POST / HTTP/1.1\r\n");
}

TEST(ChunkReader, TakesNothingMoreOnceItIsDone) {
    chunk_reader reader{10, 10};
    std::string body;
    std::string_view bytes = "0\r\n\r\n";
    ASSERT_EQ(reader.read(bytes, body), chunk_state::complete);
    bytes = "1\r\na\r\n";
    EXPECT_EQ(reader.read(bytes, body), chunk_state::complete);
    EXPECT_EQ(bytes, "1\r\na\r\n");
    EXPECT_EQ(body, "");
}

TEST(ChunkReader, KeepsItsRefusal) {
    chunk_reader reader{10, 10};
    std::string body;
    std::string_view bytes = "x";
    ASSERT_EQ(reader.read(bytes, body), chunk_state::refused);
    bytes = "0\r\n\r\n";
    EXPECT_EQ(reader.read(bytes, body), chunk_state::refused);
    EXPECT_EQ(reader.refusal().code, errc::malformed_http);
}

TEST(ChunkReader, AppendsToWhatTheBodyHas) {
    chunk_reader reader{10, 10};
    std::string body = "before ";
    std::string_view bytes = "1\r\na\r\n0\r\n\r\n";
    ASSERT_EQ(reader.read(bytes, body), chunk_state::complete);
    EXPECT_EQ(body, "before a");
}

TEST(ChunkReader, IsIncompleteAtEveryCut) {
    const std::string whole = "3;a=\"b\"\r\nabc\r\n0;x\r\nX-A: b\r\n\r\n";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const decoded result = decode(std::string_view{whole}.substr(0, size));
        EXPECT_EQ(result.verdict, chunk_state::incomplete) << size;
        EXPECT_EQ(result.left, "") << size;
    }
    EXPECT_EQ(decode(whole).verdict, chunk_state::complete);
}

TEST(ChunkReader, RefusesWithTheByteThatIsWrong) {
    for (const char* bytes :
         {"x", "\r", " ", "-", "0x", "1 ", "1\n", "1\rx", "1;=", "1;a ", "1;a=\"\x01", "1\r\nab", "1\r\na\rx",
          "0\r\n ", "0\r\n:", "0\r\nHost:", "0\r\nX\r", "0\r\nX: \n", "0\r\n\rx"}) {
        const std::string all = bytes;
        EXPECT_EQ(decode(all.substr(0, all.size() - 1)).verdict, chunk_state::incomplete) << bytes;
        EXPECT_EQ(decode(all).verdict, chunk_state::refused) << bytes;
        EXPECT_EQ(decode(all).code, errc::malformed_http) << bytes;
    }
}

TEST(ChunkReader, TakesABodyOfExactlyItsLimit) {
    EXPECT_EQ(decode("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5).verdict, chunk_state::complete);
    const decoded one_more = decode("3\r\nabc\r\n3\r\n", 5);
    EXPECT_EQ(one_more.verdict, chunk_state::refused) << "before the data comes";
    EXPECT_EQ(one_more.code, errc::body_too_large);
    EXPECT_EQ(one_more.body, "abc");
    EXPECT_EQ(decode("6\r\n", 5).code, errc::body_too_large);
    EXPECT_EQ(decode("ffffffffffffffff\r\n", 5).code, errc::body_too_large);
    EXPECT_EQ(decode("1\r\na\r\nffffffffffffffff\r\n", 5).code, errc::body_too_large) << "the sum overflows";
    EXPECT_EQ(decode("0\r\n\r\n", 0).verdict, chunk_state::complete);
}

TEST(ChunkReader, BoundsTrailersAndExtensions) {
    const std::string trailers = "X: " + std::string(93, 'a') + "\r\n\r\n"; // 100 bytes
    EXPECT_EQ(decode("0\r\n" + trailers).verdict, chunk_state::complete);
    EXPECT_EQ(decode("0\r\nX" + trailers).code, errc::head_too_large);

    const std::string extension = ";a=" + std::string(47, 'b') + "\r\n"; // 50 behind the semicolon, with CR
    const std::string two_chunks = "1" + extension + "x\r\n1" + extension + "y\r\n";
    EXPECT_EQ(decode(two_chunks + "0\r\n\r\n").verdict, chunk_state::complete);
    EXPECT_EQ(decode(two_chunks + "1;").verdict, chunk_state::incomplete);
    EXPECT_EQ(decode(two_chunks + "1;a").code, errc::head_too_large) << "of all chunks together";
}

} // namespace
} // namespace outreachd::ingress
