#pragma once
// What the device client throws and what it reports to on_background_exception: the Python SDK's
// exceptions, by its names. what() begins with Python's sentence, then a colon and the cause;
// code(), retryable() and hint() are RestanteError's.
//
// A factory throws std::invalid_argument where Python raises ValueError. No text holds a key or a
// token.

#include "restante/common/exceptions.hpp"

namespace restante {

/// The hub or the way to it is at fault, or the client was used wrongly.
class ClientError : public RestanteError {
  public:
    using RestanteError::RestanteError;
};

/// The hub could not be reached, or it is too busy. Trying again later may help.
class ConnectionFailedError : public ClientError {
  public:
    using ClientError::ClientError;
};

/// A connection that stood has broken.
class ConnectionDroppedError : public ClientError {
  public:
    using ClientError::ClientError;
};

/// The operation needs a connection, there is none, and auto_connect is off.
class NoConnectionError : public ClientError {
  public:
    using ClientError::ClientError;
};

/// The hub does not know the device, or does not accept its key or token. Trying again with the
/// same credentials does not help.
class CredentialError : public ClientError {
  public:
    using ClientError::ClientError;
};

/// disconnect() or shutdown() came before the operation had ended.
class OperationCancelled : public RestanteError {
  public:
    using RestanteError::RestanteError;
};

/// The hub did not answer in time.
class OperationTimeout : public RestanteError {
  public:
    using RestanteError::RestanteError;
};

}  // namespace restante
