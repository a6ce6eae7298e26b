/// What the gate says of heads: the parts it finds, and when it says no. Which requests are refused
/// at all is in wire_requests_test.
#include "daemon/ingress/framing.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace outreachd::ingress {
namespace {

constexpr std::size_t roomy = 16 * 1024;

const std::string plain =
    "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-A: \t b c \r\nx-a:\r\nContent-Length: 5\r\n\r\n";

std::string with(const std::string& fields, const std::string& version = "1.1") {
    return "POST / HTTP/" + version + "\r\nHost: h\r\n" + fields + "\r\n";
}

request_head head_of(const std::string& bytes) {
    head_gate gate{roomy};
    EXPECT_EQ(gate.look(bytes), head_state::complete) << bytes << gate.refusal().reason;
    return gate.head();
}

TEST(HeadGate, FindsThePartsOfAHead) {
    head_gate gate{roomy};
    ASSERT_EQ(gate.look(plain + "body"), head_state::complete);
    const std::string kept = plain + "body";
    ASSERT_EQ(gate.look(kept), head_state::complete);
    const request_head& head = gate.head();
    EXPECT_EQ(head.method, "POST");
    EXPECT_EQ(head.target, "/a?b=c");
    EXPECT_TRUE(head.is_http_1_1);
    ASSERT_EQ(head.fields.size(), 4U);
    EXPECT_EQ(head.fields[0].name, "Host");
    EXPECT_EQ(head.fields[0].value, "h");
    EXPECT_EQ(head.fields[1].name, "X-A");
    EXPECT_EQ(head.fields[1].value, "b c");
    EXPECT_EQ(head.fields[2].name, "x-a");
    EXPECT_EQ(head.fields[2].value, "");
    EXPECT_EQ(head.framing, body_framing::length);
    EXPECT_EQ(head.content_length, 5U);
    EXPECT_TRUE(head.is_keep_alive);
    EXPECT_FALSE(head.expects_continue);
    EXPECT_EQ(head.bytes, plain.size());
}

TEST(HeadGate, PointsIntoTheBytesOfTheLastLook) {
    head_gate gate{roomy};
    for (std::size_t size = 1; size < plain.size(); ++size) {
        const auto moved = std::make_unique<std::string>(plain.substr(0, size)); // freed before the next
        ASSERT_EQ(gate.look(*moved), head_state::incomplete) << size;
    }
    const std::string last = plain;
    ASSERT_EQ(gate.look(last), head_state::complete);
    const auto is_inside = [&last](std::string_view view) {
        return view.data() >= last.data() && view.data() + view.size() <= last.data() + last.size();
    };
    EXPECT_TRUE(is_inside(gate.head().method));
    EXPECT_TRUE(is_inside(gate.head().target));
    for (const auto& [name, value] : gate.head().fields) {
        EXPECT_TRUE(is_inside(name));
        EXPECT_TRUE(is_inside(value));
    }
    EXPECT_EQ(gate.head().fields[1].value, "b c");
}

TEST(HeadGate, StartsAnewAfterAReset) {
    head_gate gate{roomy};
    ASSERT_EQ(gate.look(with("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n")),
              head_state::complete);
    gate.reset();
    const std::string next = with("");
    ASSERT_EQ(gate.look(next), head_state::complete);
    EXPECT_EQ(gate.head().framing, body_framing::none);
    EXPECT_FALSE(gate.head().expects_continue);
    EXPECT_TRUE(gate.head().is_keep_alive);
    EXPECT_EQ(gate.head().fields.size(), 1U);
    gate.reset();
    ASSERT_EQ(gate.look("\n"), head_state::refused);
    gate.reset();
    EXPECT_EQ(gate.look(next), head_state::complete);
}

TEST(HeadGate, KeepsItsVerdict) {
    head_gate gate{roomy};
    EXPECT_EQ(gate.look(""), head_state::incomplete);
    EXPECT_EQ(gate.look("P OST"), head_state::refused);
    const std::string reason = gate.refusal().reason;
    EXPECT_EQ(gate.look("P OST / HTTP/1.1\r\nHost: h\r\n\r\n"), head_state::refused);
    EXPECT_EQ(gate.refusal().reason, reason);
    EXPECT_NE(reason, "");
}

struct keep_alive_case {
    const char* version;
    const char* connection;
    bool is_kept;
};

TEST(HeadGate, DecidesWhetherTheConnectionIsKept) {
    for (const auto& [version, connection, is_kept] : {
             keep_alive_case{"1.1", "", true},
             {"1.1", "Connection: close\r\n", false},
             {"1.1", "Connection: CLOSE\r\n", false},
             {"1.1", "Connection: keep-alive\r\n", true},
             {"1.1", "Connection: keep-alive, close\r\n", false},
             {"1.1", "Connection: foo,close ,bar\r\n", false},
             {"1.1", "Connection: foo\r\nConnection: close\r\n", false},
             {"1.1", "Connection: closed\r\n", true},
             {"1.1", "Connection:\r\n", true},
             {"1.0", "", false},
             {"1.0", "Connection: Keep-Alive\r\n", true},
             {"1.0", "Connection: keep-alive\r\nConnection: close\r\n", false},
             {"1.0", "Proxy-Connection: keep-alive\r\n", false},
         })
        EXPECT_EQ(head_of(with(connection, version)).is_keep_alive, is_kept) << version << " " << connection;
}

TEST(HeadGate, HeedsAnExpectationInHttp11Alone) {
    EXPECT_TRUE(head_of(with("Expect: 100-Continue\r\n")).expects_continue);
    EXPECT_FALSE(head_of(with("Expect: 100-continue\r\n", "1.0")).expects_continue);
    EXPECT_FALSE(head_of(with("X-Expect: 100-continue\r\n")).expects_continue);
}

TEST(HeadGate, ReadsLengthsUpToTheGreatest) {
    EXPECT_EQ(head_of(with("Content-Length: 0\r\n")).content_length, 0U);
    EXPECT_EQ(head_of(with("Content-Length: 0\r\n")).framing, body_framing::length);
    EXPECT_EQ(head_of(with("Content-Length: 9223372036854775807\r\n")).content_length, 9223372036854775807U);
    EXPECT_EQ(head_of(with("Content-Length: 0000000000000000012\r\n")).content_length, 12U);
    head_gate gate{roomy};
    EXPECT_EQ(gate.look(with("Content-Length: 9223372036854775808\r\n")), head_state::refused);
}

struct early_refusal {
    const char* label;
    std::string prefix; ///< Correct so far.
    char last;          ///< No longer.
};

TEST(HeadGate, RefusesWithTheByteThatIsWrong) {
    const std::string line = "POST / HTTP/1.1\r\n";
    for (const auto& [label, prefix, last] : {
             early_refusal{"a binary protocol", "", '\x16'},
             {"an empty line first", "", '\r'},
             {"no origin form", "POST ", 'h'},
             {"a fragment", "POST /", '#'},
             {"a tab in the target", "POST /", '\t'},
             {"HTTP/2", "PRI / HTTP/", '2'},
             {"HTTP/1.2", "GET / HTTP/1.", '2'},
             {"a longer version", "GET / HTTP/1.1", '1'},
             {"a bare LF behind the line", "GET / HTTP/1.1", '\n'},
             {"a bare CR behind the line", "GET / HTTP/1.1\r", 'H'},
             {"white space before the first field", line, ' '},
             {"a fold", line + "Host: h\r\n", '\t'},
             {"no name", line, ':'},
             {"white space before the colon", line + "Host", ' '},
             {"a name that is none", line + "Ho", '\xC3'},
             {"a NUL in a value", line + "X: ", '\0'},
             {"a bare LF in a value", line + "X: a", '\n'},
             {"a bare CR in a value", line + "X: a\r", 'b'},
             {"a bare LF as the empty line", line + "Host: h\r\n", '\n'},
             {"a second Host", line + "Host: h\r\nHost: h\r", '\n'},
             {"a second length", line + "Content-Length: 1\r\nContent-Length: 1\r", '\n'},
             {"a coding beside a length", line + "Content-Length: 1\r\nTransfer-Encoding: chunked\r", '\n'},
             {"a missing Host", line + "X: a\r\n\r", '\n'},
         }) {
        head_gate gate{roomy};
        EXPECT_EQ(gate.look(prefix), head_state::incomplete) << label;
        EXPECT_EQ(gate.look(prefix + last), head_state::refused) << label;
        EXPECT_EQ(gate.refusal().code, errc::malformed_http) << label;
        EXPECT_STRNE(gate.refusal().reason, "") << label;
    }
}

TEST(HeadGate, TakesAHeadOfExactlyItsLimit) {
    head_gate exact{plain.size()};
    EXPECT_EQ(exact.look(plain), head_state::complete);
    EXPECT_EQ(head_gate{plain.size()}.look(plain + "body"), head_state::complete);
    head_gate tight{plain.size() - 1};
    EXPECT_EQ(tight.look(plain.substr(0, plain.size() - 2)), head_state::incomplete);
    EXPECT_EQ(tight.look(plain.substr(0, plain.size() - 1)), head_state::refused);
    EXPECT_EQ(tight.refusal().code, errc::head_too_large);
}

/// Each costs many times the memory of its bytes.
TEST(HeadGate, TakesSoManyFieldsAndNoMore) {
    std::string fields;
    for (std::size_t i = 1; i < head_fields_max; ++i) // with Host
        fields += "a:\r\n";
    head_gate most{16 * 1024};
    EXPECT_EQ(most.look(with(fields)), head_state::complete);
    EXPECT_EQ(most.head().fields.size(), head_fields_max);
    head_gate too_many{16 * 1024};
    EXPECT_EQ(too_many.look(with(fields + "a:\r\n")), head_state::refused);
    EXPECT_EQ(too_many.refusal().code, errc::head_too_large);
}

} // namespace
} // namespace outreachd::ingress
