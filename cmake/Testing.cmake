# In a folder that sets FOUNDRY_TEST_HEADERS, tests use the precompiled headers of that target and must
# have its compile options.
#
# foundry_add_test(name SOURCES a.cpp ... [LIBS lib ...] [LABELS l ...]): a doctest program and its
# ctest entry. SOURCES hold TEST_CASEs only; main() comes with the helper.
# One cache of kernels for tests of every build: those that they have in common are compiled once.
set(FOUNDRY_TEST_CACHE ${PROJECT_SOURCE_DIR}/build/test-cache)

if(FOUNDRY_BUILD_TESTS)
  enable_testing()
  find_path(FOUNDRY_DOCTEST_DIR doctest/doctest.h REQUIRED)
  add_library(foundry_doctest_main OBJECT ${PROJECT_SOURCE_DIR}/tests/doctest_main.cpp)
  target_include_directories(foundry_doctest_main SYSTEM PUBLIC ${FOUNDRY_DOCTEST_DIR})
  # What CHECK_THROWS looks at is often worth having, and meant to be lost.
  target_compile_definitions(foundry_doctest_main PUBLIC DOCTEST_CONFIG_VOID_CAST_EXPRESSIONS)
  target_link_libraries(foundry_doctest_main PRIVATE foundry_warnings)
endif()

function(foundry_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;LABELS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE foundry_doctest_main foundry_warnings ${arg_LIBS})
  if(FOUNDRY_TEST_HEADERS)
    target_precompile_headers(${name} REUSE_FROM ${FOUNDRY_TEST_HEADERS})
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS "${arg_LABELS}"
    ENVIRONMENT "FOUNDRY_CACHE_DIR=${FOUNDRY_TEST_CACHE}")
endfunction()

# foundry_test_compiles(test): it runs anvil-compiler, this build's. A build without one takes $ANVIL_COMPILER when
# the tests run: the sanitizers' and an emulated processor's take a fast one.
function(foundry_test_compiles test)
  if(TARGET anvil-compiler)
    add_dependencies(${test} anvil-compiler)
    set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT "ANVIL_COMPILER=$<TARGET_FILE:anvil-compiler>")
  endif()
endfunction()

# foundry_add_c_kernel(target NAME name SOURCE x.c [DEFINITIONS ...]): kernels/<name>.so, a kernel for
# Anvil written by hand in C, with nothing that anvil-compiler's output may not have.
function(foundry_add_c_kernel target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME;SOURCE" "DEFINITIONS")
  add_library(${target} MODULE ${arg_SOURCE})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp)
  target_compile_definitions(${target} PRIVATE ${arg_DEFINITIONS})
  target_compile_options(${target} PRIVATE -fno-sanitize=all -fno-stack-protector
                         -fno-asynchronous-unwind-tables
                         $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},aarch64>:-mno-outline-atomics>)
  target_link_libraries(${target} PRIVATE foundry_warnings)
  target_link_options(${target} PRIVATE -fno-sanitize=all -nostdlib -Wl,-z,now -Wl,--hash-style=gnu
                      -Wl,--build-id=none)
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${arg_NAME}
    C_VISIBILITY_PRESET hidden LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/kernels)
endfunction()

# foundry_test_for_avx2(test [ARGUMENTS ...]): runs the test once more, with kernels for an
# x86-64 processor that has no more than AVX2, and plans for it, whatever this one has; and without
# Metal's validation, as programs run. A processor that has no more itself is asked for nothing: its
# kernels are there from the first run.
set(environment_for_avx2 ANVIL_VALIDATION=0)
if(EXISTS /proc/cpuinfo)
  file(STRINGS /proc/cpuinfo avx512 REGEX "^flags.* avx512f" LIMIT_COUNT 1)
endif()
if(avx512)
  list(APPEND environment_for_avx2 ANVIL_CPU=x86-64-v3)
endif()
function(foundry_test_for_avx2 test)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "ARGUMENTS")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT FOUNDRY_SANITIZE)
    foreach(property ENVIRONMENT LABELS TIMEOUT)
      get_property(${property} TEST ${test} PROPERTY ${property})
    endforeach()
    add_test(NAME ${test}_avx2 COMMAND ${test} ${arg_ARGUMENTS})
    set_tests_properties(${test}_avx2 PROPERTIES TIMEOUT ${TIMEOUT} LABELS "${LABELS}"
      ENVIRONMENT "${ENVIRONMENT};${environment_for_avx2}")
  endif()
endfunction()
