#include "filler.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "common/member.hpp"

namespace restante::fill {
namespace {

/// In one batch. Enough that a sync costs nothing beside the rest, and little memory.
constexpr std::size_t changes_max = 10'000;

/// No lock is taken here, so no run of the hub can mistake one of these for its own.
constexpr std::uint32_t no_incarnation = 0;

core::HubRules rules_for(const Plan& plan) {
    core::HubRules rules;
    rules.queue.depth_max = plan.each;
    rules.queue.ttl_default = model::limits::ttl_max;  // a folder may be kept for some runs
    return rules;
}

template <class T>
void require(const Result<T>& result, std::string_view what) {
    if (!result) throw std::runtime_error(fmt::format("{}: {}", what, result.error().message));
}

}  // namespace

Filler::Filler(store::StoreEngine& engine, const Plan& plan)
    : engine_(engine),
      store_(engine),
      plan_(plan),
      now_(SystemClock().now()),
      state_(rules_for(plan), no_incarnation) {}

void Filler::run() {
    check_empty();
    core::ChangeSet changes;
    for (std::size_t number = 1; number <= plan_.identities; ++number) {
        add(number, changes);
        if (changes.size() < changes_max) continue;
        write(changes);
        changes.clear();
    }
    write(changes);
    wait();
}

/// What is there would have to be read first, and a hub that was filled twice tells nothing.
void Filler::check_empty() {
    bool empty = true;
    const auto scanned = engine_.scan(store::Table::devices, {}, [&](BytesView, BytesView) {
        empty = false;
        return false;
    });
    require(scanned, "the store cannot be read");
    if (!empty)
        throw std::runtime_error("the data folder holds identities already: name a new one");
}

void Filler::add(std::size_t number, core::ChangeSet& changes) {
    const fleet::Member member(number);
    require(state_.put_device(member.definition(), {}, {}, now_, changes), member.name());
    for (std::size_t i = 1; i <= plan_.each; ++i) {
        auto message =
            std::make_shared<const model::CloudToDeviceMessage>(member.message(i, plan_.bytes));
        require(state_.enqueue(member.id(), std::move(message), now_, changes),
                fmt::format("message {} for {}", i, member.name()));
    }
}

/// One batch is written while the next is made, and no more, which bounds the memory.
void Filler::write(const core::ChangeSet& changes) {
    wait();
    auto written = std::make_shared<std::promise<Result<void>>>();
    writing_ = written->get_future();
    store_.write(changes,
                 [written](Result<void> result) { written->set_value(std::move(result)); });
}

void Filler::wait() {
    if (writing_) require(writing_->get(), "the store cannot be written");
    writing_.reset();
}

}  // namespace restante::fill
