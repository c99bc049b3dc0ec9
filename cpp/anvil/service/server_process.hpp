// server_process.hpp: the process of an anvil-compiler that stays.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "anvil/service/descriptor.hpp"
#include "anvil/service/process.hpp"

namespace anvil::service {

/// Two ends of a connection that keeps messages apart. Throws std::system_error.
struct SocketPair {
  Descriptor ours, theirs;
  SocketPair();
};

/// It ends with this process: as that exits, whoever reaps the orphans of one that is killed.
class ServerProcess {
 public:
  /// Throws std::system_error, also once this process exits.
  explicit ServerProcess(const std::filesystem::path& program);

  /// Where requests go.
  int requests() const { return sockets_.ours.get(); }

  /// Ends it. Gives its exit status where it has ended by itself, else -1.
  int end();

 private:
  SocketPair sockets_;
  HostWatch watch_;
  pid_t process_;
};

}  // namespace anvil::service
