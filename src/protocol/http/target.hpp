#pragma once
// A request target taken apart: "/devices/a%2Fb/?api-version=1" is the segments "devices", "a/b"
// and the query pair api-version=1.
//
// The path is split before it is decoded, so an escaped slash stays inside its segment. Empty
// segments inside the path are kept (they match no route); one slash at the end is dropped, because
// half the clients write it and half do not. "." and ".." are segments like any other.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restante::http {

struct Target {
    struct QueryPair {
        std::string name;
        std::string value;

        bool operator==(const QueryPair&) const = default;
    };

    std::string path;  ///< as on the wire, without the query
    std::vector<std::string> segments;
    std::vector<QueryPair> query;  ///< in order; '+' stays a plus

    static Target parse(std::string_view target);

    /// The value of the first pair of that name, whatever its case. A pair without '=' has the
    /// empty value.
    std::optional<std::string_view> find_query(std::string_view name) const;
};

}  // namespace restante::http
