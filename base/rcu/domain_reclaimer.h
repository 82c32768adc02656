// DomainReclaimer: a Reclaimer whose readers are an RcuDomain's. Commits have
// numbers of their own, since others may advance the domain's epoch, too; this
// remembers which epoch came with which commit.
//
//    commit   40      41            42
//    epoch    73      74     75     76      oldest 75: nobody sees less than 41
//                            ^ not a commit's
//
// THREAD SAFETY, COST  As Reclaimer. Published() and OldestVisible() wait for
//   nobody; the first look after a commit executes a membarrier(2).

#ifndef PLANISH_BASE_RCU_DOMAIN_RECLAIMER_H_
#define PLANISH_BASE_RCU_DOMAIN_RECLAIMER_H_

#include <cstdint>
#include <deque>

#include "planish/base/rcu/rcu_domain.h"
#include "planish/base/reclaimer.h"

namespace planish {

class DomainReclaimer final : public Reclaimer {
 public:
  // `domain` outlives this.
  explicit DomainReclaimer(RcuDomain& domain) : domain_(domain) {}

  void Published(uint64_t commit) override {
    marks_.push_back({domain_.Advance(), commit});
  }
  uint64_t OldestVisible() const override {
    if (marks_.empty()) return oldest_;
    const uint64_t epoch = domain_.Oldest();
    while (!marks_.empty() && marks_.front().epoch <= epoch) {
      oldest_ = marks_.front().commit;
      marks_.pop_front();
    }
    return oldest_;
  }

 private:
  struct Mark {
    uint64_t epoch;
    uint64_t commit;
  };
  RcuDomain& domain_;
  // What has passed is forgotten when somebody asks.
  mutable std::deque<Mark> marks_;
  mutable uint64_t oldest_ = 0;
};

}  // namespace planish

#endif  // PLANISH_BASE_RCU_DOMAIN_RECLAIMER_H_
