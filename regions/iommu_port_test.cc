#include "planish/regions/iommu_port.h"

#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "planish/base/addr.h"
#include "planish/base/check.h"
#include "planish/base/rcu/rcu_domain.h"
#include "planish/regions/access_attributes.h"
#include "planish/regions/iommu_ops.h"
#include "planish/regions/iotlb_log.h"

namespace planish {
namespace {

// Says what it was given to say, span by span.
struct Model {
  std::vector<IommuEntry> entries;
  uint8_t refused_kinds = 0;
  uint64_t asked = 0;

  static IommuEntry Translate(void* iommu, Addr offset, IommuAccess, uint32_t,
                              AccessAttributes) {
    Model& self = *static_cast<Model*>(iommu);
    ++self.asked;
    for (const IommuEntry& entry : self.entries) {
      if (entry.Contains(offset)) return entry;
    }
    return {};
  }
  static absl::Status AcceptKinds(void* iommu, uint8_t, uint8_t new_kinds) {
    const Model& self = *static_cast<Model*>(iommu);
    return (new_kinds & self.refused_kinds) == 0
               ? absl::OkStatus()
               : absl::UnimplementedError("no such events here");
  }
};

constexpr IommuOps kOps = {.translate = &Model::Translate,
                           .accept_kinds = &Model::AcceptKinds,
                           .num_indexes = 2};

// Writes down what it hears, in a list that several may share.
struct Ear {
  std::string name;
  std::vector<std::string>* heard;

  static void Hear(void* of, const IommuEvent& event) {
    const Ear& self = *static_cast<Ear*>(of);
    std::ostringstream out;
    out << self.name << ": "
        << (event.kind == IommuEvent::kMap     ? "map "
            : event.kind == IommuEvent::kUnmap ? "unmap "
                                               : "device-unmap ")
        << event.entry;
    self.heard->push_back(out.str());
  }
};

IommuEntry Entry(uint64_t first, uint64_t last, uint64_t translated,
                 IommuAccess allowed = IommuAccess::kReadWrite) {
  return {.first = Addr(first),
          .last = Addr(last),
          .translated = Addr(translated),
          .allowed = allowed};
}

class IommuPortTest : public ::testing::Test {
 protected:
  IommuPortTest()
      : port_(IommuPort::Create({&kOps, &model_, &log_}, ByteCount::TwoTo64())
                  .value()) {}

  IommuNotifier To(Ear& ear, uint8_t kinds,
                   AddrRange range = AddrRange::All()) {
    return {.kinds = kinds, .range = range, .notify = &Ear::Hear, .of = &ear};
  }
  IommuPort::NotifierId Add(const IommuNotifier& notifier) {
    return port_->AddNotifier(notifier).value();
  }
  void Notify(IommuEvent::Kind kind, const IommuEntry& entry) {
    const absl::Status status = port_->Notify({kind, 0, entry});
    EXPECT_TRUE(status.ok()) << status;
  }
  std::vector<std::string> Heard() { return std::exchange(heard_, {}); }

  RcuDomain domain_;
  IotlbLog log_{domain_};
  Model model_;
  std::unique_ptr<IommuPort> port_;
  std::vector<std::string> heard_;
  Ear a_{"a", &heard_};
  Ear b_{"b", &heard_};
  Ear c_{"c", &heard_};
};

using Lines = std::vector<std::string>;

TEST_F(IommuPortTest, NotifiersHearOfTheirKindsIndexAndRange) {
  Add(To(a_, IommuEvent::kMap));
  Add(To(b_, IommuEvent::kUnmap | IommuEvent::kDeviceUnmap,
         {Addr(0x2000), Addr(0x2fff)}));
  IommuNotifier other = To(c_, IommuEvent::kMap);
  other.index = 1;
  Add(other);
  Notify(IommuEvent::kMap, Entry(0x1000, 0x3fff, 0x9000));
  EXPECT_EQ(Heard(), (Lines{"a: map [0x1000, 0x3fff] -> 0x9000 rw- domain 0"}));
  // Cut, what it translates to as well; and not to whole powers of two.
  Notify(IommuEvent::kUnmap, Entry(0x1000, 0x27ff, 0x9000, IommuAccess::kNone));
  EXPECT_EQ(Heard(),
            (Lines{"b: unmap [0x2000, 0x27ff] -> 0xa000 --- domain 0"}));
  Notify(IommuEvent::kDeviceUnmap, Entry(0, UINT64_MAX, 0, IommuAccess::kNone));
  EXPECT_EQ(Heard(),
            (Lines{"b: device-unmap [0x2000, 0x2fff] -> 0x2000 --- domain 0"}));
  Notify(IommuEvent::kUnmap, Entry(0x3000, 0x3fff, 0, IommuAccess::kNone));
  EXPECT_EQ(Heard(), Lines());
}

TEST_F(IommuPortTest, TheHigherPriorityHearsFirstAndOfEqualsTheNewer) {
  IommuNotifier first = To(a_, IommuEvent::kMap);
  Add(first);
  Add(To(b_, IommuEvent::kMap));
  IommuNotifier low = To(c_, IommuEvent::kMap);
  low.priority = -1;
  Add(low);
  first.priority = 1;
  const IommuPort::NotifierId high = Add(first);
  Notify(IommuEvent::kMap, Entry(0, 0xfff, 0));
  const std::string said = ": map [0x0, 0xfff] -> 0x0 rw- domain 0";
  EXPECT_EQ(Heard(), (Lines{"a" + said, "b" + said, "a" + said, "c" + said}));
  ASSERT_TRUE(port_->RemoveNotifier(high).ok());
  EXPECT_EQ(port_->RemoveNotifier(high).code(), absl::StatusCode::kNotFound);
  Notify(IommuEvent::kMap, Entry(0, 0xfff, 0));
  EXPECT_EQ(Heard(), (Lines{"b" + said, "a" + said, "c" + said}));
}

TEST_F(IommuPortTest, TheModelMayRefuseANotifier) {
  model_.refused_kinds = IommuEvent::kMap;
  Add(To(a_, IommuEvent::kUnmap));
  EXPECT_EQ(port_->AddNotifier(To(b_, IommuEvent::kMap)).status().code(),
            absl::StatusCode::kUnimplemented);
  Notify(IommuEvent::kMap, Entry(0, 0xfff, 0));
  EXPECT_EQ(Heard(), Lines());
}

TEST_F(IommuPortTest, WhatMeansNothingIsRefused) {
  const auto expect_invalid = [](const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  };
  expect_invalid(port_->AddNotifier(To(a_, 0)).status());
  expect_invalid(port_->AddNotifier(To(a_, 8)).status());
  expect_invalid(port_->AddNotifier(To(a_, 1, {Addr(2), Addr(1)})).status());
  IommuNotifier notifier = To(a_, 1);
  notifier.index = 2;
  expect_invalid(port_->AddNotifier(notifier).status());
  expect_invalid(port_->Notify({IommuEvent::kUnmap, 0, Entry(0, 1, 0)}));
  expect_invalid(port_->Notify({IommuEvent::kMap, 2, Entry(0, 1, 0)}));
  expect_invalid(port_->Notify({IommuEvent::kMap, 0, Entry(1, 0, 0)}));
  expect_invalid(
      port_->Notify({static_cast<IommuEvent::Kind>(3), 0, Entry(0, 1, 0)}));
  EXPECT_EQ(log_.sequence(), 0u);
  // Without ops there is nothing; without a translate there can't be.
  EXPECT_EQ(IommuPort::Create({}, 0x1000).value(), nullptr);
  const IommuOps empty;
  expect_invalid(IommuPort::Create({&empty}, 0x1000).status());
  // Without a log, nobody can be told.
  const auto mute = IommuPort::Create({&kOps, &model_}, 0x1000).value();
  EXPECT_EQ(mute->AddNotifier(To(a_, 1)).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(IommuPortTest, UnmappingsAreLoggedAndMappingsAreNot) {
  Notify(IommuEvent::kMap, Entry(0, 0xfff, 0));
  EXPECT_EQ(log_.sequence(), 0u);
  Notify(IommuEvent::kUnmap, Entry(0x1000, 0x1fff, 0, IommuAccess::kNone));
  log_.InvalidateDomain(*port_, 7);
  log_.InvalidateAll();
  ASSERT_EQ(log_.sequence(), 3u);
  IotlbLog::Record record;
  ASSERT_TRUE(log_.Get(0, record));
  EXPECT_EQ(record.iommu, port_.get());
  EXPECT_EQ(record.range, (AddrRange{Addr(0x1000), Addr(0x1fff)}));
  EXPECT_EQ(record.index, 0u);
  EXPECT_EQ(record.domain, IotlbLog::kAny);
  ASSERT_TRUE(log_.Get(1, record));
  EXPECT_EQ(record.domain, 7u);
  ASSERT_TRUE(log_.Get(2, record));
  EXPECT_EQ(record.iommu, nullptr);
  // The 64th after it makes a record unsafe to read.
  for (int i = 0; i < 60; ++i) log_.InvalidateAll();
  EXPECT_TRUE(log_.Get(0, record));
  log_.InvalidateAll();
  EXPECT_FALSE(log_.Get(0, record));
  EXPECT_TRUE(log_.Get(1, record));
}

TEST_F(IommuPortTest, ReplayTellsOfAllThatIsMappedInTheRange) {
  model_.entries = {Entry(0x1000, 0x1fff, 0x8000),
                    Entry(0x2000, 0x7fff, 0, IommuAccess::kNone),
                    Entry(0x8000, UINT64_MAX, 0, IommuAccess::kRead)};
  IommuNotifier notifier =
      To(a_, IommuEvent::kMap, {Addr(0x1800), Addr(0x100000)});
  ASSERT_TRUE(port_->Replay(notifier).ok());
  EXPECT_EQ(Heard(), (Lines{"a: map [0x1800, 0x1fff] -> 0x8800 rw- domain 0",
                            "a: map [0x8000, 0x100000] -> 0x0 r-- domain 0"}));
  EXPECT_EQ(model_.asked, 3u);
  // To the very end of the space, and page by page where nothing is said.
  notifier.range = {Addr(0), Addr::Max()};
  model_.asked = 0;
  ASSERT_TRUE(port_->Replay(notifier).ok());
  EXPECT_EQ(Heard().size(), 2u);
  EXPECT_EQ(model_.asked, 4u);
  // A hole that goes on for ever costs what the caller allows.
  model_.entries.clear();
  model_.asked = 0;
  EXPECT_EQ(port_->Replay(notifier, 100).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(model_.asked, 100u);
}

TEST_F(IommuPortTest, NotifiersMayEditNotifiers) {
  struct Once {
    IommuPort* port;
    IommuPort::NotifierId id;
    int calls;
  } once = {port_.get(), 0, 0};
  once.id = Add({.kinds = IommuEvent::kMap,
                 .notify =
                     [](void* of, const IommuEvent&) {
                       Once& self = *static_cast<Once*>(of);
                       ++self.calls;
                       PLANISH_CHECK_OK(self.port->RemoveNotifier(self.id));
                     },
                 .of = &once});
  Notify(IommuEvent::kMap, Entry(0, 0xfff, 0));
  Notify(IommuEvent::kMap, Entry(0, 0xfff, 0));
  EXPECT_EQ(once.calls, 1);
}

TEST(IommuEntryTest, ABlockIsWhatItsMaskLeavesAroundTheOffset) {
  const IommuEntry entry = IommuEntry::Block(
      nullptr, Addr(0x12345), Addr(0x7abcdef), 0xffff, IommuAccess::kRead, 3);
  EXPECT_EQ(entry.first, Addr(0x10000));
  EXPECT_EQ(entry.last, Addr(0x1ffff));
  EXPECT_EQ(entry.TranslatedOf(Addr(0x12345)), Addr(0x7ab2345));
}

}  // namespace
}  // namespace planish
