# The target `anvil_llvm`: clang's, LLVM's and lld's static libraries, for anvil-compiler and the
# test oracle only. Nothing that a user's process loads links it.
#
# Of one major version: before it libraries are missing that are linked, after it calls may change. Asked
# for without the number: LLVM's own file rejects 22.1.8 when 22 is asked for.
find_package(LLVM CONFIG QUIET HINTS /usr/lib/llvm-${FOUNDRY_LLVM})
if(NOT LLVM_FOUND)
  foundry_needs_llvm("no LLVM was found (LLVM_DIR names its folder of CMake files)")
elseif(NOT LLVM_VERSION_MAJOR EQUAL FOUNDRY_LLVM)
  foundry_needs_llvm("LLVM_DIR is ${LLVM_DIR}, of LLVM ${LLVM_VERSION}")
endif()
find_package(Clang CONFIG QUIET HINTS ${LLVM_INSTALL_PREFIX}/lib/cmake/clang)
find_package(LLD CONFIG QUIET HINTS ${LLVM_INSTALL_PREFIX}/lib/cmake/lld)
foreach(library Clang LLD)
  if(NOT ${library}_FOUND)
    foundry_needs_llvm("${LLVM_INSTALL_PREFIX} lacks the development files of ${library}")
  endif()
endforeach()
message(STATUS "LLVM ${LLVM_VERSION} in ${LLVM_INSTALL_PREFIX}")

add_library(anvil_llvm INTERFACE)
target_include_directories(anvil_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${CLANG_INCLUDE_DIRS})
separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(anvil_llvm INTERFACE ${llvm_definitions})
target_compile_options(anvil_llvm INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti> $<$<COMPILE_LANGUAGE:CXX>:-Wno-unused-parameter>)
# Debian's static archives carry no debug info we use; sections let the linker drop most of them.
target_link_options(anvil_llvm INTERFACE -Wl,--gc-sections)
