/// What is made of frames and tables, without a broker: odd orders, odd types.
#include "daemon/amqp_connection/header_table.hpp"
#include "daemon/amqp_connection/inbox.hpp"

#include <gtest/gtest.h>

#include <amqp_framing.h>

namespace outreachd::amqp_connection {
namespace {

amqp_table_entry_t field(const char* name, std::uint8_t kind) {
    amqp_table_entry_t made{};
    made.key = bytes_of(name);
    made.value.kind = kind;
    return made;
}

TEST(HeaderTable, BecomesText) {
    std::vector<amqp_table_entry_t> entries;
    const auto add = [&](const char* name, std::uint8_t kind) -> decltype(amqp_field_value_t::value)& {
        entries.push_back(field(name, kind));
        return entries.back().value.value;
    };
    entries.push_back(text_entry("text", "a\xFF"));
    add("bytes", AMQP_FIELD_KIND_BYTES).bytes = bytes_of("b");
    entries.push_back(flag_entry("true", true));
    entries.push_back(flag_entry("false", false));
    add("i8", AMQP_FIELD_KIND_I8).i8 = -128;
    add("u8", AMQP_FIELD_KIND_U8).u8 = 255;
    add("i16", AMQP_FIELD_KIND_I16).i16 = -32768;
    add("u16", AMQP_FIELD_KIND_U16).u16 = 65535;
    add("i32", AMQP_FIELD_KIND_I32).i32 = -2'147'483'647;
    add("u32", AMQP_FIELD_KIND_U32).u32 = 4'294'967'295;
    add("i64", AMQP_FIELD_KIND_I64).i64 = -9'007'199'254'740'993;
    add("u64", AMQP_FIELD_KIND_U64).u64 = 18'446'744'073'709'551'615U;
    add("time", AMQP_FIELD_KIND_TIMESTAMP).u64 = 1'795'249'375;
    add("f32", AMQP_FIELD_KIND_F32).f32 = 0.5F;
    add("f64", AMQP_FIELD_KIND_F64).f64 = -0.1;
    entries.push_back(table_entry("table", {}));
    add("list", AMQP_FIELD_KIND_ARRAY).array = {};
    add("decimal", AMQP_FIELD_KIND_DECIMAL).decimal = {2, 314};
    add("null", AMQP_FIELD_KIND_VOID);
    entries.push_back(text_entry("", "no name"));

    const std::vector<header> expected = {{"text", "a\xFF"},
                                          {"bytes", "b"},
                                          {"true", "true"},
                                          {"false", "false"},
                                          {"i8", "-128"},
                                          {"u8", "255"},
                                          {"i16", "-32768"},
                                          {"u16", "65535"},
                                          {"i32", "-2147483647"},
                                          {"u32", "4294967295"},
                                          {"i64", "-9007199254740993"},
                                          {"u64", "18446744073709551615"},
                                          {"time", "1795249375"},
                                          {"f32", "0.5"},
                                          {"f64", "-0.1"},
                                          {"", "no name"}};
    EXPECT_EQ(headers_of({static_cast<int>(entries.size()), entries.data()}), expected);
}

TEST(HeaderTable, IsMadeOfLongStrings) {
    const std::vector<header> headers = {{"a", "1"}, {"b", std::string(300, 'x')}};
    std::vector<amqp_table_entry_t> entries{field("old", AMQP_FIELD_KIND_VOID)};
    const amqp_table_t made = table_of(headers, entries);
    ASSERT_EQ(made.num_entries, 2);
    EXPECT_EQ(made.entries[1].value.kind, AMQP_FIELD_KIND_UTF8);
    EXPECT_EQ(headers_of(made), headers);
}

class inbox_of_frames : public testing::Test {
protected:
    void deliver(std::uint16_t channel, std::uint64_t tag) {
        amqp_basic_deliver_t fields{};
        fields.consumer_tag = bytes_of("c");
        fields.delivery_tag = tag;
        EXPECT_TRUE(box.take_method(channel, {AMQP_BASIC_DELIVER_METHOD, &fields}));
    }

    void give_back(std::uint16_t channel) {
        amqp_basic_return_t fields{};
        fields.reply_code = 312;
        EXPECT_TRUE(box.take_method(channel, {AMQP_BASIC_RETURN_METHOD, &fields}));
    }

    void ack(std::uint16_t channel, std::uint64_t tag) {
        amqp_basic_ack_t fields{tag, 1};
        EXPECT_TRUE(box.take_method(channel, {AMQP_BASIC_ACK_METHOD, &fields}));
    }

    bool header(std::uint16_t channel, std::uint64_t bytes) { return box.take_header(channel, {}, bytes); }

    bool body(std::uint16_t channel, std::string_view part) { return box.take_body(channel, bytes_of(part)); }

    template <typename Kind>
    Kind next() {
        auto told = box.take_next();
        EXPECT_TRUE(told && std::holds_alternative<Kind>(*told));
        return told && std::holds_alternative<Kind>(*told) ? std::get<Kind>(*told) : Kind{};
    }

    inbox box;
};

TEST_F(inbox_of_frames, PutsMessagesOfSeveralChannelsTogether) {
    deliver(1, 10);
    deliver(2, 20);
    EXPECT_TRUE(header(2, 4));
    EXPECT_TRUE(header(1, 2));
    EXPECT_TRUE(body(2, "ab"));
    ack(3, 7);
    EXPECT_TRUE(body(1, "xy"));
    EXPECT_TRUE(body(2, "cd"));
    EXPECT_EQ(next<confirmed>().channel, 3);
    const auto first = next<delivered>();
    EXPECT_EQ(first.tag, 10U);
    EXPECT_EQ(first.what.body, "xy");
    const auto second = next<delivered>();
    EXPECT_EQ(second.channel, 2);
    EXPECT_EQ(second.what.body, "abcd");
    EXPECT_FALSE(box.take_next().has_value());
}

TEST_F(inbox_of_frames, TellsNothingOfAMessageThatIsntWhole) {
    deliver(1, 1);
    EXPECT_TRUE(header(1, 3));
    EXPECT_TRUE(body(1, "ab"));
    EXPECT_FALSE(box.take_next().has_value());
    EXPECT_TRUE(body(1, "c"));
    EXPECT_EQ(next<delivered>().what.body, "abc");
}

TEST_F(inbox_of_frames, ReadsPastTheBodyOfAReturnedMessage) {
    give_back(1);
    EXPECT_TRUE(header(1, 2));
    EXPECT_TRUE(body(1, "xy"));
    ack(1, 1);
    EXPECT_EQ(next<returned>().reply_code, 312);
    EXPECT_EQ(next<confirmed>().tag, 1U);
}

TEST_F(inbox_of_frames, RefusesFramesThatAreNotDue) {
    EXPECT_FALSE(header(1, 1)) << "a header without a message";
    EXPECT_FALSE(body(1, "x")) << "a body without a message";
    deliver(1, 1);
    EXPECT_FALSE(body(1, "x")) << "a body without a header";
    EXPECT_FALSE(body(1, "")) << "not even an empty one";
    EXPECT_FALSE(header(1, body_bytes_max + 1));
    EXPECT_TRUE(header(1, 2));
    EXPECT_FALSE(header(1, 2)) << "two headers";
    EXPECT_FALSE(body(2, "xy")) << "of another channel";
    EXPECT_FALSE(body(1, "xyz")) << "longer than announced";
    EXPECT_TRUE(body(1, "xy"));
    EXPECT_FALSE(body(1, "x")) << "behind the end";
}

TEST_F(inbox_of_frames, ForgetsAChannelWhole) {
    deliver(1, 1);
    EXPECT_TRUE(header(1, 0));
    ack(1, 1);
    deliver(1, 2);
    box.put_error({trouble::not_found, "closed", 404, 1});
    ack(2, 5);
    box.forget(1);
    EXPECT_EQ(next<confirmed>().tag, 5U);
    EXPECT_FALSE(box.take_next().has_value());
    EXPECT_FALSE(header(1, 0));
}

TEST_F(inbox_of_frames, ThrowsAnErrorInItsTurnAndOnce) {
    ack(1, 1);
    box.put_error({trouble::not_found, "closed", 404, 1});
    ack(2, 2);
    next<confirmed>();
    EXPECT_THROW(box.take_next(), amqp_error);
    EXPECT_EQ(next<confirmed>().channel, 2);

    box.put_error({trouble::not_found, "closed", 404, 1});
    ack(1, 3);
    box.forget_error(1);
    EXPECT_EQ(next<confirmed>().tag, 3U);
    EXPECT_FALSE(box.take_next().has_value());
}

TEST_F(inbox_of_frames, KnowsItsMethods) {
    amqp_basic_nack_t nack{3, 1, 0};
    EXPECT_TRUE(box.take_method(1, {AMQP_BASIC_NACK_METHOD, &nack}));
    const auto refused = next<confirmed>();
    EXPECT_FALSE(refused.is_taken);
    EXPECT_TRUE(refused.is_multiple);
    EXPECT_FALSE(box.take_method(1, {AMQP_CHANNEL_OPEN_OK_METHOD, nullptr}));
}

} // namespace
} // namespace outreachd::amqp_connection
