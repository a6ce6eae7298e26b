/// A strict reader of Prometheus' text format 0.0.4, for tests.

// GCC 12 takes parts of std::regex for uninitialized under AddressSanitizer (its bug 105562).
#ifdef OUTREACHD_SANITIZED
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "tests/unit/metrics/exposition.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

namespace outreachd::testing {
namespace {

const std::regex name_form{"[a-zA-Z_:][a-zA-Z0-9_:]*"};
const std::regex label_form{"[a-zA-Z_][a-zA-Z0-9_]*"};

/// The family that a sample belongs to: a histogram's samples have a suffix of their own.
std::string family_of(const std::string& sample_name, const std::map<std::string, std::string>& types) {
    for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
        if (!sample_name.ends_with(suffix))
            continue;
        const std::string base = sample_name.substr(0, sample_name.size() - suffix.size());
        if (const auto found = types.find(base); found != types.end() && found->second == "histogram")
            return base;
    }
    return sample_name;
}

std::optional<double> read_value(const std::string& text) {
    if (text == "+Inf")
        return std::numeric_limits<double>::infinity();
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || end != text.c_str() + text.size())
        return std::nullopt;
    return value;
}

/// Reads `name{label="value",...} value`; nothing where it has another form.
std::optional<sample> read_sample(const std::string& line) {
    sample found;
    std::size_t at = line.find_first_of("{ ");
    if (at == std::string::npos)
        return std::nullopt;
    found.name = line.substr(0, at);
    if (!std::regex_match(found.name, name_form))
        return std::nullopt;
    if (line[at] == '{') {
        ++at;
        while (at < line.size() && line[at] != '}') {
            const std::size_t equals = line.find('=', at);
            if (equals == std::string::npos || equals + 1 >= line.size() || line[equals + 1] != '"')
                return std::nullopt;
            const std::string label = line.substr(at, equals - at);
            if (!std::regex_match(label, label_form))
                return std::nullopt;
            std::string value;
            for (at = equals + 2; at < line.size() && line[at] != '"'; ++at) {
                if (line[at] == '\\') {
                    ++at;
                    if (at >= line.size() || (line[at] != '\\' && line[at] != '"' && line[at] != 'n'))
                        return std::nullopt;
                    value += line[at] == 'n' ? '\n' : line[at];
                } else {
                    value += line[at];
                }
            }
            if (at >= line.size() || !found.labels.emplace(label, value).second)
                return std::nullopt;
            ++at;
            if (at < line.size() && line[at] == ',')
                ++at;
        }
        if (at + 1 >= line.size() || line[at + 1] != ' ')
            return std::nullopt;
        ++at;
    }
    const auto value = read_value(line.substr(at + 1));
    if (!value)
        return std::nullopt;
    found.value = *value;
    return found;
}

/// Takes `le` out of the labels of a bucket.
double take_bound(std::map<std::string, std::string>& labels) {
    const auto bound = labels.find("le");
    if (bound == labels.end())
        return std::numeric_limits<double>::quiet_NaN();
    const auto value = read_value(bound->second);
    labels.erase(bound);
    return value.value_or(std::numeric_limits<double>::quiet_NaN());
}

void check_histogram(exposition& all, const std::string& family) {
    std::map<std::map<std::string, std::string>, std::vector<std::pair<double, double>>> buckets;
    for (const sample& each : all.samples) {
        if (each.name != family + "_bucket")
            continue;
        auto labels = each.labels;
        const double bound = take_bound(labels);
        buckets[labels].emplace_back(bound, each.value);
    }
    if (buckets.empty())
        all.problems.push_back("histogram without a bucket: " + family);
    for (const auto& [labels, series] : buckets) {
        for (std::size_t at = 1; at < series.size(); ++at) {
            if (!(series[at - 1].first < series[at].first) || series[at - 1].second > series[at].second)
                all.problems.push_back("buckets out of order or not cumulative: " + family);
        }
        if (!std::isinf(series.back().first))
            all.problems.push_back("no +Inf bucket at the end: " + family);
        if (!all.has(family + "_count", labels) || !all.has(family + "_sum", labels))
            all.problems.push_back("no _count or _sum: " + family);
        else if (all.value(family + "_count", labels) != series.back().second)
            all.problems.push_back("_count is not the +Inf bucket: " + family);
    }
}

} // namespace

bool exposition::has(const std::string& name, const std::map<std::string, std::string>& labels) const {
    for (const sample& each : samples) {
        if (each.name == name && each.labels == labels)
            return true;
    }
    return false;
}

double exposition::value(const std::string& name, const std::map<std::string, std::string>& labels) const {
    for (const sample& each : samples) {
        if (each.name == name && each.labels == labels)
            return each.value;
    }
    ADD_FAILURE() << "no sample of " << name << " with these labels";
    return std::numeric_limits<double>::quiet_NaN();
}

exposition read_exposition(const std::string& text) {
    exposition all;
    const auto complain = [&](const std::string& what, const std::string& line) {
        all.problems.push_back(what + ": " + line);
    };
    std::set<std::string> with_help;
    std::set<std::string> finished;
    std::set<std::pair<std::string, std::map<std::string, std::string>>> seen;
    std::string current;
    if (!text.ends_with('\n'))
        complain("the last line has no end", "");
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line};
        std::string first;
        std::string kind;
        std::string name;
        if (line.starts_with("#")) {
            words >> first >> kind >> name;
            if (kind == "HELP" && !with_help.insert(name).second)
                complain("HELP twice", line);
            if (kind == "TYPE") {
                std::string type;
                words >> type;
                if (type != "counter" && type != "gauge" && type != "histogram")
                    complain("unknown type", line);
                if (type == "counter" && !name.ends_with("_total"))
                    complain("counter without _total", line);
                if (!all.types.emplace(name, type).second)
                    complain("TYPE twice", line);
                if (!with_help.contains(name))
                    complain("TYPE without HELP before it", line);
                if (!current.empty())
                    finished.insert(current);
                current = name;
            }
            continue;
        }
        const auto found = read_sample(line);
        if (!found) {
            complain("not a sample", line);
            continue;
        }
        const std::string family = family_of(found->name, all.types);
        if (!all.types.contains(family))
            complain("sample before its TYPE", line);
        if (family != current || finished.contains(family))
            complain("sample outside its family", line);
        if (!seen.emplace(found->name, found->labels).second)
            complain("sample twice", line);
        if (all.types[family] == "counter" && found->value < 0)
            complain("negative counter", line);
        all.samples.push_back(*found);
    }
    for (const auto& [family, type] : std::map{all.types}) {
        if (type == "histogram")
            check_histogram(all, family);
    }
    return all;
}

} // namespace outreachd::testing
