/// Whether a `where` wants an event.
#include "daemon/dispatch/condition.hpp"

#include <gtest/gtest.h>

namespace outreachd::dispatch {
namespace {

using kind = condition_verdict::kind;
using answers = std::vector<expression::answer>;

const expression::answer yes{{"true"}, {}, false};
const expression::answer no{{"false"}, {}, false};
const expression::answer broken{{}, "cannot index number", false};
const expression::answer killed{{}, "its process was killed", true};

TEST(Condition, FalseNullAndNothingAreNo) {
    for (const auto& results : std::vector<std::vector<std::string>>{{"false"}, {"null"}, {}})
        EXPECT_EQ(weigh(answers{{results, {}, false}}).said, kind::unwanted);
    for (const char* const result : {"true", "0", "\"\"", "[]", "{}", "\"false\""})
        EXPECT_EQ(weigh(answers{{{result}, {}, false}}).said, kind::wanted) << result;
}

TEST(Condition, OneProgramThatWantsItIsEnough) {
    EXPECT_EQ(weigh(answers{no, no}).said, kind::unwanted);
    EXPECT_EQ(weigh(answers{no, yes}).said, kind::wanted);
    EXPECT_EQ(weigh(answers{broken, yes}).said, kind::wanted);
    EXPECT_EQ(weigh(answers{yes, broken}).said, kind::wanted);
    EXPECT_EQ(weigh({}).said, kind::unwanted);
}

TEST(Condition, AProblemLeavesItUndecidedWhereNobodyWantsIt) {
    const auto verdict = weigh(answers{no, broken, no});
    EXPECT_EQ(verdict.said, kind::undecided);
    EXPECT_NE(verdict.problem.find("cannot index number"), std::string::npos);
    EXPECT_FALSE(verdict.is_transient);
}

TEST(Condition, SeveralResultsAreAProblem) {
    const auto verdict = weigh(answers{{{"false", "true"}, {}, false}});
    EXPECT_EQ(verdict.said, kind::undecided);
    EXPECT_NE(verdict.problem.find("2 results"), std::string::npos);
}

TEST(Condition, MayPassWhereOneProblemMayAndTellsTheOneThatWont) {
    EXPECT_TRUE(weigh(answers{no, killed}).is_transient);
    EXPECT_TRUE(weigh(answers{killed, killed}).is_transient);
    for (const answers& both : {answers{killed, broken}, answers{broken, killed}}) {
        EXPECT_TRUE(weigh(both).is_transient);
        EXPECT_NE(weigh(both).problem.find("cannot index number"), std::string::npos);
    }
    EXPECT_FALSE(weigh(answers{broken, no}).is_transient);
    EXPECT_FALSE(weigh(answers{killed, yes}).is_transient);
}

TEST(Condition, WithoutRoutesNobodyWantsItAndWithoutAnEngineNobodyKnows) {
    const event subject;
    EXPECT_EQ(judge_conditions({}, subject, nullptr).said, kind::unwanted);
    const auto verdict = judge_conditions({".a"}, subject, nullptr);
    EXPECT_EQ(verdict.said, kind::undecided);
    EXPECT_NE(verdict.problem, "");
}

} // namespace
} // namespace outreachd::dispatch
