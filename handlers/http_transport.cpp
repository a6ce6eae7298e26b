#include "handlers/http_transport.hpp"

#include "daemon/text/ascii.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <stdexcept>

#include <curl/curl.h>
#include <sys/socket.h>

namespace outreachd::handlers {

namespace {

constexpr long connect_timeout_ms = 10'000;
/// Below the minute after which load balancers drop idle connections, often without a word.
constexpr long idle_seconds_max = 50;
/// Hosts whose connections a handle keeps. Never two of one host: libcurl 7.88 gives up after five dead
/// connections (curl issue 10646), and so finds one at most.
constexpr long connections_max = 4;
constexpr std::size_t head_bytes_max = 64UL * 1024;

using header_list = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(handle, option, value);
    if (code != CURLE_OK)
        throw std::runtime_error("libcurl refuses option " + std::to_string(static_cast<int>(option)) + ": " +
                                 curl_easy_strerror(code));
}

/// Programs that other handlers start mustn't inherit our connections.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

constexpr std::string_view line_white = " \t\r\n";

void append(header_list& to, const std::string& line) {
    curl_slist* const longer = curl_slist_append(to.get(), line.c_str());
    if (longer == nullptr)
        throw std::bad_alloc{};
    static_cast<void>(to.release());
    to.reset(longer);
}

header_list make_headers(const http_request& request) {
    header_list list{nullptr, curl_slist_free_all};
    bool has_type = false;
    for (const header& one : request.headers) {
        // To libcurl `Name:` takes a header away, and `Name;` is one without a value.
        append(list, trimmed(one.value, line_white).empty() ? one.name + ";" : one.name + ": " + one.value);
        has_type = has_type || is_same_in_any_case(one.name, "content-type");
    }
    append(list, "Expect:");
    if (!has_type)
        append(list, "Content-Type:");
    return list;
}

std::string in_seconds(std::chrono::milliseconds time) {
    const auto ms = time.count();
    return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

void initialise_once() {
    static const bool is_initialised = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!is_initialised)
        throw std::runtime_error("libcurl can't be initialised");
}

} // namespace

/// One handle and the connections it keeps. One thread at a time.
class http_transport::connection {
public:
    explicit connection(const http_rules& rules) : rules_(rules), handle_(curl_easy_init()) {
        if (!handle_)
            throw std::bad_alloc{};
        set_rules();
        set_reading();
    }

    http_answer send(const http_request& request) {
        using std::chrono::milliseconds;
        answer_ = {};
        head_bytes_ = body_bytes_ = 0;
        sends_ = 0;
        is_repeatable_ = request.is_repeatable;
        is_head_ = is_head_too_long_ = is_cut_ = false;
        error_text_[0] = '\0';
        const auto left =
            std::chrono::ceil<milliseconds>(request.deadline - std::chrono::steady_clock::now());
        if (left <= milliseconds::zero()) {
            answer_.problem = "there was no time left for it";
            return std::move(answer_);
        }
        const header_list headers = make_headers(request);
        set_request(request, headers.get(), left);
        const CURLcode code = curl_easy_perform(handle_.get());
        // None of them outlives the request.
        set(handle_.get(), CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
        set(handle_.get(), CURLOPT_POSTFIELDS, static_cast<const char*>(nullptr));
        long status = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
        answer_.status = static_cast<int>(status);
        answer_.was_sent = sends_ > 0;
        answer_.is_too_long = is_cut_;
        if (code != CURLE_OK && !is_cut_)
            answer_.problem = words_for(code, left);
        else if (is_head_ || status == 0) // libcurl is content with a head that ends anywhere
            answer_.problem = "the answer broke off in its headers";
        return std::move(answer_);
    }

private:
    struct deleter {
        void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
    };

    void set_rules() {
        CURL* const handle = handle_.get();
        set(handle, CURLOPT_NOSIGNAL, 1L);
        // Else a request whose deadline passes while a name is looked up would wait for the resolver.
        set(handle, CURLOPT_QUICK_EXIT, 1L);
        set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
        set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(handle, CURLOPT_FOLLOWLOCATION, 0L);
        set(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        set(handle, CURLOPT_PATH_AS_IS, 1L);
        set(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
        set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
        set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        set(handle, CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        if (!rules_.authorities.empty()) {
            // The blob takes the place of the system's file, but not of its directory.
            curl_blob blob{const_cast<char*>(rules_.authorities.data()), rules_.authorities.size(),
                           CURL_BLOB_NOCOPY};
            set(handle, CURLOPT_CAINFO_BLOB, &blob);
            set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
        }
        if (rules_.proxy) {
            set(handle, CURLOPT_PROXY, rules_.proxy->c_str());
            set(handle, CURLOPT_NOPROXY, "");
        }
        set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        set(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
        set(handle, CURLOPT_MAXCONNECTS, connections_max);
        set(handle, CURLOPT_MAXAGE_CONN, idle_seconds_max);
        set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
        set(handle, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
        set(handle, CURLOPT_PREREQFUNCTION, &begin_sending);
        set(handle, CURLOPT_PREREQDATA, static_cast<void*>(this));
    }

    void set_reading() {
        CURL* const handle = handle_.get();
        set(handle, CURLOPT_ERRORBUFFER, error_text_.data());
        set(handle, CURLOPT_HEADERFUNCTION, &take_header);
        set(handle, CURLOPT_HEADERDATA, static_cast<void*>(this));
        set(handle, CURLOPT_WRITEFUNCTION, &take_body);
        set(handle, CURLOPT_WRITEDATA, static_cast<void*>(this));
    }

    void set_request(const http_request& request, curl_slist* headers, std::chrono::milliseconds left) {
        CURL* const handle = handle_.get();
        set(handle, CURLOPT_URL, request.url.c_str());
        if (request.body) {
            set(handle, CURLOPT_POST, 1L);
            // Without a pointer libcurl would ask for the content by a function, even of no bytes.
            set(handle, CURLOPT_POSTFIELDS, request.body->empty() ? "" : request.body->data());
            set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
        } else {
            set(handle, CURLOPT_HTTPGET, 1L);
        }
        set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        set(handle, CURLOPT_HTTPHEADER, headers);
        set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
    }

    /// Called each time that a connection stands and nothing of the request has been sent on it.
    static int begin_sending(void* self, char*, char*, int, int) {
        auto& own = *static_cast<connection*>(self);
        if (own.sends_ > 0 && !own.is_repeatable_)
            return CURL_PREREQFUNC_ABORT;
        ++own.sends_;
        return CURL_PREREQFUNC_OK;
    }

    static std::size_t take_header(char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<connection*>(self)->take_header_line({data, size}) ? size : 0;
    }

    static std::size_t take_body(char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<connection*>(self)->take_body_piece({data, size}) ? size : 0;
    }

    /// Several heads may come: interim answers, and in the end trailers, which are none.
    bool take_header_line(std::string_view line) {
        head_bytes_ += line.size();
        if (head_bytes_ > head_bytes_max) {
            is_head_too_long_ = true;
            return false;
        }
        if (line.starts_with("HTTP/")) {
            answer_.headers.clear();
            is_head_ = true;
            return true;
        }
        const auto colon = line.find(':');
        if (trimmed(line, line_white).empty())
            is_head_ = false;
        else if (is_head_ && colon != std::string_view::npos)
            answer_.headers.push_back(
                {to_lower(line.substr(0, colon)), std::string{trimmed(line.substr(colon + 1), line_white)}});
        return true;
    }

    bool take_body_piece(std::string_view piece) {
        body_bytes_ += piece.size();
        const std::size_t room =
            rules_.body_bytes_kept - std::min(rules_.body_bytes_kept, answer_.body.size());
        answer_.body.append(piece.substr(0, room));
        is_cut_ = body_bytes_ > rules_.body_bytes_max;
        return !is_cut_;
    }

    std::string words_for(CURLcode code, std::chrono::milliseconds left) const {
        std::string curls = error_text_[0] == '\0' ? curl_easy_strerror(code) : error_text_.data();
        switch (code) {
        case CURLE_OPERATION_TIMEDOUT:
            return words_for_timeout(left);
        case CURLE_ABORTED_BY_CALLBACK: // by `begin_sending`
            return "the connection was lost before an answer came";
        case CURLE_GOT_NOTHING:
            return "the connection was closed without an answer";
        case CURLE_PARTIAL_FILE:
            return "the answer broke off: " + curls;
        case CURLE_WRITE_ERROR:
            if (is_head_too_long_)
                return "the answer's headers are longer than 64 KiB";
            return curls;
        case CURLE_PEER_FAILED_VERIFICATION:
            return curls + " (if its CA is one of your own, give it as 'ca')";
        case CURLE_COULDNT_RESOLVE_PROXY:
            // Here, and where it can't use its scheme, libcurl may repeat the proxy's URL, password and all.
            return "the proxy's name can't be resolved, or its URL can't be used";
        default:
            return curls.find("Unsupported proxy") == std::string::npos ? curls
                                                                        : "the proxy's URL can't be used";
        }
    }

    std::string words_for_timeout(std::chrono::milliseconds left) const {
        curl_off_t connected_us = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_PRETRANSFER_TIME_T, &connected_us);
        const std::chrono::milliseconds connect_timeout{connect_timeout_ms};
        if (connected_us == 0)
            return "no connection within " + in_seconds(std::min(left, connect_timeout));
        return (answer_.headers.empty() && body_bytes_ == 0 ? "no answer within "
                                                            : "no whole answer within ") +
               in_seconds(left);
    }

    const http_rules& rules_;
    std::unique_ptr<CURL, deleter> handle_;
    std::array<char, CURL_ERROR_SIZE> error_text_{};
    http_answer answer_;
    std::size_t head_bytes_ = 0;
    std::size_t body_bytes_ = 0;
    int sends_ = 0;
    bool is_repeatable_ = true;
    bool is_head_ = false;
    bool is_head_too_long_ = false;
    bool is_cut_ = false; ///< By us, since the body is too long.
};

std::string_view http_answer::field(std::string_view name) const noexcept {
    const auto found =
        std::find_if(headers.begin(), headers.end(), [&](const header& one) { return one.name == name; });
    return found == headers.end() ? std::string_view{} : std::string_view{found->value};
}

http_transport::http_transport(http_rules rules) : rules_(std::move(rules)) {
    initialise_once();
}

http_transport::~http_transport() = default;

http_answer http_transport::send(const http_request& request) {
    std::unique_ptr<connection> taken = take();
    http_answer answer = taken->send(request);
    give_back(std::move(taken));
    return answer;
}

std::unique_ptr<http_transport::connection> http_transport::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            std::unique_ptr<connection> warmest = std::move(idle_.back());
            idle_.pop_back();
            return warmest;
        }
    }
    return std::make_unique<connection>(rules_);
}

void http_transport::give_back(std::unique_ptr<connection> used) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(used));
}

} // namespace outreachd::handlers
