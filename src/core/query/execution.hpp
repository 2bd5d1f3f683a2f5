#pragma once
// One page of a query's answer in the making: identities are offered one by one, in the order of
// their ids, until the page is full or there are no more.
//
// Used by one thread. Keeps no identity and no place in the registry, so that a page may be made in
// many small steps while the registry changes.

#include <map>

#include "core/query/query.hpp"

namespace restante::core::query {

/// Groups a query may make. Bounds its memory.
inline constexpr std::size_t groups_max = 10'000;

/// Where a page ended and the next begins.
struct Position {
    std::string device;     ///< the last that was looked at; empty: none yet
    std::string module;     ///< with modules
    std::size_t given = 0;  ///< items of all pages so far: for TOP, and the place among groups

    bool operator==(const Position&) const = default;
};

/// An identity that was selected whole.
struct Selected {
    model::DeviceIdentity device;
    Activity activity;
    std::optional<model::ModuleIdentity> module;
};

struct Page {
    Source source = Source::devices;
    bool whole = false;  ///< `selected` holds the items, else `rows`
    std::vector<Selected> selected;
    std::vector<Object> rows;
    std::optional<Position> next;  ///< nullopt on the last page
};

class Execution {
  public:
    Execution(Query query, std::size_t items_max, Position from, Observe observe);

    const Query& query() const { return query_; }
    const Scope& scope() const { return scope_; }
    /// Behind this device, or in it when modules are asked for, the next offer is to come from.
    const Position& position() const { return position_; }
    /// Nothing more is to be offered.
    bool full() const { return full_; }

    void offer(const model::DeviceIdentity& device, std::span<const model::ModuleIdentity> modules);
    /// All was offered, or the page is full. Errors: argument_invalid (too many groups).
    Result<Page> finish(bool all_offered);

  private:
    struct Group {
        std::vector<Value> keys;
        std::vector<double> sums;
        std::vector<std::size_t> counts;
        std::vector<Value> extremes;
    };
    struct KeysInOrder {
        bool operator()(const std::vector<Value>& a, const std::vector<Value>& b) const;
    };

    void offer(const Row& row, Position place);
    void add(const Row& row);
    void add_to_group(const Row& row);
    void add_rows_of_groups();
    bool top_is_reached() const;

    Query query_;
    Scope scope_;
    std::size_t items_max_;
    Position position_;
    Observe observe_;
    Page page_;
    std::map<std::vector<Value>, Group, KeysInOrder> groups_;
    bool too_many_groups_ = false;
    bool full_ = false;
};

}  // namespace restante::core::query
