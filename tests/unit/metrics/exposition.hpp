/// A strict reader of Prometheus' text format 0.0.4, for tests.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace outreachd::testing {

struct sample {
    std::string name;
    std::map<std::string, std::string> labels;
    double value = 0;
};

struct exposition {
    std::vector<sample> samples;
    std::map<std::string, std::string> types; ///< By family.
    std::vector<std::string> problems;        ///< Each break of the format, in words.

    /// The value of the sample with exactly these labels; fails the test and gives NaN where there is none.
    double value(const std::string& name, const std::map<std::string, std::string>& labels = {}) const;
    bool has(const std::string& name, const std::map<std::string, std::string>& labels = {}) const;
};

/// Reads `text` and checks it: HELP and TYPE once for each family and before its samples, families
/// together, names and labels of the allowed form, no sample twice, histograms cumulative with `+Inf`
/// equal to `_count`, counters named `_total` and not negative.
exposition read_exposition(const std::string& text);

} // namespace outreachd::testing
