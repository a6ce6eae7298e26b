/// The hostile requests: the request line, fields, lengths and codings.
#include "tests/hostile_requests.hpp"

namespace outreachd::tests {

namespace {

using namespace std::string_literals;

/// Requests that are refused for their first line.
void add_request_lines(std::vector<wire_request>& all) {
    const auto refuse = [&all](const char* label, const std::string& line) {
        all.push_back({"line: "s + label, with_line(line), {400}});
    };
    const auto refuse_version = [&all](const std::string& version) {
        all.push_back(
            {"version " + version, with_line("POST /webhooks/outreach " + version + "\r\n"), {400}});
    };
    refuse("empty line before", "\r\nPOST /webhooks/outreach HTTP/1.1\r\n");
    refuse("bare LF before", "\nPOST /webhooks/outreach HTTP/1.1\r\n");
    refuse("space before", " POST /webhooks/outreach HTTP/1.1\r\n");
    refuse("two spaces before the target", "POST  /webhooks/outreach HTTP/1.1\r\n");
    refuse("two spaces before the version", "POST /webhooks/outreach  HTTP/1.1\r\n");
    refuse("space behind the version", "POST /webhooks/outreach HTTP/1.1 \r\n");
    refuse("tabs between", "POST\t/webhooks/outreach\tHTTP/1.1\r\n");
    refuse("vertical tab between", "POST\v/webhooks/outreach HTTP/1.1\r\n");
    refuse("bare LF behind", "POST /webhooks/outreach HTTP/1.1\n");
    refuse("bare CR behind", "POST /webhooks/outreach HTTP/1.1\rX: y\r\n");
    refuse("two CRs behind", "POST /webhooks/outreach HTTP/1.1\r\r\n");
    refuse("no version (HTTP/0.9)", "POST /webhooks/outreach\r\n");
    refuse("nothing but a method", "POST\r\n");
    refuse("no method", "/webhooks/outreach HTTP/1.1\r\n");
    refuse("no target", "POST HTTP/1.1\r\n");
    refuse("colon in the method", "PO:ST /webhooks/outreach HTTP/1.1\r\n");
    refuse("NUL in the method", "PO\0ST /webhooks/outreach HTTP/1.1\r\n"s);
    refuse("byte above ASCII in the method", "P\xC3\x96ST /webhooks/outreach HTTP/1.1\r\n");
    refuse("quotes around the method", "\"POST\" /webhooks/outreach HTTP/1.1\r\n");
    refuse("space in the target", "POST /webhooks/out reach HTTP/1.1\r\n");
    refuse("space and a version in the target", "POST /webhooks/outreach HTTP/1.1 HTTP/1.1\r\n");
    refuse("NUL in the target", "POST /webhooks/outreach\0 HTTP/1.1\r\n"s);
    refuse("bare CR in the target", "POST /webhooks/outreach\r HTTP/1.1\r\n");
    refuse("raw UTF-8 in the target", "POST /webhooks/outr\xC3\xA9"
                                      "ach HTTP/1.1\r\n");
    refuse("DEL in the target", "POST /webhooks/outreach\x7F HTTP/1.1\r\n");
    refuse("fragment", "POST /webhooks/outreach#a HTTP/1.1\r\n");
    refuse("relative target", "POST webhooks/outreach HTTP/1.1\r\n");
    refuse("absolute target", "POST http://hooks.example.com/webhooks/outreach HTTP/1.1\r\n");
    refuse("absolute target of another host", "POST http://127.0.0.1/webhooks/outreach HTTP/1.1\r\n");
    refuse("asterisk", "OPTIONS * HTTP/1.1\r\n");
    refuse("authority", "CONNECT hooks.example.com:443 HTTP/1.1\r\n");
    refuse("preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    refuse("TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03\r\n"s);
    for (const char* version :
         {"HTTP/2.0",  "HTTP/2",     "HTTP/1.2",  "HTTP/0.9",   "HTTP/1.10", "HTTP/1.01",
          "HTTP/01.1", "HTTP/1",     "HTTP/1.",   "HTTP/1.1.1", "HTTP/11",   "HTTP/1,1",
          "HTTP 1.1",  "HTTP/ 1.1",  "http/1.1",  "Http/1.1",   "HTTPS/1.1", "ICY/1.1",
          "HTTP/1.1x", "HTTP/1.1;a", "HTTP/-1.1", "RTSP/1.0"})
        refuse_version(version);
}

/// Requests that are refused for the syntax of a field.
void add_fields(std::vector<wire_request>& all) {
    const auto refuse = [&all](const char* label, const std::string& fields) {
        all.push_back({"field: "s + label, post(fields), {400}});
    };
    all.push_back({"field: white space before the first",
                   "POST /webhooks/outreach HTTP/1.1\r\n Host: hooks.example.com\r\n" + signature_field() +
                       length_field() + "\r\n" + std::string{wire_body},
                   {400}});
    all.push_back({"field: white space line before the first",
                   with_line("POST /webhooks/outreach HTTP/1.1\r\n \r\n"),
                   {400}});
    refuse("space before the colon", "X-A : b\r\n");
    refuse("tab before the colon", "X-A\t: b\r\n");
    refuse("space before the colon of a length", "Content-Length : 5\r\n");
    refuse("space before the colon of a coding", "Transfer-Encoding : chunked\r\n");
    refuse("folded by a space", "X-A: b\r\n c\r\n");
    refuse("folded by a tab", "X-A: b\r\n\tc\r\n");
    refuse("folded coding", "Transfer-Encoding:\r\n chunked\r\n");
    refuse("folded with nothing", "X-A: b\r\n \r\n");
    refuse("field behind a fold", "X-A: b\r\n Transfer-Encoding: chunked\r\n");
    refuse("bare LF behind a value", "X-A: b\nX-B: c\r\n");
    refuse("bare CR behind a value", "X-A: b\rX-B: c\r\n");
    refuse("bare CR hides a coding", "X-A: b\rTransfer-Encoding: chunked\r\n");
    refuse("two CRs", "X-A: b\r\r\n");
    refuse("bare LF as the empty line", "X-A: b\r\n\n");
    refuse("LF before CR", "X-A: b\n\r\n");
    refuse("no colon", "X-A\r\n");
    refuse("no name", ": b\r\n");
    refuse("nothing but a colon", ":\r\n");
    refuse("space in the name", "X A: b\r\n");
    refuse("NUL in the name", "X\0A: b\r\n"s);
    refuse("NUL behind the name of a length", "Content-Length\0: 5\r\n"s);
    refuse("control byte in the name", "X\x01"
                                       "A: b\r\n");
    refuse("DEL in the name", "X\x7F"
                              "A: b\r\n");
    refuse("byte above ASCII in the name", "X-\xC3\xA9: b\r\n");
    refuse("no-break space behind the name", "Transfer-Encoding\xA0: chunked\r\n");
    refuse("parenthesis in the name", "X(A): b\r\n");
    refuse("slash in the name", "X/A: b\r\n");
    refuse("quoted name", "\"X-A\": b\r\n");
    refuse("brackets in the name", "X[A]: b\r\n");
    refuse("a request line as a field", "GET / HTTP/1.1\r\n");
    refuse("NUL in the value", "X-A: b\0c\r\n"s);
    refuse("NUL alone as the value", "X-A: \0\r\n"s);
    refuse("bell in the value", "X-A: b\ac\r\n");
    refuse("vertical tab in the value", "X-A: b\vc\r\n");
    refuse("form feed in the value", "X-A: b\fc\r\n");
    refuse("escape in the value", "X-A: \x1B[31m\r\n");
    refuse("DEL in the value", "X-A: b\x7F\r\n");
    refuse("an expectation nobody knows", "Expect: 200-maybe\r\n");
    refuse("two expectations in one field", "Expect: 100-continue, 100-continue\r\n");
    refuse("two expectations in two fields", "Expect: 100-continue\r\nExpect: 100-continue\r\n");
    refuse("an empty expectation", "Expect:\r\n");
    for (const char* option :
         {"Content-Length", "Transfer-Encoding", "Host", "close, content-length",
          "Outreach-Webhook-Signature", "keep-alive,outreach-webhook-signature", "Transfer_Encoding",
          "close;a=b", "\"close\"", "close keep-alive", "close\t,@"})
        refuse(("Connection: "s + option).c_str(), "Connection: "s + option + "\r\n");
}

void add_hosts(std::vector<wire_request>& all) {
    const auto refuse = [&all](const std::string& label, const std::string& fields) {
        all.push_back({"host: " + label,
                       "POST /webhooks/outreach HTTP/1.1\r\n" + fields + signature_field() + length_field() +
                           "\r\n" + std::string{wire_body},
                       {400}});
    };
    refuse("none", "");
    refuse("empty", "Host:\r\n");
    refuse("white space", "Host: \t \r\n");
    refuse("two", "Host: hooks.example.com\r\nHost: evil.example\r\n");
    refuse("two equal", "Host: hooks.example.com\r\nhost: hooks.example.com\r\n");
    refuse("two, the first empty", "Host:\r\nHost: hooks.example.com\r\n");
    refuse("look-alike", "Host: hooks.example.com\r\nHost_: evil.example\r\n");
    for (const char* value : {"hooks.example.com, evil.example",
                              "hooks.example.com evil.example",
                              "user@hooks.example.com",
                              "hooks.example.com/evil",
                              "http://hooks.example.com",
                              "hooks.example.com#",
                              "hooks.example.com?a",
                              "hooks.example.com:port",
                              "hooks.example.com:123456",
                              "hooks.example.com:80:80",
                              ":443",
                              "[::1",
                              "::1",
                              "[]",
                              "[::1]evil",
                              "[::g]",
                              "[[::1]]",
                              "hooks\\evil",
                              "\"hooks.example.com\"",
                              "hooks.example.com;evil",
                              "hooks\xC3\xA9.example.com",
                              "hooks%00.example.com",
                              "<hooks>"})
        refuse(shown(value), "Host: "s + value + "\r\n");
}

void add_lengths(std::vector<wire_request>& all) {
    const auto refuse = [&all](const std::string& label, const std::string& fields) {
        all.push_back({"length: " + label, unframed(fields), {400}});
    };
    refuse("two that differ", length_field() + length_field(0));
    refuse("two that differ, the first zero", length_field(0) + length_field());
    refuse("two equal", length_field() + length_field());
    refuse("two in different case", length_field() + "content-length: 74\r\n");
    for (const char* value : {"",
                              " ",
                              "74, 74",
                              "74,74",
                              "74,",
                              ",74",
                              "74 74",
                              "7 4",
                              "+74",
                              "-74",
                              "-0",
                              "+0",
                              "0x4A",
                              "4h",
                              "74.0",
                              "7.4e1",
                              "74;a",
                              "\"74\"",
                              "seventy-four",
                              "74\xA0",
                              "\xD9\xA7\xD9\xA4",
                              "1_000",
                              "00000000000000000074",
                              "18446744073709551616",
                              "18446744073709551690",
                              "9223372036854775808",
                              "99999999999999999999999999",
                              "4294967369L",
                              "NaN",
                              "%37%34",
                              "(74)",
                              "74\t3"})
        refuse(shown(value), "Content-Length: "s + value + "\r\n");
    for (const char* name :
         {"Content_Length", "CONTENT_LENGTH", "Content-Length-", "-Content-Length", "Content--Length",
          "ContentLength", "Content.Length", "'Content-Length'", "Content-Length~", "Content-Length|"})
        refuse("as "s + name, length_field() + name + ": 5\r\n");
}

void add_codings(std::vector<wire_request>& all) {
    const auto refuse = [&all](const std::string& label, const std::string& fields) {
        all.push_back({"coding: " + label, unframed(fields, one_chunk() + "0\r\n\r\n"), {400}});
    };
    refuse("behind a length", length_field() + "Transfer-Encoding: chunked\r\n");
    refuse("before a length", "Transfer-Encoding: chunked\r\n" + length_field());
    refuse("behind a length of zero", length_field(0) + "Transfer-Encoding: chunked\r\n");
    refuse("identity and a length", length_field() + "Transfer-Encoding: identity\r\n");
    refuse("twice chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
    refuse("chunked, then identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n");
    refuse("identity, then chunked", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n");
    refuse("gzip, then chunked", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n");
    refuse("chunked, then nothing", "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n");
    for (const char* value : {"",
                              "identity",
                              "gzip",
                              "deflate",
                              "compress",
                              "br",
                              "chunked, gzip",
                              "gzip, chunked",
                              "chunked, chunked",
                              "chunked, identity",
                              "identity, chunked",
                              "chunked,",
                              ",chunked",
                              "chunked;q=1",
                              "chunked; a=b",
                              "\"chunked\"",
                              "'chunked'",
                              "xchunked",
                              "chunkedx",
                              "x-chunked",
                              "chunk",
                              "chunked chunked",
                              "ch unked",
                              "chunked\xA0",
                              "chunked\xC2\x85",
                              "\xE1\xB8\xB1hunked",
                              "chunKed\\",
                              "chunked\t,gzip",
                              "cow",
                              "null"})
        refuse(shown(value), "Transfer-Encoding: "s + value + "\r\n");
    for (const char* name :
         {"Transfer_Encoding", "TRANSFER_ENCODING", "Transfer-Encoding-", "Transfer--Encoding",
          "TransferEncoding", "'Transfer-Encoding", "Transfer-Encoding`", "Transfer.Encoding"}) {
        all.push_back({"coding: a length beside "s + name, post(name + ": chunked\r\n"s), {400}});
    }
    all.push_back({"coding: in HTTP/1.0",
                   request_of("POST /webhooks/outreach HTTP/1.0\r\n", "Transfer-Encoding: chunked\r\n",
                              one_chunk() + "0\r\n\r\n"),
                   {400}});
}

/// A second request, hidden behind a first that parsers end at different places.
void add_smuggling(std::vector<wire_request>& all) {
    const std::string hidden = smuggled();
    all.push_back(
        {"smuggled: CL.TE",
         unframed(length_field(5 + hidden.size()) + "Transfer-Encoding: chunked\r\n", "0\r\n\r\n" + hidden),
         {400}});
    all.push_back(
        {"smuggled: TE.CL",
         unframed("Transfer-Encoding: chunked\r\n" + length_field(4), "5c\r\n" + hidden + "\r\n0\r\n\r\n"),
         {400}});
    all.push_back(
        {"smuggled: CL.CL", unframed(length_field(0) + length_field(hidden.size()), hidden), {400}});
    all.push_back({"smuggled: TE.TE",
                   unframed("Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n" + length_field(4),
                            "5c\r\n" + hidden + "\r\n0\r\n\r\n"),
                   {400}});
    all.push_back({"smuggled: a GET with a length and a body", // one request to us, and a 405
                   request_of("GET /webhooks/outreach HTTP/1.1\r\n", length_field(hidden.size()), hidden),
                   {405}});
    all.push_back({"smuggled: served, then an unsigned one", post() + smuggled(), {200, 401}});
    all.push_back({"smuggled: served, then garbage", post() + "\r\n\r\n", {200, 400}});
    all.push_back({"smuggled: served, then more than its length", post() + "xyz\r\n", {200, 400}});
    all.push_back({"smuggled: served, then a bare LF", post() + "\n", {200, 400}});
    all.push_back({"smuggled: less than its length is the next one's",
                   unframed(length_field(wire_body.size() - 1)),
                   {401}});
    all.back().bytes += "\r\n\r\n"; // the byte left over begins a request that can't be one
    all.back().answers.push_back(400);
    all.push_back({"smuggled: a length without a body in HTTP/1.0, then another",
                   request_of("POST /webhooks/outreach HTTP/1.0\r\n", length_field(0), smuggled()),
                   {401}}); // HTTP/1.0 closes: the second is never read
}

/// Signatures in the wrong number or place: judged as ones that fail.
void add_signatures(std::vector<wire_request>& all) {
    const std::string zeros(64, '0');
    const std::string line = "POST /webhooks/outreach HTTP/1.1\r\nHost: hooks.example.com\r\n";
    const std::string rest = length_field() + "\r\n" + std::string{wire_body};
    all.push_back({"signature: none", line + rest, {401}});
    all.push_back({"signature: empty", line + "Outreach-Webhook-Signature:\r\n" + rest, {401}});
    all.push_back({"signature: wrong", line + "Outreach-Webhook-Signature: " + zeros + "\r\n" + rest, {401}});
    all.push_back(
        {"signature: right, then wrong", post("Outreach-Webhook-Signature: " + zeros + "\r\n"), {401}});
    all.push_back({"signature: wrong, then right",
                   line + "Outreach-Webhook-Signature: " + zeros + "\r\n" + signature_field() + rest,
                   {401}});
    all.push_back({"signature: twice right", post(signature_field()), {401}});
    all.push_back({"signature: twice right in different case",
                   post("OUTREACH-WEBHOOK-SIGNATURE: " + std::string{signature_place} + "\r\n"),
                   {401}});
    all.push_back({"signature: with underscores",
                   line + "Outreach_Webhook_Signature: " + std::string{signature_place} + "\r\n" + rest,
                   {401}});
    all.push_back({"signature: a list",
                   line + "Outreach-Webhook-Signature: " + std::string{signature_place} + "," +
                       std::string{signature_place} + "\r\n" + rest,
                   {401}});
    all.push_back({"signature: in the query",
                   "POST /webhooks/outreach?Outreach-Webhook-Signature=" + std::string{signature_place} +
                       " HTTP/1.1\r\nHost: hooks.example.com\r\n" + rest,
                   {401}});
    all.push_back(
        {"signature: in a trailer",
         line + "Transfer-Encoding: chunked\r\n\r\n" + one_chunk() + "0\r\n" + signature_field() + "\r\n",
         {400}});
    all.push_back({"signature: in a trailer that was announced",
                   line + "Trailer: Outreach-Webhook-Signature\r\nTransfer-Encoding: chunked\r\n\r\n" +
                       one_chunk() + "0\r\n" + signature_field() + "\r\n",
                   {400}});
}

void add_limits(std::vector<wire_request>& all) {
    all.push_back(
        {"limit: a long target",
         with_line("POST /webhooks/outreach?" + std::string(wire_head_bytes_max, 'a') + " HTTP/1.1\r\n"),
         {431}});
    all.push_back({"limit: a long method",
                   with_line(std::string(wire_head_bytes_max, 'P') + " / HTTP/1.1\r\n"),
                   {431}});
    all.push_back({"limit: a long name", post(std::string(wire_head_bytes_max, 'x') + ": a\r\n"), {431}});
    all.push_back(
        {"limit: a long value", post("X-A: " + std::string(wire_head_bytes_max, 'a') + "\r\n"), {431}});
    std::string many_fields;
    while (many_fields.size() <= wire_head_bytes_max)
        many_fields += "a:\r\n";
    all.push_back({"limit: fields without end", post(many_fields), {431}});
    const std::string head = post("X-A: \r\n");
    const std::size_t head_bytes = head.size() - wire_body.size();
    all.push_back({"limit: one byte over",
                   post("X-A: " + std::string(wire_head_bytes_max + 1 - head_bytes, 'a') + "\r\n"),
                   {431}});
    all.push_back(
        {"limit: a body one byte over", unframed(length_field(wire_body_bytes_max + 1), ""), {413}});
    all.push_back({"limit: a body far over", unframed("Content-Length: 9223372036854775807\r\n", ""), {413}});
    all.push_back({"limit: a chunk one byte over", chunked("1000001\r\n"), {413}});
    all.push_back({"limit: chunks together one byte over", chunked(one_chunk() + "FFFFB7\r\n"), {413}});
    all.push_back({"limit: a chunk of 2^64-1", chunked("FFFFFFFFFFFFFFFF\r\n"), {413}});
    all.push_back(
        {"limit: a chunk that overflows the sum", chunked(one_chunk() + "FFFFFFFFFFFFFFB6\r\n"), {413}});
    all.push_back({"limit: a long extension", chunked("1;a=" + std::string(70'000, 'a')), {431}});
    all.push_back({"limit: a long trailer", chunked("0\r\nX-A: " + std::string(70'000, 'a')), {431}});
}

} // namespace

std::vector<wire_request> hostile_requests() {
    std::vector<wire_request> all = hostile_chunks();
    add_request_lines(all);
    add_fields(all);
    add_hosts(all);
    add_lengths(all);
    add_codings(all);
    add_smuggling(all);
    add_signatures(all);
    add_limits(all);
    return all;
}

} // namespace outreachd::tests
