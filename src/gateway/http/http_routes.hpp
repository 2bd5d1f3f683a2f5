#pragma once
// The operations of the REST API: which method on which path, for whom, done by what.
//
// A new resource is a file under routes/ and its lines in the table in http_routes.cpp.

#include "gateway/http/http_admission.hpp"

namespace restante::gateway {

struct HttpRoute {
    std::string_view method;
    /// Literals match in any case; `{}` takes one whole segment.
    std::string_view path;
    HttpAdmission admit;
    HttpHandler handle;
};

/// Sends a request to its operation. Without one: 401 to whoever holds no policy, else 404, or 405
/// with `Allow` where the path has other methods.
void route(HttpExchange& exchange);

}  // namespace restante::gateway
