#pragma once
// Properties as HTTP header fields, and the encoding of what a field cannot hold
// (docs/decisions/0007-http-properties.md): percent signs, and a field that lists who has them.
//
//     iothub-messageid: 42
//     iothub-app-gr%C3%BCn: ja
//     restante-percent-encoded: iothub-app-gr%C3%BCn

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "protocol/http/message.hpp"

namespace restante::wire {

/// Lists the fields that are percent-encoded. Not named iothub-something, or Node would read it.
inline constexpr std::string_view percent_encoded_header = "restante-percent-encoded";

/// What the field of an application property begins with.
inline constexpr std::string_view property_prefix = "iothub-app-";

class FieldWriter {
  public:
    void add(std::string_view name, std::string_view value);
    void add(std::string_view name, const std::optional<std::string>& value);
    /// An application property.
    void add_property(const std::pair<std::string, std::string>& property);

    http::Headers take();

  private:
    void add_escaped(std::string field, std::string_view value);

    http::Headers headers_;
    std::string escaped_;
    std::set<std::string> taken_;  ///< names of properties as written, in lower case
};

class FieldReader {
  public:
    struct Field {
        std::string name;  ///< of a property, without the prefix
        std::string value;
        bool is_property = false;
    };

    explicit FieldReader(const http::Headers& headers);

    /// Decoded. A value that is not UTF-8 is taken for Latin-1, the way HTTP meant it [RFC 9110
    /// 5.5]. Errors: argument_invalid (a property without a name, an encoding that is not UTF-8).
    Result<Field> read(const http::Header& header) const;

  private:
    std::set<std::string> escaped_;  ///< field names in lower case
};

/// The error for a property of that name.
std::unexpected<Error> refuse_property(std::string_view name, std::string_view why);

}  // namespace restante::wire
