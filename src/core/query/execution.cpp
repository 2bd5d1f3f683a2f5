#include "core/query/execution.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace restante::core::query {

bool Execution::KeysInOrder::operator()(const std::vector<Value>& a,
                                        const std::vector<Value>& b) const {
    return std::ranges::lexicographical_compare(a, b, sorts_before);
}

Execution::Execution(Query query, std::size_t items_max, Position from, Observe observe)
    : query_(std::move(query)),
      scope_(scope_of(query_)),
      items_max_(items_max),
      position_(std::move(from)),
      observe_(std::move(observe)) {
    page_.source = query_.source;
    page_.whole = query_.items.empty();
    // Groups are made anew for each page: only what is given out has a place.
    if (query_.aggregates()) position_.device.clear();
    full_ = (!query_.aggregates() && top_is_reached()) || query_.source == Source::jobs;
}

bool Execution::top_is_reached() const {
    return query_.top && position_.given >= *query_.top;
}

void Execution::offer(const model::DeviceIdentity& device,
                      std::span<const model::ModuleIdentity> modules) {
    const bool same = device.id.value() == position_.device;
    if (query_.source == Source::devices) {
        if (!same) offer({.device = device, .observe = observe_}, {.device = device.id.value()});
        return;
    }
    for (const auto& module : modules) {
        if (same && module.id.value() <= position_.module) continue;
        offer({.device = device, .module = &module, .observe = observe_},
              {.device = device.id.value(), .module = module.id.value()});
        if (full_) return;
    }
    // Done with this device: no id sorts behind this text.
    position_.device = device.id.value();
    position_.module = "\x7F";
}

void Execution::offer(const Row& row, Position place) {
    place.given = position_.given;
    if (!query_.where || evaluate(*query_.where, row).is_true()) {
        if (query_.aggregates()) {
            add_to_group(row);
            full_ = too_many_groups_;
        } else if (page_.selected.size() + page_.rows.size() == items_max_) {
            // There is one more, so there is a next page, and it begins here.
            full_ = true;
            return;
        } else {
            add(row);
            ++place.given;
        }
    }
    position_ = std::move(place);
    if (!query_.aggregates()) full_ = top_is_reached();
}

void Execution::add(const Row& row) {
    if (page_.whole) {
        Selected selected{.device = row.device,
                          .activity = row.module ? Activity{} : observe_(row.device.id)};
        if (row.module) selected.module = *row.module;
        page_.selected.push_back(std::move(selected));
        return;
    }
    Object object;
    for (const auto& item : query_.items) {
        Value value = value_of(item.field, row);
        if (!value.is_undefined()) object.emplace_back(item.name, std::move(value));
    }
    page_.rows.push_back(std::move(object));
}

void Execution::add_to_group(const Row& row) {
    std::vector<Value> keys;
    for (const Field field : query_.group_by) keys.push_back(value_of(field, row));
    if (!groups_.contains(keys) && groups_.size() >= groups_max) {
        too_many_groups_ = true;
        return;
    }
    Group& group = groups_[keys];
    const std::size_t items = query_.items.size();
    group.sums.resize(items);
    group.counts.resize(items);
    group.extremes.resize(items);
    for (std::size_t i = 0; i < items; ++i) {
        const Item& item = query_.items[i];
        if (item.aggregate == Aggregate::none) continue;
        if (item.aggregate == Aggregate::count && item.field == Field::nothing) {
            ++group.counts[i];
            continue;
        }
        Value value = value_of(item.field, row);
        if (value.is_undefined()) continue;
        ++group.counts[i];
        if (const auto* number = value.get_if<double>()) group.sums[i] += *number;
        const bool first = group.extremes[i].is_undefined();
        const bool below = sorts_before(value, group.extremes[i]);
        const bool replaces = item.aggregate == Aggregate::minimum ? below : !below;
        if (first || replaces) group.extremes[i] = std::move(value);
    }
}

void Execution::add_rows_of_groups() {
    // Without GROUP BY there is one row, also over nothing.
    if (query_.group_by.empty() && groups_.empty()) {
        const std::size_t items = query_.items.size();
        groups_[{}] = {.keys = {},
                       .sums = std::vector<double>(items),
                       .counts = std::vector<std::size_t>(items),
                       .extremes = std::vector<Value>(items)};
    }
    std::size_t place = 0;
    const std::size_t end = std::min(query_.top.value_or(groups_max), groups_.size());
    for (const auto& [keys, group] : groups_) {
        if (place++ < position_.given) continue;
        if (place > end || page_.rows.size() >= items_max_) break;
        Object object;
        for (std::size_t i = 0; i < query_.items.size(); ++i) {
            const Item& item = query_.items[i];
            Value value;
            if (item.aggregate == Aggregate::none) {
                const auto key = std::ranges::find(query_.group_by, item.field);
                value = keys[static_cast<std::size_t>(key - query_.group_by.begin())];
            } else if (item.aggregate == Aggregate::count) {
                value = static_cast<double>(group.counts[i]);
            } else if (item.aggregate == Aggregate::sum) {
                value = group.sums[i];
            } else if (item.aggregate == Aggregate::average) {
                if (group.counts[i] > 0) {
                    value = group.sums[i] / static_cast<double>(group.counts[i]);
                }
            } else {
                value = group.extremes[i];
            }
            if (!value.is_undefined()) object.emplace_back(item.name, std::move(value));
        }
        page_.rows.push_back(std::move(object));
    }
    const std::size_t given = position_.given + page_.rows.size();
    if (given < end) page_.next = Position{.device = {}, .module = {}, .given = given};
}

Result<Page> Execution::finish(bool all_offered) {
    if (too_many_groups_) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("BadRequest: the query makes more than {} groups", groups_max));
    }
    if (query_.aggregates()) {
        add_rows_of_groups();
    } else if (!all_offered && !top_is_reached() && query_.source != Source::jobs) {
        page_.next = position_;
    }
    return std::move(page_);
}

}  // namespace restante::core::query
