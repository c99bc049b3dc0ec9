#include "anvil/tools/files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "anvil/metallib/apple_library.hpp"
#include "anvil/tools/tools.hpp"

namespace anvil::tools {
namespace {

std::shared_ptr<const metallib::Input> open(const std::string& path) {
  if (path != "-") return metallib::Input::open(path);
  const auto bytes = std::make_shared<const std::string>(read_standard_input());
  return metallib::Input::of("<stdin>", std::as_bytes(std::span(*bytes)), bytes);
}

}  // namespace

std::string read_standard_input() {
  std::string text(std::istreambuf_iterator<char>(std::cin), {});
  if (std::cin.bad()) throw ToolError("<stdin>: cannot be read");
  return text;
}

void write_file(const std::string& path, std::string_view bytes) {
  if (path == "-") {
    std::cout.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
    if (!std::cout) throw ToolError("<stdout>: cannot be written");
    return;
  }
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
  if (!file) throw ToolError(path + ": " + std::strerror(errno ? errno : EIO));
}

void Units::add(Units more) {
  std::move(more.units.begin(), more.units.end(), std::back_inserter(units));
  std::move(more.texts.begin(), more.texts.end(), std::back_inserter(texts));
}

Units read_units(const std::string& path) {
  const auto input = open(path);
  const std::string begin = input->text(0, std::min<uint64_t>(input->size(), 8));
  if (metallib::AppleLibrary::begins(begin) || begin.starts_with("\xde\xc0\x17\x0b"))
    throw ToolError(input->name() +
                    ": unsupported input, which Apple's compiler wrote; supported: what this "
                    "'metal -c' and 'metal-ar' write (programs load Apple's libraries as they "
                    "are)");
  const metallib::Archive archive(input);
  Units result;
  for (size_t i = 0; i < archive.units().size(); ++i) {
    result.units.push_back(archive.units()[i]);
    result.texts.push_back(archive.text(i));
  }
  return result;
}

void write_units(const std::string& path, const Units& units) {
  write_file(path, metallib::write_archive(units.units, units.texts));
}

}  // namespace anvil::tools
