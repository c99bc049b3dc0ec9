# The library's files, relative to this folder: `include/` serves preprocessing, `metal/metal.h` is
# what gets precompiled. anvil-compiler embeds both.
file(GLOB_RECURSE anvil_library_files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_LIST_DIR}
     ${CMAKE_CURRENT_LIST_DIR}/include/* ${CMAKE_CURRENT_LIST_DIR}/metal/*)
