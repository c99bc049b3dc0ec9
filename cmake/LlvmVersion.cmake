# FOUNDRY_LLVM: the LLVM that Foundry is built with and anvil-compiler links. `dev` reads the same file.
set(llvm_version_file ${CMAKE_CURRENT_LIST_DIR}/llvm-version.txt)
file(STRINGS ${llvm_version_file} FOUNDRY_LLVM LIMIT_COUNT 1)

# foundry_needs_llvm(found): ends the configuration with what is there and what to install.
function(foundry_needs_llvm found)
  file(STRINGS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../requirements/debian.txt packages REGEX "^[a-z].*{llvm}")
  string(REPLACE "{llvm}" "${FOUNDRY_LLVM}" packages "${packages}")
  list(JOIN packages " " packages)
  message(FATAL_ERROR "Foundry is built with LLVM ${FOUNDRY_LLVM}; ${found}. On Debian and Ubuntu: "
                      "apt-get install ${packages}")
endfunction()
