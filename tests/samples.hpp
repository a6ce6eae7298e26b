/// The sample bodies with their signatures and facts, for any test that needs real input.
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace outreachd::tests {

/// The secret that the published signatures were made with.
inline constexpr const char* sample_secret = "foo";

struct sample {
    std::string file;
    std::string body;
    std::string signature;
    std::string name;
    std::string resource_id;
    std::string delivered_at; ///< RFC 3339 in UTC.
    std::string job_id;       ///< Empty where there is none.
};

inline std::string sample_path(const std::string& file) {
    return std::string{OUTREACHD_SAMPLES} + "/" + file;
}

/// Throws where a file can't be read: a test without its input must not pass.
inline std::string read_sample_file(const std::string& file) {
    std::ifstream stream{sample_path(file), std::ios::binary};
    if (!stream)
        throw std::runtime_error{"can't read the sample " + sample_path(file)};
    return {std::istreambuf_iterator<char>{stream}, {}};
}

inline std::vector<sample> load_samples() {
    std::map<std::string, std::string> signatures;
    std::ifstream signature_lines{sample_path("SIGNATURES.txt")};
    for (std::string signature, file; signature_lines >> signature >> file;)
        signatures[file] = signature;

    std::vector<sample> samples;
    std::ifstream fact_lines{sample_path("FACTS.txt")};
    for (sample one;
         fact_lines >> one.name >> one.resource_id >> one.delivered_at >> one.job_id >> one.file;) {
        if (one.job_id == "-")
            one.job_id.clear();
        one.body = read_sample_file(one.file);
        one.signature = signatures.at(one.file);
        samples.push_back(one);
    }
    return samples;
}

} // namespace outreachd::tests
