# What every target shares: language level, warnings, visibility, sanitizers, ccache.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# Several sources a compiler run: half the time of a build from nothing, more after a change. Developers' own
# builds go file by file; names in anonymous namespaces are one folder's, so that both compile.
if(NOT DEFINED CMAKE_UNITY_BUILD AND NOT FOUNDRY_DEVELOPER)
  set(CMAKE_UNITY_BUILD ON)
endif()

find_program(FOUNDRY_CCACHE ccache)
if(FOUNDRY_CCACHE)
  # What ccache asks for to cache what uses a precompiled header; and no preprocessing of its own.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_DEPEND=1
      ${FOUNDRY_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

# foundry_precompile(TARGET headers...): most of a build's time is the parsing of the same headers.
# Sources still include what they use: CMAKE_DISABLE_PRECOMPILE_HEADERS builds without.
function(foundry_precompile target)
  target_precompile_headers(${target} PRIVATE ${ARGN})
  # For ccache: the time at which a header was written says nothing.
  target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endfunction()

# foundry_precompile_as(TARGET OTHER): with what OTHER, of the same options, has precompiled.
function(foundry_precompile_as target other)
  target_precompile_headers(${target} REUSE_FROM ${other})
  target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endfunction()

# foundry_library(TARGET): a library that others link, shared or static as BUILD_SHARED_LIBS says. Versions
# of one minor number have one ABI, and so one SONAME.
function(foundry_library target)
  add_library(${target})
  set_property(GLOBAL APPEND PROPERTY foundry_libraries ${target})
  set_target_properties(${target} PROPERTIES DEFINE_SYMBOL ""
    VERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  install(TARGETS ${target} EXPORT FoundryTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
endfunction()

add_library(foundry_warnings INTERFACE)
target_compile_options(foundry_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:C,CXX>:-Wall> $<$<COMPILE_LANGUAGE:C,CXX>:-Wextra>
  $<$<AND:$<BOOL:${FOUNDRY_DEVELOPER}>,$<COMPILE_LANGUAGE:C,CXX>>:-Werror>)

if(FOUNDRY_SANITIZE)
  add_compile_options(-fsanitize=${FOUNDRY_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FOUNDRY_SANITIZE})
endif()

find_program(FOUNDRY_LLD NAMES ld.lld-${FOUNDRY_LLVM} ld.lld)
if(FOUNDRY_LLD AND NOT APPLE)
  add_link_options(--ld-path=${FOUNDRY_LLD})
endif()
