// metallib and metal-ar: translation units put together.
#include <algorithm>
#include <filesystem>

#include "anvil/tools/files.hpp"
#include "anvil/tools/tools.hpp"

namespace anvil::tools {

int metallib(Arguments arguments) {
  std::string output = "default.metallib";
  std::vector<std::string> inputs;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "-o") {
      if (++i == arguments.size()) throw ToolError("option '-o' needs a value");
      output = arguments[i];
    } else if (arguments[i] != "-" && arguments[i].starts_with("-")) {
      throw ToolError("unsupported option '" + arguments[i] + "'; supported: -o");
    } else {
      inputs.push_back(arguments[i]);
    }
  }
  if (inputs.empty()) throw ToolError("no input files");
  Units all;
  for (const std::string& input : inputs) all.add(read_units(input));
  write_units(output, all);
  return 0;
}

int metal_ar(Arguments arguments) {
  if (arguments.size() < 2) throw ToolError("usage: metal-ar [-]{r,q,t}[cs] ARCHIVE [FILE...]");
  const std::string& path = arguments[1];
  std::string letters = arguments[0];
  if (letters.starts_with("-")) letters.erase(0, 1);
  const bool lists = letters == "t";
  const bool adds = letters.find_first_of("rq") != std::string::npos;
  if (letters.find_first_not_of(lists ? "t" : "rqcsuv") != std::string::npos || (!lists && !adds))
    throw ToolError("unsupported operation '" + arguments[0] + "'; supported: r, q (with c, s), t");
  Units all;
  if (lists || std::filesystem::exists(path)) all = read_units(path);
  if (lists) {
    std::string names;
    for (const metallib::Unit& unit : all.units) names += unit.name + "\n";
    write_file("-", names);
    return 0;
  }
  for (const std::string& input : arguments.subspan(2)) {
    Units more = read_units(input);
    // One of the same source takes the former's place.
    for (const metallib::Unit& unit : more.units) {
      const auto same = std::ranges::find(all.units, unit.name, &metallib::Unit::name);
      if (same == all.units.end() || letters.find('q') != std::string::npos) continue;
      all.texts.erase(all.texts.begin() + (same - all.units.begin()));
      all.units.erase(same);
    }
    all.add(std::move(more));
  }
  write_units(path, all);
  return 0;
}

}  // namespace anvil::tools
