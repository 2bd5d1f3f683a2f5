#pragma once
// Reads the members of a JSON object one after the other and keeps the first fault.
//
// Members fails softly: after a fault every read gives nothing, and a decoder that has read a
// whole structure asks for the error once. Absent and null are the same.

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace restante::wire {

class Members {
  public:
    /// `object` and `error` outlive the reader. A null object has no members.
    Members(const boost::json::object* object, std::string path, std::optional<Error>& error)
        : object_(object), path_(std::move(path)), error_(error) {}

    std::optional<std::string> text(std::string_view name);
    /// As text, but empty is the same as absent too.
    std::optional<std::string> filled_text(std::string_view name);
    std::optional<bool> flag(std::string_view name);
    std::optional<std::uint64_t> count(std::string_view name);
    Members object(std::string_view name);
    const boost::json::array* array(std::string_view name);

    /// Keeps argument_invalid with `message`, unless there is an earlier fault.
    void fail(std::string message);

  private:
    const boost::json::value* find(std::string_view name) const;
    void wrong_type(std::string_view name, std::string_view expected);

    const boost::json::object* object_;
    std::string path_;
    std::optional<Error>& error_;
};

}  // namespace restante::wire
