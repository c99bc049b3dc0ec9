# The target `anvil_llvm`: clang's, LLVM's and lld's static libraries, for anvil-compiler and the
# test oracle only. Nothing that a user's process loads links it.
set(FOUNDRY_LLVM_MINIMUM 19)
# Asked for without a version: LLVM's own file rejects 22.1.8 when 22 is asked for.
foreach(version 22 21 20 19)
  list(APPEND llvm_hints /usr/lib/llvm-${version})
endforeach()
find_package(LLVM REQUIRED CONFIG HINTS ${llvm_hints})
if(LLVM_VERSION_MAJOR LESS FOUNDRY_LLVM_MINIMUM)
  message(FATAL_ERROR "anvil-compiler needs LLVM >= ${FOUNDRY_LLVM_MINIMUM}, found ${LLVM_VERSION}")
endif()
find_package(Clang REQUIRED CONFIG HINTS ${LLVM_INSTALL_PREFIX}/lib/cmake/clang)
find_package(LLD REQUIRED CONFIG HINTS ${LLVM_INSTALL_PREFIX}/lib/cmake/lld)
message(STATUS "LLVM ${LLVM_VERSION} in ${LLVM_INSTALL_PREFIX}")

add_library(anvil_llvm INTERFACE)
target_include_directories(anvil_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${CLANG_INCLUDE_DIRS})
separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(anvil_llvm INTERFACE ${llvm_definitions})
target_compile_options(anvil_llvm INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti> $<$<COMPILE_LANGUAGE:CXX>:-Wno-unused-parameter>)
# Debian's static archives carry no debug info we use; sections let the linker drop most of them.
target_link_options(anvil_llvm INTERFACE -Wl,--gc-sections)
