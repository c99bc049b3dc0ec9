# foundry_embed(TARGET t NAMESPACE ns FUNCTION f BASE dir FILES a b ...)
#
# Compiles text files into target `t` as `std::span<const ns::EmbeddedFile> ns::f()`, declared in the
# generated header <f.hpp>; EmbeddedFile has `path` (relative to BASE) and `text`.
function(foundry_embed)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;NAMESPACE;FUNCTION;BASE" "FILES")
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  set(stem ${directory}/${arg_FUNCTION})
  list(TRANSFORM arg_FILES PREPEND ${arg_BASE}/ OUTPUT_VARIABLE inputs)
  string(REPLACE ";" "," files "${arg_FILES}")
  add_custom_command(
    OUTPUT ${stem}.cpp ${stem}.hpp
    COMMAND ${CMAKE_COMMAND} -DBASE=${arg_BASE} -DFILES=${files} -DNAMESPACE=${arg_NAMESPACE}
            -DFUNCTION=${arg_FUNCTION} -DSTEM=${stem} -P ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake
    COMMENT "Embedding ${arg_FUNCTION}" VERBATIM)
  # A library of its own: a target of another folder would not know the command above.
  add_library(${arg_FUNCTION} OBJECT ${stem}.cpp ${stem}.hpp)
  target_include_directories(${arg_FUNCTION} PUBLIC ${directory})
  target_sources(${arg_TARGET} PRIVATE $<TARGET_OBJECTS:${arg_FUNCTION}>)
  target_include_directories(${arg_TARGET} PRIVATE ${directory})
  add_dependencies(${arg_TARGET} ${arg_FUNCTION})
endfunction()
