#pragma once
// What the `restante` command can do: one function for each verb group, one file each. A function
// takes the words behind its name and returns when it is done.
//
// Exit codes: 0 done; 1 it could not be done (the text says why and what to do); 2 wrong words.

#include <span>
#include <string>

namespace restante::cli {

using Arguments = std::span<const std::string>;

/// `restante connection-string`: prints one of a hub's connection strings.
void connection_string(Arguments arguments);

/// `restante device create|show|list|update|delete|query|import|export`: device identities over the
/// REST API.
void device(Arguments arguments);

/// `restante policy list|show|create|delete|regenerate-key`: shared access policies, in the folder.
void policy(Arguments arguments);

/// `restante authority list|show|add|verify|remove`: who proves devices, in the folder.
void authority(Arguments arguments);

/// `restante certificate show|replace`: the private CA, in the folder.
void certificate(Arguments arguments);

}  // namespace restante::cli
