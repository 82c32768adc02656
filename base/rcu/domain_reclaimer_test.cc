#include "planish/base/rcu/domain_reclaimer.h"

#include <memory>

#include "gtest/gtest.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/rcu/read_guard.h"

namespace planish {
namespace {

TEST(DomainReclaimerTest, WithoutReadersTheLastOnePublished) {
  RcuDomain domain;
  DomainReclaimer reclaimer(domain);
  EXPECT_EQ(reclaimer.OldestVisible(), 0u);
  reclaimer.Published(7);
  EXPECT_EQ(reclaimer.OldestVisible(), 7u);
  EXPECT_EQ(reclaimer.OldestVisible(), 7u);
}

TEST(DomainReclaimerTest, ReaderKeepsTheVersionThatItEntered) {
  RcuDomain domain;
  DomainReclaimer reclaimer(domain);
  reclaimer.Published(1);
  auto guard = std::make_unique<ReadGuard>(domain);
  reclaimer.Published(2);
  reclaimer.Published(3);
  EXPECT_EQ(reclaimer.OldestVisible(), 1u);
  guard.reset();
  EXPECT_EQ(reclaimer.OldestVisible(), 3u);
}

TEST(DomainReclaimerTest, EpochsOfOthersAreNobodysVersion) {
  RcuDomain domain;
  DomainReclaimer reclaimer(domain);
  reclaimer.Published(10);
  domain.Advance();
  auto guard = std::make_unique<ReadGuard>(domain);
  domain.Advance();
  reclaimer.Published(11);
  domain.Advance();
  EXPECT_EQ(reclaimer.OldestVisible(), 10u);
  guard.reset();
  EXPECT_EQ(reclaimer.OldestVisible(), 11u);
}

TEST(DomainReclaimerTest, NeverGoesBack) {
  RcuDomain domain;
  DomainReclaimer reclaimer(domain);
  reclaimer.Published(1);
  reclaimer.Published(2);
  EXPECT_EQ(reclaimer.OldestVisible(), 2u);
  // Later readers see 2 at least.
  const ReadGuard guard(domain);
  reclaimer.Published(3);
  EXPECT_EQ(reclaimer.OldestVisible(), 2u);
}

}  // namespace
}  // namespace planish
