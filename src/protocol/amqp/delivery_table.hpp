#pragma once
// The unsettled deliveries of one direction of a session, by delivery id.
//
// Ids only grow (as RFC 1982 serial numbers), so this is a sorted array: found by bisection, added
// at the end. What is removed in the middle leaves a gap until gaps outnumber the rest, so adding
// and removing cost constant time on average, whichever is settled first. Empty, it holds no
// memory. The owner bounds it.

#include <algorithm>
#include <cstdint>
#include <vector>

namespace restante::amqp {

/// `Entry` has a public `std::uint32_t id` and `bool gone`, false when added.
template <class Entry>
class DeliveryTable {
  public:
    std::size_t size() const { return alive_; }
    /// With the gaps.
    std::size_t entries() const { return entries_.size(); }

    /// The id of `entry` is above all present ones.
    void add(const Entry& entry) {
        if (entries_.size() >= 2 * alive_ + gaps_free) compact();
        entries_.push_back(entry);
        ++alive_;
    }

    /// Null when there is none.
    const Entry* find(std::uint32_t id) const {
        const auto at = const_cast<DeliveryTable*>(this)->at_or_after(id);
        return at != entries_.end() && at->id == id && !at->gone ? &*at : nullptr;
    }

    /// Shows `visit` every entry with first <= id <= last, as serial numbers; it answers whether to
    /// remove it. Costs what is present, not what the range spans.
    template <class Visit>
    void visit_range(std::uint32_t first, std::uint32_t last, Visit visit) {
        const std::uint32_t span = last - first;
        const bool wrapped = span >= half_range;  // no order to rely on: look at all
        for (auto at = wrapped ? entries_.begin() : at_or_after(first); at != entries_.end();
             ++at) {
            const bool inside = at->id - first <= span;
            if (!inside && !wrapped) break;
            if (inside && !at->gone && visit(*at)) remove(*at);
        }
        if (alive_ == 0) entries_ = {};
    }

    void erase(std::uint32_t id) {
        visit_range(id, id, [](const Entry&) { return true; });
    }

    template <class Predicate>
    void erase_if(Predicate predicate) {
        for (Entry& entry : entries_) {
            if (!entry.gone && predicate(entry)) remove(entry);
        }
        compact();
    }

  private:
    static constexpr std::uint32_t half_range = 0x8000'0000;
    static constexpr std::size_t gaps_free = 16;  // gaps borne before any are closed

    auto at_or_after(std::uint32_t id) {
        return std::lower_bound(entries_.begin(), entries_.end(), id,
                                [](const Entry& entry, std::uint32_t wanted) {
                                    return wanted - entry.id - 1 < half_range - 1;
                                });
    }
    void remove(Entry& entry) {
        entry.gone = true;
        --alive_;
    }
    void compact() {
        std::erase_if(entries_, [](const Entry& entry) { return entry.gone; });
        if (entries_.empty()) entries_ = {};
    }

    std::vector<Entry> entries_;
    std::size_t alive_ = 0;
};

}  // namespace restante::amqp
