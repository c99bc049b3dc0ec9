// NSProcessInfo: what Linux knows of this process and machine.
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <mutex>
#include <sstream>

#include <Foundation/NSTypes.hpp>

#include "anvil/foundation/array.hpp"
#include "anvil/foundation/dictionary.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/system/processors.hpp"

extern char** environ;

namespace anvil {
namespace {

struct ProcessInfo : objc::Object {
  using Super = RootObject;

  std::mutex mutex;
  objc::Ref<String> name;
};

ProcessInfo* shared() {
  static ProcessInfo* const info = objc::lasting([] { return objc::make<ProcessInfo>().detach(); });
  return info;
}

std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

Array* arguments(const ProcessInfo*) {
  std::vector<objc::Ref<objc_object>> items;
  for (std::string& argument : command_line()) items.push_back(make_string(std::move(argument)));
  return objc::make<Array>(std::move(items)).autoreleased();
}
Dictionary* environment(const ProcessInfo*) {
  objc::Ref<Dictionary> dictionary = objc::make<Dictionary>();
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == text.npos) continue;
    dictionary->add(make_string(std::string(text.substr(0, equals))).get(),
                    make_string(std::string(text.substr(equals + 1))).get());
  }
  return dictionary.autoreleased();
}
String* host_name(const ProcessInfo*) {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return make_string(name).autoreleased();
}
String* process_name(ProcessInfo* self) {
  std::lock_guard lock(self->mutex);
  if (!self->name) {
    const auto arguments = command_line();
    const std::string path = arguments.empty() ? "" : arguments[0];
    self->name = make_string(path.substr(path.rfind('/') + 1));
  }
  return objc::Ref<String>(self->name).autoreleased();
}
void set_process_name(ProcessInfo* self, String* name) {
  std::lock_guard lock(self->mutex);
  self->name = objc::Ref<String>(name);
}
int identifier(const ProcessInfo*) {
  return getpid();
}

NS::OperatingSystemVersion version(const ProcessInfo*) {
  utsname names{};
  uname(&names);
  NS::OperatingSystemVersion result{0, 0, 0};
  long parts[3] = {0, 0, 0};
  std::sscanf(names.release, "%ld.%ld.%ld", &parts[0], &parts[1], &parts[2]);
  result.majorVersion = parts[0];
  result.minorVersion = parts[1];
  result.patchVersion = parts[2];
  return result;
}
String* version_text(const ProcessInfo*) {
  utsname names{};
  uname(&names);
  return make_string(std::string(names.sysname) + " " + names.release).autoreleased();
}
NS::UInteger processors(const ProcessInfo*) {
  return machine_processors();
}
NS::UInteger active_processors(const ProcessInfo*) {
  return usable_processors();
}
unsigned long long memory(const ProcessInfo*) {
  struct sysinfo info{};
  sysinfo(&info);
  return static_cast<unsigned long long>(info.totalram) * info.mem_unit;
}
double uptime(const ProcessInfo*) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
bool never(const ProcessInfo*) {
  return false;
}

ANVIL_OBJC_CLASS_DEFINITION<ProcessInfo> process_info_definition{
    "NSProcessInfo",
    {
        objc::class_method<&shared>("processInfo"),
        objc::function<&arguments>("arguments"),
        objc::function<&environment>("environment"),
        objc::function<&host_name>("hostName"),
        objc::function<&process_name>("processName"),
        objc::function<&set_process_name>("setProcessName:"),
        objc::function<&identifier>("processIdentifier"),
        objc::function<&version>("operatingSystemVersion"),
        objc::function<&version_text>("operatingSystemVersionString"),
        objc::function<&processors>("processorCount"),
        objc::function<&active_processors>("activeProcessorCount"),
        objc::function<&memory>("physicalMemory"),
        objc::function<&uptime>("systemUptime"),
        objc::function<&never>("isLowPowerModeEnabled"),
        objc::function<&never>("isiOSAppOnMac"),
        objc::function<&never>("isMacCatalystApp"),
    }};

}  // namespace
}  // namespace anvil
