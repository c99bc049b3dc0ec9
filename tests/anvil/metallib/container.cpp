#include "container.hpp"

#include "anvil/service/hash.hpp"

namespace container {
namespace {

template <class T>
void put(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}
void put_tag(std::string& out, const char* name, const std::string& contents) {
  out += name;
  put(out, static_cast<uint16_t>(contents.size()));
  out += contents;
}

std::string describe(const std::vector<Constant>& constants) {
  std::string tags;
  if (!constants.empty()) {
    std::string list;
    put(list, static_cast<uint16_t>(constants.size()));
    for (const Constant& constant : constants) {
      list += constant.name + '\0';
      put(list, constant.type);
      put(list, constant.index);
      put(list, static_cast<uint8_t>(constant.required));
    }
    put_tag(tags, "CNST", list);
  }
  std::string out;
  put(out, static_cast<uint32_t>(4 + tags.size() + 4));
  return out + tags + "ENDT";
}

}  // namespace

std::string sha256(const std::string& text) {
  const auto digest = anvil::service::Sha256::portable().append(text).finish();
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Written write(const std::vector<Function>& functions) {
  std::string list, public_metadata, private_metadata, bitcode;
  for (const Function& function : functions) {
    std::string tags, places, size;
    put_tag(tags, "NAME", function.name + '\0');
    put_tag(tags, "TYPE", std::string(1, static_cast<char>(function.kind)));
    put_tag(tags, "HASH", function.hash.value_or(sha256(function.bitcode)));
    put(places, static_cast<uint64_t>(public_metadata.size()));
    put(places, static_cast<uint64_t>(private_metadata.size()));
    put(places, static_cast<uint64_t>(bitcode.size()));
    put_tag(tags, "OFFT", places);
    put_tag(tags, "VERS", std::string("\2\0\7\0\3\0\2\0", 8));
    put(size, static_cast<uint64_t>(function.bitcode.size()));
    put_tag(tags, "MDSZ", size);
    put(list, static_cast<uint32_t>(4 + tags.size() + 4));
    list += tags + "ENDT";
    public_metadata += describe(function.constants);
    private_metadata += describe({});
    bitcode += function.bitcode;
  }
  const std::string extension = "UUID" + std::string("\x10\0", 2) + std::string(16, 'u') + "ENDT";
  Written written{.bytes = std::string("MTLB\x01\x80\x02\0\x08\0\0\x81\x0f\0\0\0", 16)};
  written.list = 88;
  written.public_metadata = written.list + 4 + list.size() + extension.size();
  written.private_metadata = written.public_metadata + public_metadata.size();
  written.bitcode = written.private_metadata + private_metadata.size();
  std::string& out = written.bytes;
  put(out, static_cast<uint64_t>(written.bitcode + bitcode.size()));
  for (const auto& [offset, size] : {std::pair<uint64_t, uint64_t>(written.list, list.size()),
                                     {written.public_metadata, public_metadata.size()},
                                     {written.private_metadata, private_metadata.size()},
                                     {written.bitcode, bitcode.size()}}) {
    put(out, offset);
    put(out, size);
  }
  put(out, static_cast<uint32_t>(functions.size()));
  out += list + extension + public_metadata + private_metadata + bitcode;
  return written;
}

}  // namespace container
