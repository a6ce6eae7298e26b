/// Reads every variant of a delivery that is known or likely (contract 1.3 to 1.17, 13.5 to 13.7).
#include "daemon/event/event_reader.hpp"
#include "tests/samples.hpp"

#include <gtest/gtest.h>

namespace outreachd {
namespace {

std::string delivered(const event_facts& facts) {
    return facts.delivered_at ? to_rfc3339(*facts.delivered_at) : std::string{};
}

TEST(EventReader, ReadsTheFactsOfEverySample) {
    const auto samples = tests::load_samples();
    ASSERT_EQ(samples.size(), 36U);
    for (const auto& sample : samples) {
        const event_facts facts = read_event(sample.body);
        EXPECT_TRUE(facts.is_readable) << sample.file;
        EXPECT_EQ(facts.name, sample.name) << sample.file;
        EXPECT_EQ(facts.resource + "." + facts.action, sample.name) << sample.file;
        EXPECT_EQ(facts.resource_id, sample.resource_id) << sample.file;
        EXPECT_EQ(facts.job_id, sample.job_id) << sample.file;
        EXPECT_EQ(delivered(facts), sample.delivered_at) << sample.file;
    }
}

TEST(EventReader, ReadsEveryPrefixOfASampleAsUnreadable) {
    const std::string body = tests::read_sample_file("task.completed.v1.json");
    for (std::size_t size = 0; size < body.size(); ++size) {
        const event_facts facts = read_event(std::string_view{body}.substr(0, size));
        ASSERT_FALSE(facts.is_readable) << size;
        ASSERT_EQ(facts.name, "unknown") << size;
        ASSERT_EQ(facts.resource_id, "") << size;
    }
}

struct reading {
    const char* label;
    std::string body;
    const char* name;
    const char* resource;
    const char* action;
    const char* resource_id;
};

class EventReaderVariants : public testing::TestWithParam<reading> {};

TEST_P(EventReaderVariants, AreRead) {
    const reading& expected = GetParam();
    const event_facts facts = read_event(expected.body);
    EXPECT_TRUE(facts.is_readable) << expected.label;
    EXPECT_EQ(facts.name, expected.name) << expected.label;
    EXPECT_EQ(facts.resource, expected.resource) << expected.label;
    EXPECT_EQ(facts.action, expected.action) << expected.label;
    EXPECT_EQ(facts.resource_id, expected.resource_id) << expected.label;
}

const reading meta_variants[] = {
    {"meta before data", R"({"meta":{"eventName":"call.created"},"data":{"type":"call","id":7}})",
     "call.created", "call", "created", "7"},
    {"meta first inside data", R"({"data":{"meta":{"eventName":"call.created"},"type":"call","id":7}})",
     "call.created", "call", "created", "7"},
    {"both, the top level wins", R"({"meta":{"eventName":"a.b"},"data":{"meta":{"eventName":"c.d"},"id":7}})",
     "a.b", "a", "b", "7"},
    {"both, whichever comes last",
     R"({"data":{"meta":{"eventName":"c.d"},"id":7},"meta":{"eventName":"a.b"}})", "a.b", "a", "b", "7"},
    {"an empty meta on top hides nothing", R"({"meta":{},"data":{"meta":{"eventName":"c.d"},"id":7}})", "c.d",
     "c", "d", "7"},
    {"a null meta on top", R"({"meta":null,"data":{"meta":{"eventName":"c.d"}}})", "c.d", "c", "d", ""},
    {"no meta", R"({"data":{"type":"task","id":7}})", "unknown", "task", "", "7"},
    {"meta is an array", R"({"data":{"type":"task"},"meta":[{"eventName":"a.b"}]})", "unknown", "task", "",
     ""},
    {"meta deeper than data", R"({"data":{"attributes":{"meta":{"eventName":"a.b"}}}})", "unknown", "", "",
     ""},
    {"meta of beforeUpdate",
     R"({"beforeUpdate":{"id":1,"type":"x","meta":{"eventName":"a.b"}},"data":{"id":2,"type":"y"}})",
     "unknown", "y", "", "2"},
    {"a name in a longer key", R"({"meta":{"eventNames":"a.b","xeventName":"c.d","eventname":"e.f"}})",
     "unknown", "", "", ""},
    {"an empty name", R"({"meta":{"eventName":""},"data":{"type":"task"}})", "unknown", "task", "", ""},
    {"a number as name", R"({"meta":{"eventName":7},"data":{"type":"task"}})", "unknown", "task", "", ""},
    {"a null name", R"({"meta":{"eventName":null}})", "unknown", "", "", ""},
    {"an object as name", R"({"meta":{"eventName":{"eventName":"a.b"}}})", "unknown", "", "", ""},
    {"an array as name", R"({"meta":{"eventName":["a.b"]}})", "unknown", "", "", ""},
    {"a name without a dot", R"({"meta":{"eventName":"ping"}})", "ping", "ping", "", ""},
    {"a name with two dots", R"({"meta":{"eventName":"a.b.c"}})", "a.b.c", "a", "b.c", ""},
    {"a dot at the front", R"({"meta":{"eventName":".b"}})", ".b", "", "b", ""},
    {"a dot at the end", R"({"meta":{"eventName":"a."}})", "a.", "a", "", ""},
    {"camel case is kept", R"({"meta":{"eventName":"sequenceState.finished"}})", "sequenceState.finished",
     "sequenceState", "finished", ""},
    {"type and name differ: the name's",
     R"({"data":{"type":"user","id":1},"meta":{"eventName":"task.completed"}})", "task.completed", "task",
     "completed", "1"},
    {"escapes in keys and values",
     R"({"\u0064ata":{"i\u0064":"\u0037\/\"x"},"m\u0065ta":{"event\u004eame":"a\u002eb"}})", "a.b", "a", "b",
     "7/\"x"},
    {"text beyond ASCII", R"({"meta":{"eventName":"größe.geändert"}})", "größe.geändert", "größe", "geändert",
     ""},
    {"a control character in the name", R"({"meta":{"eventName":"a.b\u0007"},"data":{"type":"t"}})",
     "unknown", "t", "", ""},
    {"a line break in the name", R"({"meta":{"eventName":"a.b\nlevel=error"}})", "unknown", "", "", ""},
    {"DEL in the name", R"({"meta":{"eventName":"a.b\u007f"}})", "unknown", "", "", ""},
    {"a C1 control in the name", R"({"meta":{"eventName":"a.b\u009b31m"}})", "unknown", "", "", ""},
    {"a NUL in type", R"({"data":{"type":"a\u0000"}})", "unknown", "", "", ""},
    {"a name of 255 bytes", R"({"meta":{"eventName":")" + std::string(253, 'a') + R"(.b"}})", nullptr,
     nullptr, "b", ""},
    {"a name of 256 bytes", R"({"meta":{"eventName":")" + std::string(254, 'a') + R"(.b"}})", "unknown", "",
     "", ""},
};

const std::string longest_resource(253, 'a');
const std::string longest_name = longest_resource + ".b";

std::vector<reading> with_longest_name() {
    std::vector<reading> cases{std::begin(meta_variants), std::end(meta_variants)};
    for (reading& one : cases) {
        if (one.name == nullptr) {
            one.name = longest_name.c_str();
            one.resource = longest_resource.c_str();
        }
    }
    return cases;
}

INSTANTIATE_TEST_SUITE_P(Meta, EventReaderVariants, testing::ValuesIn(with_longest_name()));

const reading id_variants[] = {
    {"a number", R"({"data":{"id":7}})", "unknown", "", "", "7"},
    {"zero", R"({"data":{"id":0}})", "unknown", "", "", "0"},
    {"a negative number", R"({"data":{"id":-12}})", "unknown", "", "", "-12"},
    {"minus zero", R"({"data":{"id":-0}})", "unknown", "", "", "-0"},
    {"2^53+1", R"({"data":{"id":9007199254740993}})", "unknown", "", "", "9007199254740993"},
    {"2^63-1", R"({"data":{"id":9223372036854775807}})", "unknown", "", "", "9223372036854775807"},
    {"2^64-1", R"({"data":{"id":18446744073709551615}})", "unknown", "", "", "18446744073709551615"},
    {"2^64", R"({"data":{"id":18446744073709551616}})", "unknown", "", "", "18446744073709551616"},
    {"30 digits", R"({"data":{"id":123456789012345678901234567890}})", "unknown", "", "",
     "123456789012345678901234567890"},
    {"a fraction", R"({"data":{"id":1.50}})", "unknown", "", "", "1.50"},
    {"an exponent", R"({"data":{"id":1E+2}})", "unknown", "", "", "1E+2"},
    {"beyond a double", R"({"data":{"id":1e400}})", "unknown", "", "", "1e400"},
    {"digits in a string", R"({"data":{"id":"007"}})", "unknown", "", "", "007"},
    {"a UUID", R"({"data":{"id":"0d7e4f64-6f0d-4a1b-9e5a-3f2d1c0b9a28"}})", "unknown", "", "",
     "0d7e4f64-6f0d-4a1b-9e5a-3f2d1c0b9a28"},
    {"an empty string", R"({"data":{"id":""}})", "unknown", "", "", ""},
    {"null", R"({"data":{"id":null}})", "unknown", "", "", ""},
    {"true", R"({"data":{"id":true}})", "unknown", "", "", ""},
    {"an array", R"({"data":{"id":[7]}})", "unknown", "", "", ""},
    {"an object", R"({"data":{"id":{"id":7}}})", "unknown", "", "", ""},
    {"ids of other objects",
     R"({"id":1,"data":{"relationships":{"owner":{"type":"owner","id":2}},"attributes":{"id":3}},"included":[{"id":4}]})",
     "unknown", "", "", ""},
    {"behind relationships",
     R"({"data":{"relationships":{"owner":{"data":{"type":"user","id":2}}},"type":"task","id":5}})",
     "unknown", "task", "", "5"},
    {"data is an array", R"({"data":[{"type":"task","id":5}]})", "unknown", "", "", ""},
    {"data is null", R"({"data":null})", "unknown", "", "", ""},
    {"data is a string", R"({"data":"data"})", "unknown", "", "", ""},
    {"an empty object", "{}", "unknown", "", "", ""},
    {"white space around", " \t\r\n{ \"data\" : { \"id\" : 7 } }\r\n\t ", "unknown", "", "", "7"},
};

INSTANTIATE_TEST_SUITE_P(Id, EventReaderVariants, testing::ValuesIn(id_variants));

const reading repeated_keys[] = {
    {"eventName twice", R"({"meta":{"eventName":"a.b","eventName":"c.d"}})", "c.d", "c", "d", ""},
    {"eventName, then null", R"({"meta":{"eventName":"a.b","eventName":null}})", "unknown", "", "", ""},
    {"meta twice", R"({"meta":{"eventName":"a.b"},"meta":{"jobId":"x"}})", "unknown", "", "", ""},
    {"meta, then a string", R"({"meta":{"eventName":"a.b"},"meta":"gone"})", "unknown", "", "", ""},
    {"data twice", R"({"data":{"type":"task","id":1,"meta":{"eventName":"a.b"}},"data":{"id":2}})", "unknown",
     "", "", "2"},
    {"data, then null", R"({"data":{"type":"task","id":1},"data":null})", "unknown", "", "", ""},
    {"id twice", R"({"data":{"id":1,"id":"2"}})", "unknown", "", "", "2"},
    {"id, then an array", R"({"data":{"id":1,"id":[2]}})", "unknown", "", "", ""},
    {"meta inside data twice", R"({"data":{"meta":{"eventName":"a.b"},"meta":{}}})", "unknown", "", "", ""},
    {"the same key by another escape", R"({"data":{"id":1,"\u0069d":2}})", "unknown", "", "", "2"},
};

INSTANTIATE_TEST_SUITE_P(RepeatedKeys, EventReaderVariants, testing::ValuesIn(repeated_keys));

TEST(EventReader, ReadsJobIdAndTimeFromEitherMeta) {
    const event_facts top = read_event(
        R"({"meta":{"jobId":"j1","deliveredAt":"2026-01-02T03:04:05Z"},"data":{"meta":{"jobId":"j2"}}})");
    EXPECT_EQ(top.job_id, "j1");
    EXPECT_EQ(delivered(top), "2026-01-02T03:04:05.000Z");
    const event_facts inner =
        read_event(R"({"data":{"meta":{"jobId":"j2","deliveredAt":"2026-01-02T03:04:05"}}})");
    EXPECT_EQ(inner.job_id, "j2");
    EXPECT_EQ(delivered(inner), "2026-01-02T03:04:05.000Z");
}

TEST(EventReader, LeavesAnOddTimeOut) {
    for (const char* time : {R"("yesterday")", "1701880061", "null", R"("2026-13-01T00:00:00Z")"}) {
        const event_facts facts =
            read_event(std::string{R"({"meta":{"eventName":"a.b","deliveredAt":)"} + time + "}}");
        EXPECT_EQ(facts.name, "a.b") << time;
        EXPECT_FALSE(facts.delivered_at) << time;
    }
}

/// `{"a":{"a":…}}`, `depth` objects in all.
std::string nested(std::size_t depth) {
    std::string body = R"({"meta":{"eventName":"a.b"},"data":)";
    for (std::size_t i = 1; i < depth; ++i)
        body += "[";
    body += std::string(depth - 1, ']') + "}";
    return body;
}

TEST(EventReader, ReadsNestingUpToItsLimit) {
    EXPECT_TRUE(read_event(nested(json_depth_max)).is_readable);
    EXPECT_FALSE(read_event(nested(json_depth_max + 1)).is_readable);
    EXPECT_FALSE(read_event(std::string(1'000'000, '[')).is_readable);
}

struct unreadable_body {
    const char* label;
    std::string body;
};

const std::string valid = R"({"data":{"type":"task","id":7},"meta":{"eventName":"task.completed"}})";

const unreadable_body unreadable_bodies[] = {
    {"nothing", ""},
    {"white space", "  \n"},
    {"an array", "[" + valid + "]"},
    {"a string", R"("task.completed")"},
    {"a number", "7"},
    {"a number with an exponent of 11 digits", R"({"data":{"id":1e99999999999}})"},
    {"true", "true"},
    {"null", "null"},
    {"a form", "eventName=task.completed"},
    {"XML", "<data/>"},
    {"two objects", valid + valid},
    {"something behind", valid + "x"},
    {"a NUL behind", valid + std::string{"\0", 1}},
    {"a byte order mark", "\xEF\xBB\xBF" + valid},
    {"UTF-16", std::string{"{\0\"\0a\0\"\0:\0001\0}\0", 14}},
    {"a trailing comma", R"({"data":{},})"},
    {"a comment", R"({/**/"data":{}})"},
    {"single quotes", R"({'data':{}})"},
    {"a leading zero", R"({"data":{"id":07}})"},
    {"NaN", R"({"data":{"id":NaN}})"},
    {"a raw control character in a string", "{\"data\":{\"id\":\"a\nb\"}}"},
    {"an unknown escape", R"({"data":{"id":"\x41"}})"},
    {"an escape that is cut off", R"({"meta":{"eventName":"a.\ud83"}})"},
    {"an escape at the very end", R"({"meta":{"eventName":"a.\)"},
    {"a lone continuation byte", "{\"meta\":{\"eventName\":\"a.\x80\"}}"},
    {"an overlong slash", "{\"meta\":{\"eventName\":\"a.\xC0\xAF\"}}"},
    {"a surrogate in UTF-8", "{\"meta\":{\"eventName\":\"a.\xED\xA0\x80\"}}"},
    {"beyond U+10FFFF", "{\"meta\":{\"eventName\":\"a.\xF4\x90\x80\x80\"}}"},
    {"a cut multi-byte character", "{\"meta\":{\"eventName\":\"a.\xE2\x82\"}}"},
    {"invalid UTF-8 where nobody looks", "{\"x\":\"\xFF\",\"meta\":{\"eventName\":\"a.b\"}}"},
    {"invalid UTF-8 in a key", "{\"\xFF\":1,\"meta\":{\"eventName\":\"a.b\"}}"},
};

TEST(EventReader, CallsABodyThatIsNoJsonObjectUnknown) {
    ASSERT_TRUE(read_event(valid).is_readable);
    for (const auto& [label, body] : unreadable_bodies) {
        const event_facts facts = read_event(body);
        EXPECT_FALSE(facts.is_readable) << label;
        EXPECT_EQ(facts.name, "unknown") << label;
        EXPECT_EQ(facts.resource, "") << label;
        EXPECT_EQ(facts.action, "") << label;
        EXPECT_EQ(facts.resource_id, "") << label;
        EXPECT_EQ(facts.job_id, "") << label;
        EXPECT_FALSE(facts.delivered_at) << label;
    }
}

/// JSON's grammar allows them (RFC 8259 section 8.2), and a text cut off in an emoji ends in one.
TEST(EventReader, ReadsWhatHoldsHalfASurrogatePair) {
    for (const char* const note : {R"(\ud83d)", R"(\ude00)", R"(\ud83d\ud83d\ude00)", R"(\\\ud83dx\n)"}) {
        const event_facts facts = read_event(R"({"data":{"id":7,"attributes":{"note":")" + std::string(note) +
                                             R"("}},"meta":{"eventName":"task.completed"}})");
        EXPECT_TRUE(facts.is_readable) << note;
        EXPECT_EQ(facts.name, "task.completed") << note;
        EXPECT_EQ(facts.resource_id, "7") << note;
    }
    EXPECT_EQ(read_event(R"({"meta":{"eventName":"a.\ud83d"}})").name, "a.\xEF\xBF\xBD");
}

TEST(EventReader, ReadsALargeBody) {
    std::string body =
        R"({"data":{"type":"mailing","attributes":{"bodyHtml":")" + std::string(8'000'000, 'x');
    body += R"("},"id":7},"meta":{"eventName":"mailing.created"}})";
    const event_facts facts = read_event(body);
    EXPECT_EQ(facts.name, "mailing.created");
    EXPECT_EQ(facts.resource_id, "7");
}

} // namespace
} // namespace outreachd
