# The target `metal_cpp`: Apple's headers, the flags they need, and off Apple the SDK stubs.
#
# The headers come from the mlx-metal wheel, by name and hash, through pip; nothing of them is
# committed. FOUNDRY_METAL_CPP_DIR names a copy that the user already has.
set(FOUNDRY_METAL_CPP_REQUIREMENT ${CMAKE_CURRENT_LIST_DIR}/metal-cpp.txt)

function(foundry_fetch_metal_cpp directory)
  find_package(Python3 3.10 REQUIRED COMPONENTS Interpreter)
  message(STATUS "metal-cpp: taking the headers from the mlx-metal wheel")
  execute_process(
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/fetch_metal_cpp.py
            ${FOUNDRY_METAL_CPP_REQUIREMENT} ${directory}
    RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "metal-cpp could not be fetched with pip. Set FOUNDRY_METAL_CPP_DIR to a "
                        "copy of it (the folder that holds Metal/Metal.hpp).\n${output}")
  endif()
endfunction()

if(FOUNDRY_METAL_CPP_DIR)
  set(metal_cpp_dir ${FOUNDRY_METAL_CPP_DIR})
else()
  set(metal_cpp_dir ${CMAKE_BINARY_DIR}/metal-cpp)
  if(NOT EXISTS ${metal_cpp_dir}/Metal/Metal.hpp)
    foundry_fetch_metal_cpp(${metal_cpp_dir})
  endif()
endif()
if(NOT EXISTS ${metal_cpp_dir}/Metal/Metal.hpp)
  message(FATAL_ERROR "FOUNDRY_METAL_CPP_DIR: ${metal_cpp_dir} holds no Metal/Metal.hpp")
endif()

add_library(metal_cpp INTERFACE)
target_include_directories(metal_cpp SYSTEM INTERFACE ${metal_cpp_dir})
# The headers call methods on a null `this` (messages to nil), which an optimiser may otherwise
# take as proof that it is not null, and the sanitizer as an error.
target_compile_options(metal_cpp INTERFACE -fblocks -fno-delete-null-pointer-checks)
if(FOUNDRY_SANITIZE MATCHES "undefined")
  target_compile_options(metal_cpp INTERFACE -fno-sanitize=null)
endif()
if(APPLE)
  target_link_libraries(metal_cpp INTERFACE "-framework Metal" "-framework Foundation"
                                            "-framework QuartzCore")
else()
  target_include_directories(metal_cpp SYSTEM INTERFACE ${PROJECT_SOURCE_DIR}/cpp/anvil/sdk)
endif()
